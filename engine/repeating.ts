// KVzip (arXiv 2505.23416, section 3), a floor: rows weighed by what the model attends to while it repeats the text that they were read from.
// Refuses to choose among candidates.
import { ByteLru } from '../base/lru.js';
import type { Candidate } from './choose.js';
import type { Model } from './model.js';
import type { WindowRows } from './rows.js';
import type { Weighing } from './weighing.js';

/** The paper's own words (section 3.2). */
const REQUEST = '\n\nRepeat the previous context:\n';
const CHUNK = 64;
/** Weights of several contexts, so that another share of the same need not be repeated. */
const WEIGHTS_BYTES_MAX = 64e6;

export class Repeating {
  private readonly known = new ByteLru<string, readonly Float32Array[]>(WEIGHTS_BYTES_MAX, (weights) => weights.reduce((sum, { byteLength }) => sum + byteLength, 0));

  constructor(
    private readonly model: Model,
    private readonly weighing: Weighing,
    private readonly sink: WindowRows,
  ) {}

  /**
   * For each of the candidate's ranks the largest weight over all queries of the repetition: [heads][ranksMax]. Of a query's attention
   * counts what it pays to the sink and to the candidate, which stands right behind it. Undefined when the store lost a block.
   */
  async weightsOf(candidate: Candidate): Promise<readonly Float32Array[] | undefined> {
    const known = this.known.get(candidate.key);
    if (known?.[0].length === candidate.ranksMax) return known;
    const placed = { ...candidate, place: this.sink.length };
    const largest = Array.from({ length: this.weighing.ranker.heads }, () => new Float32Array(candidate.ranksMax));
    for await (const queries of this.repetition(candidate.tokens)) {
      const total = this.weighing.ranker.massOfWindow(this.sink, queries);
      const weights = (await this.weighing.addMass(placed, queries, total)) ? await this.weighing.weights(placed, queries, total) : undefined;
      if (!weights) return undefined;
      for (const [b, own] of weights.entries()) own.forEach((weight, rank) => (largest[b][rank] = Math.max(largest[b][rank], weight)));
    }
    this.known.set(candidate.key, largest);
    return largest;
  }

  /** The queries of the request and of the repeated tokens, read behind the tokens themselves; a chunk at a time. */
  private async *repetition(tokens: readonly number[]) {
    const window = this.sink.copy();
    const all = [...tokens, ...this.model.tokenizer.encode(REQUEST), ...tokens];
    for (let done = 0; done < all.length; ) {
      const isRepeating = done >= tokens.length;
      const chunk = all.slice(done, Math.min(done + CHUNK, isRepeating ? all.length : tokens.length));
      const positions = chunk.map((_, i) => this.sink.length + done + i);
      const { rows, queries } = await this.model.forward({ tokens: chunk, positions, context: this.model.noContext, window, queries: isRepeating ? chunk.map((_, i) => i) : [] });
      window.append(rows, positions);
      done += chunk.length;
      if (isRepeating) yield this.weighing.ranker.prepare(queries, positions);
    }
  }
}
