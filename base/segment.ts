// What crosses between context and engine: segments, the context plan and the local prompt, as plain serialisable values.
// Refuses to know how they are found (context) or read (engine).

/** What a stretch of a segment's text is, for ranking and for the floors that evaluation compares with. */
export type RangeKind = 'header' | 'import' | 'signature' | 'doc' | 'body';

/** Half-open, in UTF-16 code units of the segment's text. */
export interface KindRange {
  readonly start: number;
  readonly end: number;
  readonly kind: RangeKind;
}

/** A piece of repository text that the model reads after the constant lead, on its own or together with others of its group. `path` is relative to the enclosing repository's root (a dependency's: to its package root), with forward slashes. */
export interface Segment {
  readonly path: string;
  /** What is read after the `<|file_sep|>path` line: for a declaration inside a class, its enclosing signature first. */
  readonly text: string;
  readonly ranges: readonly KindRange[];
  /** SHA-256 (hex) of path and text. */
  readonly digest: string;
}

export type SourceName = 'imports' | 'own-file' | 'alike' | 'siblings' | 'configs' | 'apidocs' | 'given';

/** Share of a segment's rows that is stored where nobody asks for another: the candidates that the cursor's own queries choose from. */
export const storedShareDefault = 0.5;

export interface PlannedSegment {
  readonly segment: Segment;
  readonly source: SourceName;
  /** For `kedge explain` and an item's detail: why this segment is in the plan, in a few words. */
  readonly reason: string;
  readonly tokens: number;
  /** Candidate share: how much of the segment's stored order is loaded, 0 to 1. */
  readonly share: number;
  /** Segments of one group stand behind one another and are read as if they were one; a segment without a group is read alone. */
  readonly group?: string;
}

/** The ordered list of segments worth having at a cursor; the last stands nearest the cursor. */
export interface ContextPlan {
  readonly segments: readonly PlannedSegment[];
  /** Sum over segments. */
  readonly tokens: number;
}

/** The plan's segments in order, those of one group together: what the model reads one by one. */
export function readTogether(segments: readonly PlannedSegment[]): PlannedSegment[][] {
  const found: PlannedSegment[][] = [];
  for (const planned of segments) {
    const last = found[found.length - 1];
    if (planned.group !== undefined && last?.[0].group === planned.group) last.push(planned);
    else found.push([planned]);
  }
  return found;
}

/** As the engine is asked to read a plan: what stands nearest the cursor first, since it matters most where time or room runs out. */
export const segmentsToRead = ({ segments }: Pick<ContextPlan, 'segments'>): Segment[][] => readTogether(segments).reverse().map((together) => together.map(({ segment }) => segment));

/** The text near the cursor, all that is ever run through the model at a keystroke. */
export interface LocalPrompt {
  readonly path: string;
  /** The file's import block where the window does not hold it already, else ''. */
  readonly importBlock: string;
  /** From the window's start to the cursor. */
  readonly prefix: string;
  /** From the cursor on, at most the next lines. */
  readonly suffix: string;
  /** From the cursor on, further than the model reads: what a completion has to fit. */
  readonly following: string;
}

/** Counts the model's tokens in each text; asynchronous since the tokenizer lives beside the model. */
export type CountTokens = (texts: readonly string[]) => Promise<readonly number[]>;
