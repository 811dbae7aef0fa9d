// Segments as stored anchors: looks them up by recipe, reads what is missing, hands out blocks. Refuses to compose.
import type { Segment } from '../base/segment.js';
import { blockBytes, decodeBlock, encodeBlock, encodeMeta, metaMatches, recipeOf, rowsKept, segmentKey, BLOCK_RANKS, type AnchorBlock, type SegmentReader } from './anchors.js';
import type { Candidate } from './choose.js';
import type { Model } from './model.js';
import type { PromptForm } from './prompt.js';
import type { SegmentStore } from './store/store.js';
import type { ReadReport } from './types.js';

export type Turn = <T>(run: (chunkMax: number) => Promise<T>) => Promise<T>;

export class Library {
  private readonly recipes = new Map<number, string>();

  constructor(
    private readonly model: Model,
    private readonly form: PromptForm,
    private readonly reader: SegmentReader,
    private readonly calibrationDigest: string,
    readonly store: SegmentStore,
  ) {}

  /** Of segments that are read together. */
  tokensOf(segments: readonly Segment[]): number[] {
    return segments.flatMap((segment) => this.form.segment(segment));
  }

  keyOf(tokens: readonly number[], storedShare: number): string {
    let recipe = this.recipes.get(storedShare);
    if (recipe === undefined) this.recipes.set(storedShare, (recipe = recipeOf(this.model, this.calibrationDigest, this.form.lead, storedShare)));
    return segmentKey(recipe, tokens);
  }

  /** Whether the store has these tokens under this key. */
  holds(key: string): boolean {
    return this.store.has(key);
  }

  /** Reads a segment and stores it; 'full', and nothing is read, when the store's bound leaves no room beside `needed`, which are not evicted for it. */
  async read(key: string, tokens: readonly number[], storedShare: number, needed: ReadonlySet<string>, turn: Turn): Promise<'stored' | 'full'> {
    if (!this.store.hasRoom(this.piecesStored(tokens.length, storedShare), needed)) return 'full';
    const blocks = await this.reader.read(tokens, storedShare, turn);
    return this.store.put({ key, meta: encodeMeta(tokens), blocks: blocks.map(encodeBlock) }, needed);
  }

  /** Reads what is missing of `together`, lists of segments that are read as one, and says what was there, what was read, and what found no room beside `needed`, to which their own keys are added. */
  async readAll(together: readonly (readonly Segment[])[], storedShare: number, needed: Set<string>, turn: Turn, onProgress: (done: number, total: number) => void): Promise<Omit<ReadReport, 'seconds'>> {
    const units = together.map((segments) => {
      const tokens = this.tokensOf(segments);
      return { tokens, key: this.keyOf(tokens, storedShare) };
    });
    for (const { key } of units) needed.add(key);
    const total = units.reduce((sum, { tokens }) => sum + tokens.length, 0);
    const report = { segments: together.length, segmentsEncoded: 0, segmentsReused: 0, segmentsLeftOut: 0, tokens: total, tokensEncoded: 0, rowsStored: 0, storeBytes: 0 };
    let done = 0;
    for (const { key, tokens } of units) {
      const kept = this.holds(key) ? 'reused' : await this.read(key, tokens, storedShare, needed, turn);
      if (kept === 'reused') report.segmentsReused++;
      else if (kept === 'full') report.segmentsLeftOut++;
      else {
        report.segmentsEncoded++;
        report.tokensEncoded += tokens.length;
      }
      if (kept !== 'full') {
        report.rowsStored += rowsKept(tokens.length, storedShare);
        report.storeBytes += this.bytesStored(tokens.length, storedShare);
      }
      onProgress((done += tokens.length), total);
    }
    this.store.flush(needed);
    return report;
  }

  /** The blocks of a candidate's first `ranks` ranks, one held at a time; undefined, and no more, where the store lost the entry or its tokens are others. */
  *load(candidate: Candidate, ranks: number): Generator<AnchorBlock | undefined> {
    for (let index = 0; index * BLOCK_RANKS < ranks; index++) {
      const entry = this.store.get(candidate.key, 1, index);
      const block = entry?.blocks[0] && metaMatches(entry.meta, candidate.tokens) ? decodeBlock(entry.blocks[0], this.model.manifest.shape) : undefined;
      yield block;
      if (!block) return;
    }
  }

  /** What an entry of `tokens` tokens takes in the store, without its record's header. */
  bytesStored(tokens: number, storedShare: number): number {
    return this.piecesStored(tokens, storedShare).reduce((sum, bytes) => sum + bytes, 0);
  }

  /** How long its meta and its blocks are. */
  private piecesStored(tokens: number, storedShare: number): number[] {
    const kept = rowsKept(tokens, storedShare);
    const blocks = Array.from({ length: Math.ceil(kept / BLOCK_RANKS) }, (_, b) => Math.min(BLOCK_RANKS, kept - b * BLOCK_RANKS));
    return [4 * tokens, ...blocks.map((ranks) => blockBytes(this.model.manifest.shape, ranks))];
  }
}
