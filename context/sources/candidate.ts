// What a source of context looks at and what it offers: pieces of one file, and why. Refuses to weigh one piece against another: that is rank.ts.
import type { SourceName } from '../../base/segment.js';
import type { Mentions } from '../mentions.js';
import type { Outline, Span } from '../outline.js';
import type { Piece } from '../segments.js';
import type { Snapshot } from '../snapshot.js';

/** Where context is wanted. */
export interface Place {
  readonly snapshot: Snapshot;
  /** Absolute, as the snapshot knows it. */
  readonly path: string;
  readonly text: string;
  /** Undefined where the language is not parsed. */
  readonly outline: Outline | undefined;
  /** The cursor, in UTF-16 code units. */
  readonly offset: number;
  /** Window and suffix: what of the file the prompt shows. */
  readonly shown: Span;
  readonly mentions: Mentions;
  /** A source that looks through many files takes only what is known of them by now. */
  readonly knownOnly: boolean;
  /** Called between files: lets others run. */
  readonly pause: () => Promise<void>;
  /** Digests of passages that an earlier plan had read together with others. */
  readonly readBefore: ReadonlySet<string>;
}

/** One file's offer. */
export interface Candidate {
  readonly source: SourceName;
  /** Absolute. */
  readonly path: string;
  readonly reason: string;
  /** In file order. */
  readonly pieces: readonly Piece[];
  /** Candidate share of a piece that nothing asks for, 0 to 1. */
  readonly share: number;
  /** Signatures that stand for the pieces that find no room. */
  readonly outline?: readonly Piece[];
  /** Only worth having together with what it was read with. */
  readonly isSpare?: boolean;
  /** Names that the current file asked this one for. */
  readonly names?: readonly string[];
  /** What the current file calls what it takes from this one. */
  readonly locals?: readonly string[];
  /** Names declared here that what is asked for mentions or inherits, each with what mentions it. */
  readonly behind?: ReadonlyMap<string, string>;
  /** Names that mean something else in the current file, so that a mention there asks for none declared here. */
  readonly foreign?: ReadonlySet<string>;
}

export type Source = (place: Place) => Promise<Candidate[]>;
