// Rows (one token's keys and values in every layer) of the local window in fp32, as the decoder's parts take them.
// Refuses to choose rows.
import { assert } from '../base/assert.js';
import { frequenciesOf, type LayerSpan, type ModelShape, type Rotary } from './graph/shape.js';
import { floats, type Feeds, type Tensor } from './session.js';

export type RowShape = Pick<ModelShape, 'layers' | 'kvHeads' | 'headDim'>;

/** A masked row's bias: its weight after softmax is exactly 0. */
export const MASKED = -1e9;
/** The window grows by at least so many rows and by this factor, so that tensor shapes seldom change. */
const WINDOW_STEP_ROWS = 128;
const WINDOW_GROWTH = 1.15;

/** cos and sin of every rotation, computed once for each position: [headDim / 2] each. */
export class Rotation {
  private readonly frequencies: Float64Array;
  readonly half: number;
  private readonly kept: Float32Array[] = [];

  constructor(shape: Rotary) {
    this.half = shape.headDim / 2;
    this.frequencies = frequenciesOf(shape);
  }

  /** cos and sin [headDim] of `position`, kept. */
  table(position: number): Float32Array {
    let angles = this.kept[position];
    if (!angles) this.angles(position, (angles = this.kept[position] = new Float32Array(2 * this.half)));
    return angles;
  }

  /** Writes cos into `out[at..]` and sin into `out[at + half..]`. */
  angles(position: number, out: Float32Array, at = 0): void {
    for (let i = 0; i < this.half; i++) {
      const angle = position * this.frequencies[i];
      out[at + i] = Math.cos(angle);
      out[at + this.half + i] = Math.sin(angle);
    }
  }
}

/** Keys and values of the tokens around the cursor (and of the sink), rotated to their places; fp32, [KV, hd, capacity] and [KV, capacity, hd] a layer. */
export class WindowRows {
  private keys: Float32Array[];
  private values: Float32Array[];
  private bias: Float32Array;
  private tensors!: readonly { readonly keys: Tensor; readonly values: Tensor }[];
  private biasTensor!: Tensor;
  private rowCount = 0;

  constructor(
    private readonly shape: RowShape,
    private readonly rotation: Rotation,
    private capacity = WINDOW_STEP_ROWS,
  ) {
    const size = shape.kvHeads * shape.headDim * capacity;
    this.keys = Array.from({ length: shape.layers }, () => new Float32Array(size));
    this.values = Array.from({ length: shape.layers }, () => new Float32Array(size));
    this.bias = new Float32Array(capacity).fill(MASKED);
    this.wrap();
  }

  get length(): number {
    return this.rowCount;
  }

  /** As held: keys, values and the mask, capacity included. */
  get bytes(): number {
    return this.capacity * (this.shape.layers * 2 * this.shape.kvHeads * this.shape.headDim + 1) * 4;
  }

  /** What the decoder attends to in these layers. */
  feedsOf({ first, end }: LayerSpan): Feeds {
    const feeds: Record<string, Tensor> = { window_bias: this.biasTensor };
    for (let l = first; l < end; l++) {
      feeds[`window_k_${l}`] = this.tensors[l].keys;
      feeds[`window_v_${l}`] = this.tensors[l].values;
    }
    return feeds;
  }

  /** `rows` [2 layers, T, KV*hd] as the graph returns them, at `positions` [T]; the first `count` of the T are taken. */
  append(rows: Float32Array, positions: readonly number[], count = positions.length): void {
    const { layers, kvHeads, headDim } = this.shape;
    const half = headDim / 2;
    const tokens = positions.length;
    this.reserve(this.rowCount + count);
    const capacity = this.capacity;
    const angles = new Float32Array(count * headDim);
    for (let t = 0; t < count; t++) this.rotation.angles(positions[t], angles, t * headDim);
    for (let l = 0; l < layers; l++) {
      const keys = this.keys[l];
      const values = this.values[l];
      for (let t = 0; t < count; t++) {
        for (let h = 0; h < kvHeads; h++) {
          const k = ((2 * l * tokens + t) * kvHeads + h) * headDim;
          const v = (((2 * l + 1) * tokens + t) * kvHeads + h) * headDim;
          const column = h * headDim * capacity + this.rowCount + t;
          for (let i = 0; i < half; i++) {
            const cos = angles[t * headDim + i];
            const sin = angles[t * headDim + half + i];
            const x = rows[k + i];
            const y = rows[k + half + i];
            keys[column + i * capacity] = x * cos - y * sin;
            keys[column + (i + half) * capacity] = y * cos + x * sin;
          }
          values.set(rows.subarray(v, v + headDim), (h * capacity + this.rowCount + t) * headDim);
        }
      }
    }
    this.bias.fill(0, this.rowCount, this.rowCount + count);
    this.rowCount += count;
  }

  /** Forgets all rows but the first `length`. */
  truncate(length: number): void {
    assert(length <= this.rowCount, 'a window is only ever cut shorter');
    this.bias.fill(MASKED, length, this.rowCount);
    this.rowCount = length;
  }

  /** A copy of the first `length` rows with room for `room` more. */
  copy(length = this.rowCount, room = 0): WindowRows {
    const copy = new WindowRows(this.shape, this.rotation, Math.ceil((length + room) / WINDOW_STEP_ROWS) * WINDOW_STEP_ROWS || WINDOW_STEP_ROWS);
    copy.take(this, length);
    return copy;
  }

  /** Rotated keys of a head in the order of rows, [length, hd], for ranking beside candidates. */
  keysOf(layer: number, head: number): Float32Array {
    const { headDim } = this.shape;
    const out = new Float32Array(this.rowCount * headDim);
    const from = head * headDim * this.capacity;
    for (let i = 0; i < headDim; i++) for (let r = 0; r < this.rowCount; r++) out[r * headDim + i] = this.keys[layer][from + i * this.capacity + r];
    return out;
  }

  private reserve(rows: number): void {
    if (rows <= this.capacity) return;
    const wanted = Math.max(rows, this.capacity * WINDOW_GROWTH);
    const larger = new WindowRows(this.shape, this.rotation, Math.ceil(wanted / WINDOW_STEP_ROWS) * WINDOW_STEP_ROWS);
    larger.take(this, this.rowCount);
    this.keys = larger.keys;
    this.values = larger.values;
    this.bias = larger.bias;
    this.capacity = larger.capacity;
    this.wrap();
  }

  private take(from: WindowRows, length: number): void {
    const { layers, kvHeads, headDim } = this.shape;
    for (let l = 0; l < layers; l++) {
      for (let h = 0; h < kvHeads; h++) {
        for (let i = 0; i < headDim; i++) {
          const source = (h * headDim + i) * from.capacity;
          this.keys[l].set(from.keys[l].subarray(source, source + length), (h * headDim + i) * this.capacity);
        }
        const source = h * from.capacity * headDim;
        this.values[l].set(from.values[l].subarray(source, source + length * headDim), h * this.capacity * headDim);
      }
    }
    this.bias.fill(0, 0, length);
    this.rowCount = length;
  }

  private wrap(): void {
    const { kvHeads, headDim } = this.shape;
    const { capacity } = this;
    this.biasTensor = floats(this.bias, [1, 1, capacity]);
    this.tensors = this.keys.map((keys, l) => ({ keys: floats(keys, [kvHeads, headDim, capacity]), values: floats(this.values[l], [kvHeads, capacity, headDim]) }));
  }
}
