// Indentation of generated text where some stands before the cursor already. Refuses to indent.
import { indentOf, isBlank, opensBlock } from './lines.js';
import type { Place } from './place.js';

/** Blanks that stand before the cursor already, written again; the lines below move along where they were meant to stand below it. */
export function withoutDoubledIndent(text: string, { lineStart, linesBefore }: Place): string {
  const extra = /^[ \t]*/.exec(text)?.[0] ?? '';
  if (extra === '' || lineStart === '' || !isBlank(lineStart)) return text;
  const before = linesBefore.findLast((line) => !isBlank(line)) ?? '';
  if (opensBlock(before) && indentOf(lineStart) <= indentOf(before)) return text;
  const [first, ...below] = text.slice(extra.length).split('\n');
  const meant = indentOf(lineStart + extra);
  const indents = below.filter((line) => !isBlank(line)).map(indentOf);
  const moves = indents.every((indent) => indent >= meant) && !(opensBlock(first) && indents[0] === meant);
  return [first, ...(moves ? below.map((line) => (line.startsWith(extra) ? line.slice(extra.length) : line)) : below)].join('\n');
}
