// What stays of text that a bound on tokens or time cut off. Refuses to know the bound.
import { withoutDoubledIndent } from './indent.js';
import { indentOf, isBlank, isWord, linesOf, normal, opensBlock } from './lines.js';
import { bracketsIn, depthAt } from './nesting.js';
import type { Place } from './place.js';

/** `raw` up to its last complete piece, where a bound cut it off and `next` is what the model would have written next: to a whole word, or of a block to a whole line. */
export function wholePart(raw: string, next: string, place: Place): string {
  const words = isWord(Array.from(next)[0]) ? raw.replace(/[\p{L}\p{N}\p{M}_$]+$/u, '') : raw;
  return place.stop === 'block' ? (wholeLines(raw, next, place) ?? words) : words;
}

/** Up to the last complete line, one outside of the text's own brackets before any other; undefined where there is none. A complete line opens nothing, and no deeper one follows. */
function wholeLines(raw: string, next: string, place: Place): string | undefined {
  const text = withoutDoubledIndent(normal(raw + next), place);
  const ended = normal(raw).split('\n').length - (/^[\r\n]/.test(next) ? 0 : 1);
  const { depths } = bracketsIn(text, place);
  const lines = linesOf(text, place).filter(({ line }) => !isBlank(line));
  const complete = lines.filter(({ line, end, number }) => {
    const below = lines.find(({ start }) => start > end);
    return number < ended && !isBlank(text.slice(0, end)) && !opensBlock(line) && (!below || indentOf(below.line) <= indentOf(line));
  });
  const last = complete.findLast(({ end }) => depthAt(depths, end) <= place.left.length) ?? complete.at(-1);
  return last && text.slice(0, last.end);
}
