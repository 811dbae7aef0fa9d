// The one place that lays texts out as token ids: sink, segments, and the fill-in-the-middle prompt around the cursor.
// Refuses to run a model.
import type { LocalPrompt, Segment } from '../base/segment.js';
import type { Manifest } from './graph/manifest.js';
import type { FillInTheMiddle } from './graph/marks.js';
import type { Tokenizer } from './tokenizer.js';

/** The constant name in the sink: never the repository's own, so that every segment everywhere sees the same one. */
const SINK_NAME = 'repository';
/** Ordinary code, of no repository. */
const LEAD = {
  path: 'lib/text.ts',
  text: `// Words of a text and how often each occurs.
const words = (text: string): string[] => text.toLowerCase().match(/[a-z]+/g) ?? [];

export function countWords(text: string): Map<string, number> {
  const counts = new Map<string, number>();
`,
};

export class PromptForm {
  /** Read once per model; every segment sees it and every composition opens with it. */
  readonly sink: readonly number[];
  /** The sink and what else is read before a segment without being composed: a segment that opened the text would have its first tokens act as sinks. */
  readonly lead: readonly number[];

  private readonly fim: FillInTheMiddle | null;

  constructor(
    private readonly tokenizer: Tokenizer,
    { fim, opening }: Pick<Manifest, 'fim' | 'opening'>,
  ) {
    this.fim = fim;
    const name = fim?.repoName === undefined ? tokenizer.encode(`# ${SINK_NAME}\n`) : [fim.repoName, ...tokenizer.encode(`${SINK_NAME}\n`)];
    this.sink = opening === undefined ? name : [opening, ...name];
    this.lead = [...this.sink, ...this.segment(LEAD)];
  }

  /** A file separator and path, then the segment's text. */
  segment(segment: Pick<Segment, 'path' | 'text'>): number[] {
    return [...this.fileHead(segment.path), ...this.tokenizer.encode(segment.text)];
  }

  fileHead(path: string): number[] {
    const separator = this.fim?.fileSeparator;
    return separator === undefined ? this.tokenizer.encode(`# ${path}\n`) : [separator, ...this.tokenizer.encode(`${path}\n`)];
  }

  /** What stands before the prefix; the import block and the prefix are tokenised apart, so that typing never changes what was read. */
  beforePrefix(prompt: Pick<LocalPrompt, 'path' | 'importBlock'>): number[] {
    const opening = this.fim ? [this.fim.prefix] : [];
    return [...this.fileHead(prompt.path), ...opening, ...this.tokenizer.encode(prompt.importBlock)];
  }

  /** What follows the prefix: nothing where the model cannot fill the middle. */
  afterPrefix(prompt: Pick<LocalPrompt, 'suffix'>): number[] {
    return this.fim ? [this.fim.suffix, ...this.tokenizer.encode(prompt.suffix), this.fim.middle] : [];
  }
}
