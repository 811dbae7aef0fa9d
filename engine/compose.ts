// Composition: chosen rows laid behind one another, their keys rotated to their places and kept in int8.
// Refuses to choose rows and to run the model.
import { unpackScale, type AnchorBlock } from './anchors.js';
import type { Candidate, Choice, Load } from './choose.js';
import { ContextRows, type LayerRows, type RowsSpace } from './context-rows.js';
import { experiment } from './experiment.js';
import type { Calibration } from './graph/calibrate.js';
import type { LayerSpan, ModelShape } from './graph/shape.js';
import type { Rotation } from './rows.js';

const stepped = (value: number, steps: number): number => (steps === 127 ? value : Math.round((Math.round((value * steps) / 127) * 127) / steps));

export interface Composition {
  readonly rows: ContextRows;
  /** Mean rows over heads, for each candidate. */
  readonly rowsPerCandidate: readonly number[];
}

export class Composer {
  readonly heads: number;
  /** One key at a time, between being read and being laid. */
  private readonly row: Float32Array;

  constructor(
    readonly shape: ModelShape,
    private readonly rotation: Rotation,
    private readonly calibration: Calibration,
    private readonly space: RowsSpace,
  ) {
    this.heads = shape.layers * shape.kvHeads;
    this.row = new Float32Array(shape.headDim);
  }

  /** Loads the candidates once for each span of layers that is laid. Undefined when the store lost a candidate. */
  compose(candidates: readonly Candidate[], choice: Choice, load: Load): Composition | undefined {
    const counts = choice.map((taken) => (typeof taken === 'number' ? Array.from<number>({ length: this.heads }).fill(taken) : taken.map((ranks) => ranks.length)));
    const ofHead = Array.from({ length: this.heads }, (_, b) => counts.reduce((sum, perHead) => sum + perHead[b], 0));
    const total = Math.max(...ofHead);
    if (total === 0) return { rows: ContextRows.none(this.shape), rowsPerCandidate: candidates.map(() => 0) };
    const rows = ContextRows.laid(this.shape, total, this.space, (span, layers) => this.laySpan(candidates, choice, load, span, layers));
    rows?.mask((head) => ofHead[head]);
    return rows && { rows, rowsPerCandidate: counts.map((perHead) => perHead.reduce((sum, count) => sum + count, 0) / this.heads) };
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

  private laySpan(candidates: readonly Candidate[], choice: Choice, load: Load, span: LayerSpan, layers: readonly LayerRows[]): boolean {
    const { kvHeads } = this.shape;
    const next = new Uint32Array(this.heads);
    for (const [s, candidate] of candidates.entries()) {
      const taken = choice[s];
      const ranksNeeded = typeof taken === 'number' ? taken : Math.max(...taken.map((ranks) => (ranks.length === 0 ? 0 : ranks[ranks.length - 1] + 1)));
      if (ranksNeeded === 0) continue;
      const laid = new Uint32Array(this.heads);
      let first = 0;
      for (const block of load(candidate, ranksNeeded)) {
        if (!block) return false;
        for (let b = span.first * kvHeads; b < span.end * kvHeads; b++) this.layHead(block, b, first, typeof taken === 'number' ? taken : taken[b], laid, candidate.place, layers[Math.floor(b / kvHeads) - span.first], next);
        first += block.ranks;
      }
    }
    return true;
  }

  /** Lays what head `b` takes of a block whose first rank is `first`; `laid` [heads]: how many of `taken` were laid before; `next` [heads]: where the next row goes. */
  private layHead(block: AnchorBlock, b: number, first: number, taken: number | Uint32Array, laid: Uint32Array, place: number, layer: LayerRows, next: Uint32Array): void {
    const count = typeof taken === 'number' ? taken : taken.length;
    for (; laid[b] < count; laid[b]++) {
      const rank = typeof taken === 'number' ? laid[b] : taken[laid[b]];
      if (rank >= first + block.ranks) break;
      this.layRow(block, b, rank - first, place, layer, next[b]++);
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
    for (let i = 0; i < headDim; i++) out[at + i] = stepped(block.keys[from + i], experiment.keySteps) * scale * scales[channel + i] + bias[channel + i];
  }

  private layRow(block: AnchorBlock, b: number, r: number, place: number, rows: LayerRows, to: number): void {
    const { headDim, kvHeads } = this.shape;
    const layer = Math.floor(b / kvHeads);
    const head = b % kvHeads;
    const half = headDim / 2;
    const count = rows.keyScales.length / kvHeads;
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
    const { keys } = rows;
    const column = channel * count + to;
    for (let i = 0; i < headDim; i++) keys[column + i * count] = Math.round(row[i] * inverse);
    rows.keyScales[head * count + to] = scale * experiment.keyFactor;
    const from = (b * block.ranks + r) * headDim;
    rows.values.set(block.values.subarray(from, from + headDim).map((value) => stepped(value, experiment.valueSteps)), (head * count + to) * headDim);
    rows.valueScales[head * count + to] = unpackScale(block.valueScales[b * block.ranks + r]);
  }
}
