// Where generated text ends, so that it fits between what stands before and after the cursor: pure rules over strings, in the order in which they apply.
// Refuses to invent: the result is the model's text with pieces left out (and the file's own line ends).
import { afterBlock, closingQuote, loop, nextLine, notText, repeatedLine, repeatedRest, strayCloser } from './trimming/ends.js';
import { withoutDoubledIndent } from './trimming/indent.js';
import { isBlank, normal } from './trimming/lines.js';
import type { Place } from './trimming/place.js';
import { closerNotReopened, copiedLine, halfSpecialText, overlap } from './trimming/tails.js';

/** Named for what it cuts away; gives where that begins, or undefined where the text so far has none. */
type Rule = (text: string, place: Place) => number | undefined;

/** Each sees what the ones above it left. */
const ends: readonly Rule[] = [
  notText, // what stands behind it means nothing
  nextLine, // brackets, quotes and copies are looked for in the line alone
  closingQuote, // a bracket behind it would be outside of the string
  strayCloser, // from here on each closing bracket is the text's to write
  afterBlock,
  repeatedRest,
  repeatedLine,
  loop,
];

/** The same, once nothing more is to come. */
const tails: readonly Rule[] = [
  halfSpecialText,
  closerNotReopened, // whether a brace is opened again shows at the line's end
  overlap,
  copiedLine, // a last line may be a copy only without what the rest of the line has
];

/** `raw`, whole characters as the model wrote them, as it may be shown. `ended`: nothing that the model writes next can be part of it. */
export function trim(raw: string, place: Place): { text: string; ended: boolean } {
  const cut = (rules: readonly Rule[], from: string) => rules.reduce((text, rule) => text.slice(0, rule(text, place)), from);
  const whole = withoutDoubledIndent(normal(raw), place);
  const ended = cut(ends, whole);
  let text = cut(tails, ended);
  if (isBlank(place.lineRest)) text = text.trimEnd();
  if (isBlank(text)) text = '';
  return { text: text.replaceAll('\n', place.newline), ended: ended.length < whole.length };
}
