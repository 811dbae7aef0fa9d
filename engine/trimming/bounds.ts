// What stays of text that a bound on tokens or time cut off. Refuses to know the bound.
import { withoutDoubledIndent } from './indent.js';
import { indentOf, isBlank, isWord, linesOf, normal, opensBlock } from './lines.js';
import { bracketsIn, depthAt } from './nesting.js';
import type { Place } from './place.js';

/** `raw` up to its last complete piece, where a bound cut it off and `next` is what the model would have written next: to a whole word, or of a block to a whole line. */
export function wholePart(raw: string, next: string, place: Place): string {
  const words = isWord(Array.from(next)[0]) ? raw.replace(/[\p{L}\p{N}\p{M}_$]+$/u, '') : raw;
  return place.stop === 'block' ? (wholeLines(normal(raw), normal(next), place) ?? words) : words;
}

/** A line is complete that opens nothing and that no deeper one follows; a first line that is not stands for itself. Undefined where no line ended yet. */
function wholeLines(raw: string, next: string, place: Place): string | undefined {
  const text = withoutDoubledIndent(raw + next, place);
  const { depths } = bracketsIn(text, place);
  const lines = linesOf(text, place).filter(({ line }) => !isBlank(line));
  const ended = lines.filter(({ end }) => end <= text.length - next.length && end < text.length && !isBlank(text.slice(0, end)));
  const complete = ended.findLast(({ line, end }) => {
    const below = lines.find(({ start }) => start > end);
    return depthAt(depths, end) <= place.left.length && (below ? indentOf(below.line) <= indentOf(line) : !opensBlock(line));
  });
  const last = complete ?? ended[0];
  return last && text.slice(0, last.end);
}
