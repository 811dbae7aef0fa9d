// What stays of text that a bound on tokens or time cut off. Refuses to know the bound.
import { withoutDoubledIndent } from './indent.js';
import { indentOf, isBlank, isWord, linesOf, normal, opensBlock, type Line } from './lines.js';
import { bracketsIn, depthAt } from './nesting.js';
import type { Place } from './place.js';

/** `raw`, where a bound cut it off and `next` is what the model would have written next: of a block up to its last complete line; of a line, or where no line of the block is complete, to a whole word. Brackets may stay open. */
export function wholePart(raw: string, next: string, place: Place): string {
  const words = isWord(Array.from(next)[0]) ? raw.replace(/[\p{L}\p{N}\p{M}_$]+$/u, '') : raw;
  return place.stop === 'block' ? (wholeLines(raw, next, place) ?? words) : words;
}

/** Up to the last complete line outside of the text's own brackets, else the last within them; undefined where there is none. Complete is what ended, stands alone and has no deeper line below. */
function wholeLines(raw: string, next: string, place: Place): string | undefined {
  const text = withoutDoubledIndent(normal(raw + next), place);
  const ended = normal(raw).split('\n').length - (/^[\r\n]/.test(next) ? 0 : 1);
  const { depths } = bracketsIn(text, place);
  const lines = linesOf(text, place).filter(({ line }) => !isBlank(line));
  const complete = lines.filter((found) => {
    const { line, end, number } = found;
    const below = lines.find(({ start }) => start > end);
    const hasDeeper = below && indentOf(below.line) > indentOf(line);
    return number < ended && !isBlank(text.slice(0, end)) && !hasDeeper && standsAlone(text, found, place);
  });
  const last = complete.findLast(({ end }) => depthAt(depths, end) <= place.left.length) ?? complete.at(-1);
  return last && text.slice(0, last.end);
}

/** Whether a line needs none below it, as one does that opens something, ends in an operator, only decorates, or is a comment that the text began. */
function standsAlone(text: string, { line, start, end }: Line, { line: { comment }, mark }: Place): boolean {
  const written = text.slice(start, end);
  const decorates = /^\s*@[\w.]+(?:\(.*\))?\s*$/.test(written);
  const comments = comment === '' && (mark === '#' ? /^\s*#/ : /^\s*(?:\/[/*]|\*(?:[\s/]|$)|#\W)/).test(written);
  return !opensBlock(line) && !endsInOperator(line) && !decorates && !comments;
}

/** An operator stands apart from a word before it, unlike `a++`; what ends a comment or a tag is none. */
const endsInOperator = (line: string): boolean => /(?:^|\s)(?:[-+*/%&|^<>=?:!~\\]+|and|or)\s*$/.test(line) && !/(?:\*\/|\/>|\bimport \*)\s*$/.test(line);
