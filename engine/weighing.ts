// Weighs stored rows under queries: streams a candidate's blocks, a few heads at a time, through the ranker.
// Refuses to say which rows are taken.
import { BLOCK_RANKS, type AnchorBlock } from './anchors.js';
import type { Candidate, Load } from './choose.js';
import { addMass, type Ranker, type RankingQueries } from './ranker.js';

/** Keys of heads `first..first+count` of a block, fp32 before rotation: [count, ranks, hd]. */
export type Dequantise = (block: AnchorBlock, first: number, count: number) => Float32Array;

/** So many heads' keys are held in fp32 at a time. */
const HEADS_WEIGHED = 12;
/** What is held while rows are weighed, in rows of `heads` heads: a block, and some heads' keys, an fp32 key being four bytes of a row's two. */
export const rowsHeldWeighing = (heads: number): number => BLOCK_RANKS * (1 + (2 * Math.min(HEADS_WEIGHED, heads)) / heads);

/** What the ranker says of some heads of a block: mass [count, M], weight [count, ranks]. */
interface Scored {
  readonly mass: Float32Array;
  readonly weight: Float32Array;
  readonly heads: { readonly first: number; readonly count: number };
  /** The block's first rank. */
  readonly first: number;
  readonly ranks: number;
}

export class Weighing {
  constructor(
    readonly ranker: Ranker,
    private readonly load: Load,
    private readonly dequantise: Dequantise,
  ) {}

  /** Adds what `queries` pay to a candidate's rows to `total` [heads][M], as attention mass. False when the store lost a block. */
  addMass(candidate: Candidate, queries: RankingQueries, total: readonly Float32Array[]): Promise<boolean> {
    return this.score(candidate, queries, undefined, ({ mass, heads }) => {
      for (let b = 0; b < heads.count; b++) addMass(total[heads.first + b], mass.subarray(b * queries.count, (b + 1) * queries.count));
    });
  }

  /** For each rank that the candidate admits, the largest share of its attention that any query pays: [heads][ranksMax]. `total`: the mass of all that is attended to. Undefined when the store lost a block. */
  async weights(candidate: Candidate, queries: RankingQueries, total: readonly Float32Array[]): Promise<Float32Array[] | undefined> {
    const weights = Array.from({ length: this.ranker.heads }, () => new Float32Array(candidate.ranksMax));
    const isWhole = await this.score(candidate, queries, total, ({ weight, heads, first, ranks }) => {
      // Blocks are loaded whole: what the share does not admit is left.
      const usable = Math.min(ranks, candidate.ranksMax - first);
      for (let b = 0; b < heads.count; b++) weights[heads.first + b].set(weight.subarray(b * ranks, b * ranks + usable), first);
    });
    return isWhole ? weights : undefined;
  }

  private async score(candidate: Candidate, queries: RankingQueries, others: readonly Float32Array[] | undefined, use: (scored: Scored) => void): Promise<boolean> {
    let first = 0;
    for (const block of this.load(candidate, candidate.ranksMax)) {
      if (!block) return false;
      for (let head = 0; head < this.ranker.heads; head += HEADS_WEIGHED) {
        const heads = { first: head, count: Math.min(HEADS_WEIGHED, this.ranker.heads - head) };
        const scores = await this.ranker.score(queries, heads, this.dequantise(block, heads.first, heads.count), placesOf(block, heads, candidate.place), others, 0);
        use({ ...scores, heads, first, ranks: block.ranks });
      }
      first += block.ranks;
    }
    return true;
  }
}

/** Composed positions of a block's rows, [count, ranks]. */
function placesOf(block: AnchorBlock, heads: { readonly first: number; readonly count: number }, place: number): number[] {
  const from = heads.first * block.ranks;
  return Array.from(block.positions.subarray(from, from + heads.count * block.ranks), (position) => place + position);
}
