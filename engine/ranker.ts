// Ranks rows by the attention that queries would pay to them: typical queries for a segment on its own, the cursor's for candidates.
// Refuses to read the store.
import { experiment } from './experiment.js';
import { rankingGraph } from './graph/ranking.js';
import type { ModelShape } from './graph/shape.js';
import type { Rotation, WindowRows } from './rows.js';
import { floats, integers, Session, type SessionOptions } from './session.js';

/** Queries of one KV head in each layer, rotated and scaled: [layers * KV][M, hd], M = (query heads a KV head) x tokens. */
export interface RankingQueries {
  readonly perHead: readonly Float32Array[];
  readonly count: number;
}

const NO_MASS = -1e30;
/** Where typical queries stand beyond a segment's end, in tokens: spread evenly over this range. */
const TYPICAL_DISTANCE_MIN = 60;
const TYPICAL_DISTANCE_MAX = 3500;

export class Ranker {
  private constructor(
    private readonly shape: ModelShape,
    private readonly rotation: Rotation,
    private readonly session: Session,
  ) {}

  static async open(shape: ModelShape, rotation: Rotation, options: SessionOptions): Promise<Ranker> {
    return new Ranker(shape, rotation, await Session.open(rankingGraph(shape).encode('ranking'), options));
  }

  get heads(): number {
    return this.shape.layers * this.shape.kvHeads;
  }

  /** `queries` [layers, count, H*hd] before rotation, standing at `positions` [count]. */
  prepare(queries: Float32Array, positions: readonly number[]): RankingQueries {
    const { layers, kvHeads, heads, headDim } = this.shape;
    const group = heads / kvHeads;
    const half = headDim / 2;
    const count = positions.length;
    const scale = 1 / Math.sqrt(headDim);
    const angles = new Float32Array(headDim);
    const perHead = Array.from({ length: layers * kvHeads }, () => new Float32Array(group * count * headDim));
    positions.forEach((position, n) => {
      this.rotation.angles(position, angles);
      for (let l = 0; l < layers; l++) {
        for (let head = 0; head < heads; head++) {
          const out = perHead[l * kvHeads + Math.floor(head / group)];
          const to = ((head % group) * count + n) * headDim;
          const from = ((l * count + n) * heads + head) * headDim;
          for (let i = 0; i < half; i++) {
            const x = queries[from + i] * scale;
            const y = queries[from + half + i] * scale;
            out[to + i] = x * angles[i] - y * angles[half + i];
            out[to + half + i] = y * angles[i] + x * angles[half + i];
          }
        }
      }
    });
    return { perHead, count: group * count };
  }

  /** Typical queries [layers, count, H*hd], spread beyond the end of a segment. */
  prepareTypical(queries: Float32Array, end: number): RankingQueries {
    const count = queries.length / (this.shape.layers * this.shape.heads * this.shape.headDim);
    const span = TYPICAL_DISTANCE_MAX - TYPICAL_DISTANCE_MIN;
    // A step that shares no factor with the count spreads neighbouring queries (of one prompt) over the whole range.
    const positions = Array.from({ length: count }, (_, i) => end + TYPICAL_DISTANCE_MIN + Math.round((((i * 7919) % count) / count) * span));
    return this.prepare(queries, positions);
  }

  /** Attention mass of already rotated rows (sink, window) under the queries of one head: [M]. */
  massOf(rows: Float32Array, queries: Float32Array): Float32Array {
    const { headDim } = this.shape;
    const rowCount = rows.length / headDim;
    const mass = new Float32Array(queries.length / headDim).fill(NO_MASS);
    for (let m = 0; m < mass.length; m++) {
      let largest = -Infinity;
      const scores = new Float64Array(rowCount);
      for (let r = 0; r < rowCount; r++) {
        let score = 0;
        for (let i = 0; i < headDim; i++) score += queries[m * headDim + i] * rows[r * headDim + i];
        scores[r] = score;
        if (score > largest) largest = score;
      }
      let sum = 0;
      for (const score of scores) sum += Math.exp(score - largest);
      if (rowCount > 0) mass[m] = largest + Math.log(sum);
    }
    return mass;
  }

  /** [heads][M] for `window`'s first rows, e.g. the sink's. */
  massOfWindow(window: WindowRows, queries: RankingQueries): Float32Array[] {
    const { kvHeads } = this.shape;
    return queries.perHead.map((q, b) => this.massOf(window.keysOf(Math.floor(b / kvHeads), b % kvHeads), q));
  }

  /**
   * Heads `first..first+count` of `keys` [count, N, hd] before rotation at `positions` [count, N].
   * `others` [heads][M]: mass of the rows that are not here; `own` as in rankingGraph. mass [count, M]; weight [count, N].
   */
  async score(
    queries: RankingQueries,
    heads: { first: number; count: number },
    keys: Float32Array,
    positions: readonly number[] | Uint16Array,
    others: readonly Float32Array[] | undefined,
    own: 0 | 1,
  ): Promise<{ mass: Float32Array; weight: Float32Array }> {
    const { headDim } = this.shape;
    const rows = positions.length / heads.count;
    const gather = (parts: readonly Float32Array[], size: number): Float32Array => {
      const out = new Float32Array(heads.count * size);
      for (let b = 0; b < heads.count; b++) out.set(parts[heads.first + b], b * size);
      return out;
    };
    const outputs = await this.session.run(
      {
        keys: floats(keys, [heads.count, rows, headDim]),
        positions: integers(Array.from(positions), [heads.count, rows]),
        queries: floats(gather(queries.perHead, queries.count * headDim), [heads.count, queries.count, headDim]),
        others: floats(others ? gather(others, queries.count) : new Float32Array(heads.count * queries.count).fill(NO_MASS), [heads.count, queries.count, 1]),
        own: floats(Float32Array.of(own), [1]),
      },
      ['mass', own === 0 && experiment.mean ? 'mean' : 'weight'],
    );
    return { mass: outputs.mass, weight: outputs.weight ?? outputs.mean };
  }

  async close(): Promise<void> {
    await this.session.close();
  }
}

/** log(exp(a) + exp(b)), elementwise into `a`. */
export function addMass(a: Float32Array, b: Float32Array): void {
  for (let i = 0; i < a.length; i++) {
    const larger = Math.max(a[i], b[i]);
    a[i] = larger + Math.log(Math.exp(a[i] - larger) + Math.exp(b[i] - larger));
  }
}
