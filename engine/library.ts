// Segments as stored anchors: looks them up by recipe, reads what is missing, hands out blocks. Refuses to compose.
import type { Segment } from '../base/segment.js';
import { decodeBlock, encodeBlock, encodeMeta, metaMatches, recipeOf, rowsKept, segmentKey, BLOCK_RANKS, type AnchorBlock, type SegmentReader } from './anchors.js';
import type { Candidate, Load } from './choose.js';
import type { Model } from './model.js';
import type { PromptForm } from './prompt.js';
import type { SegmentStore } from './store/store.js';

export type Turn = <T>(run: (chunkMax: number) => Promise<T>) => Promise<T>;

export class Library {
  private readonly recipes = new Map<number, string>();

  constructor(
    private readonly model: Model,
    private readonly form: PromptForm,
    private readonly reader: SegmentReader,
    readonly store: SegmentStore,
  ) {}

  tokensOf(segment: Pick<Segment, 'path' | 'text'>): number[] {
    return this.form.segment(segment);
  }

  keyOf(tokens: readonly number[], storedShare: number): string {
    let recipe = this.recipes.get(storedShare);
    if (recipe === undefined) this.recipes.set(storedShare, (recipe = recipeOf(this.model, storedShare)));
    return segmentKey(recipe, tokens);
  }

  /** Whether the store has these tokens under this key. */
  holds(key: string): boolean {
    return this.store.has(key);
  }

  /** Reads a segment and stores it; 'full' when the store's bound leaves no room. */
  async read(key: string, tokens: readonly number[], storedShare: number, turn: Turn): Promise<'stored' | 'full'> {
    const blocks = await this.reader.read(tokens, storedShare, turn);
    return this.store.put({ key, meta: encodeMeta(tokens), blocks: blocks.map(encodeBlock) });
  }

  /** Blocks that hold at least the first `ranks` ranks; undefined where the store lost the entry or its tokens are others. */
  readonly load: Load = (candidate: Candidate, ranks: number): AnchorBlock[] | undefined => {
    const entry = this.store.get(candidate.key, Math.ceil(ranks / BLOCK_RANKS));
    if (!entry || !metaMatches(entry.meta, candidate.tokens)) return undefined;
    const blocks = entry.blocks.map((block) => decodeBlock(block, this.model.manifest.shape));
    return blocks.every((block) => block !== undefined) ? blocks : undefined;
  };

  /** What an entry of `tokens` tokens takes in the store, without its record's header. */
  bytesStored(tokens: number, storedShare: number): number {
    const { layers, kvHeads, headDim } = this.model.manifest.shape;
    return 4 * tokens + rowsKept(tokens, storedShare) * layers * kvHeads * (2 * headDim + 6);
  }
}
