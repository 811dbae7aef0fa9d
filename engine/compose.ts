// Composition: chosen rows laid behind one another, their keys rotated to their places and kept in int8.
// Refuses to choose rows and to run the model.
import { assert } from '../base/assert.js';
import { BLOCK_RANKS, unpackScale, type AnchorBlock } from './anchors.js';
import type { Candidate, Choice, Load } from './choose.js';
import type { Calibration } from './graph/calibrate.js';
import type { ModelShape } from './graph/shape.js';
import { ContextRows, type Rotation } from './rows.js';

export interface Composition {
  readonly rows: ContextRows;
  /** Mean rows over heads, for each candidate. */
  readonly rowsPerCandidate: readonly number[];
}

/** Besides what is composed, one block is held at a time. */
export const ROWS_HELD_COMPOSING = BLOCK_RANKS;

export class Composer {
  readonly heads: number;
  /** One key at a time, between being read and being laid. */
  private readonly row: Float32Array;

  constructor(
    readonly shape: ModelShape,
    private readonly rotation: Rotation,
    private readonly calibration: Calibration,
  ) {
    this.heads = shape.layers * shape.kvHeads;
    this.row = new Float32Array(shape.headDim);
  }

  /** Rows in `reuse` are overwritten when they are as many. Undefined when the store lost a candidate. */
  compose(candidates: readonly Candidate[], choice: Choice, load: Load, reuse?: ContextRows): Composition | undefined {
    const counts = choice.map((taken) => (typeof taken === 'number' ? Array.from<number>({ length: this.heads }).fill(taken) : taken.map((ranks) => ranks.length)));
    const total = counts.reduce((sum, perHead) => sum + perHead[0], 0);
    if (total === 0) return { rows: ContextRows.none(this.shape), rowsPerCandidate: candidates.map(() => 0) };
    const rows = reuse?.rows === total && !reuse.isNone ? reuse : new ContextRows(this.shape, total);
    const next = new Uint32Array(this.heads);
    for (const [s, candidate] of candidates.entries()) {
      const taken = choice[s];
      const ranksNeeded = typeof taken === 'number' ? taken : Math.max(...taken.map((ranks) => (ranks.length === 0 ? 0 : ranks[ranks.length - 1] + 1)));
      if (ranksNeeded === 0) continue;
      const laid = new Uint32Array(this.heads);
      let first = 0;
      for (const block of load(candidate, ranksNeeded)) {
        if (!block) return undefined;
        this.lay(block, first, taken, laid, candidate.place, rows, next);
        first += block.ranks;
      }
    }
    assert(next.every((count) => count === total), 'every head composes equally many rows');
    return { rows, rowsPerCandidate: counts.map((perHead) => perHead.reduce((sum, count) => sum + count, 0) / this.heads) };
  }

  /** Keys of heads `first..first+count` of a block in fp32 before rotation, bias added: [count, ranks, hd]. */
  dequantiseKeys(block: AnchorBlock, first: number, count: number): Float32Array {
    const { headDim } = this.shape;
    const keys = new Float32Array(count * block.ranks * headDim);
    for (let b = 0; b < count; b++) {
      for (let r = 0; r < block.ranks; r++) this.key(block, first + b, r, keys, (b * block.ranks + r) * headDim);
    }
    return keys;
  }

  /** Lays what each head takes of a block whose first rank is `first`; `laid` [heads]: how many of `taken` were laid before. */
  private lay(block: AnchorBlock, first: number, taken: number | readonly Uint32Array[], laid: Uint32Array, place: number, rows: ContextRows, next: Uint32Array): void {
    for (let b = 0; b < this.heads; b++) {
      const count = typeof taken === 'number' ? taken : taken[b].length;
      for (; laid[b] < count; laid[b]++) {
        const rank = typeof taken === 'number' ? laid[b] : taken[b][laid[b]];
        if (rank >= first + block.ranks) break;
        this.layRow(block, b, rank - first, place, rows, next[b]++);
      }
    }
  }

  private key(block: AnchorBlock, b: number, r: number, out: Float32Array, at: number): void {
    const { kvHeads, headDim } = this.shape;
    const layer = Math.floor(b / kvHeads);
    const channel = (b % kvHeads) * headDim;
    const bias = this.calibration.keyBias[layer];
    const scales = this.calibration.storedChannelScales[layer];
    const scale = unpackScale(block.keyScales[b * block.ranks + r]);
    const from = (b * block.ranks + r) * headDim;
    for (let i = 0; i < headDim; i++) out[at + i] = block.keys[from + i] * scale * scales[channel + i] + bias[channel + i];
  }

  private layRow(block: AnchorBlock, b: number, r: number, place: number, rows: ContextRows, to: number): void {
    const { headDim, kvHeads } = this.shape;
    const layer = Math.floor(b / kvHeads);
    const head = b % kvHeads;
    const half = headDim / 2;
    const count = rows.rows;
    const row = this.row;
    this.key(block, b, r, row, 0);
    const angles = this.rotation.table(place + block.positions[b * block.ranks + r]);
    const channels = this.calibration.keyChannelScales[layer];
    const channel = head * headDim;
    let largest = 0;
    for (let i = 0; i < half; i++) {
      const inverse = 1 / channels[channel + i];
      const x = row[i] * inverse;
      const y = row[half + i] * inverse;
      const c = angles[i];
      const s = angles[half + i];
      const u = x * c - y * s;
      const v = y * c + x * s;
      row[i] = u;
      row[half + i] = v;
      largest = Math.max(largest, Math.abs(u), Math.abs(v));
    }
    const scale = largest / 127 || 1;
    const inverse = 1 / scale;
    const keys = rows.keys[layer];
    const column = channel * count + to;
    for (let i = 0; i < headDim; i++) keys[column + i * count] = Math.round(row[i] * inverse);
    rows.keyScales[layer][head * count + to] = scale;
    const from = (b * block.ranks + r) * headDim;
    rows.values[layer].set(block.values.subarray(from, from + headDim), (head * count + to) * headDim);
    rows.valueScales[layer][head * count + to] = unpackScale(block.valueScales[b * block.ranks + r]);
  }
}
