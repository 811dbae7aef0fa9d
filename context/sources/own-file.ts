// What of the current file the prompt does not show: declarations outside window and suffix, never the one that holds the cursor.
// Refuses the import block: it leads the prompt.
import type { Span } from '../outline.js';
import { piecesOf } from '../segments.js';
import { importBlockEnd } from '../units.js';
import type { Candidate, Place } from './candidate.js';

/** No candidate for a file that has no outline: what holds the cursor cannot be told there. */
export function ownFileCandidates({ snapshot, path, text, outline, offset, shown }: Place): Promise<Candidate[]> {
  if (!outline) return Promise.resolve([]);
  const imports: Span = { start: 0, end: importBlockEnd(text, outline) };
  const pieces = piecesOf(snapshot.nameOf(path), text, outline, 'declaration', { spans: [imports, shown], cursor: offset }).filter((p) => /\S/.test(p.segment.text));
  if (pieces.length === 0) return Promise.resolve([]);
  return Promise.resolve([{ source: 'own-file', path, reason: 'elsewhere in this file', pieces, share: 1 }]);
}
