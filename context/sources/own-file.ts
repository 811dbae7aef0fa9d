// What of the current file the prompt does not show: declarations outside window and suffix, never the one that holds the cursor.
// Refuses the import block: it leads the prompt.
import type { Span } from '../outline.js';
import { piecesOf, type SegmentForm } from '../segments.js';
import type { Snapshot } from '../snapshot.js';
import { importBlockEnd } from '../units.js';
import type { Candidate } from './candidate.js';

/** `shown`: window and suffix. No candidate for a file that has no outline, or whose name says it holds secrets. */
export function ownFileCandidates(snapshot: Snapshot, path: string, cursor: number, shown: Span, form: SegmentForm): Candidate[] {
  const text = snapshot.read(path);
  const outline = snapshot.outline(path);
  if (text === undefined || !outline) return [];
  const imports: Span = { start: 0, end: importBlockEnd(text, outline) };
  const pieces = piecesOf(snapshot.nameOf(path), text, outline, form, { spans: [imports, shown], cursor }).filter((p) => /\S/.test(p.segment.text));
  return pieces.length === 0 ? [] : [{ source: 'own-file', path, reason: 'elsewhere in this file', pieces, names: [], locals: [] }];
}
