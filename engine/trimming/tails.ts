// What the end of generated text must not be, once nothing more is to come: a rule each. Refuses to know their order (../trim.ts).
import { isCopy, mayReopen, specialTexts } from './ends.js';
import { isBlank, isWord, linesOf } from './lines.js';
import { bracketsIn, isSeparable } from './nesting.js';
import type { Place } from './place.js';

/** From so many characters on, a last line cut short counts as a copy of the line that follows. */
const copyCharsMin = 4;
/** So much of a special token's text is no longer code by chance. */
const specialTextBegunMin = 4;

/** Half a special token's text. */
export function halfSpecialText(text: string): number | undefined {
  const at = text.lastIndexOf('<');
  const isBegun = at >= 0 && text.length - at >= specialTextBegunMin && specialTexts.some((special) => special.startsWith(text.slice(at)));
  return isBegun ? at : undefined;
}

/** The closer that such a line begins with, where it does not. */
export function closerNotReopened(text: string, place: Place): number | undefined {
  if (!mayReopen(text, place)) return undefined;
  const { open } = bracketsIn(text, place, place.open);
  return place.open.every(({ closer }, i) => open[i] === closer) ? undefined : bracketsIn(text, place).end;
}

/** The text's end, where the rest of the line begins with it; as often as that is so. */
export function overlap(text: string, place: Place): number | undefined {
  if (isBlank(place.lineRest)) return undefined;
  for (const rest of [place.lineRest, place.lineRest.trim()]) {
    for (let length = Math.min(rest.length, text.length); length > 0; length--) {
      const inWord = isWord(rest[length - 1]) && isWord(rest[length]);
      const at = text.length - length;
      if (inWord || !text.endsWith(rest.slice(0, length)) || !isSeparable(text, at, place)) continue;
      return overlap(text.slice(0, at), place) ?? at;
    }
  }
  return undefined;
}

/** A last line that copies the next line after the cursor, or its beginning. */
export function copiedLine(text: string, place: Place): number | undefined {
  const last = linesOf(text, place).at(-1);
  if (!last) return undefined;
  const isBegun = last.number > 0 && last.line.trim().length >= copyCharsMin && place.lineAfter.startsWith(last.line.trimEnd());
  return isBegun || isCopy(text, last, place) ? last.start : undefined;
}
