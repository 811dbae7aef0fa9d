// What a source of context offers: pieces of one file and why. Refuses to weigh sources against one another: that is the plan's.
import type { SourceName } from '../../base/segment.js';
import type { Piece } from '../segments.js';

export interface Candidate {
  readonly source: SourceName;
  readonly path: string;
  readonly reason: string;
  /** In file order. */
  readonly pieces: readonly Piece[];
  /** Names that the current file asked this one for. */
  readonly names: readonly string[];
  /** What the current file calls what it takes from this one. */
  readonly locals: readonly string[];
}
