// Anchors: a segment's rows ranked by what typical queries attend to, kept in that order, in int8. Reading a segment happens here.
// Refuses to compose them.
import { assert } from '../base/assert.js';
import { digestOf } from '../base/digest.js';
import type { Calibration } from './graph/calibrate.js';
import type { Model } from './model.js';
import { type Ranker, type RankingQueries } from './ranker.js';
import type { RowShape, WindowRows } from './rows.js';

/** Rises with every change to how rows are ranked or kept. */
const ANCHOR_VERSION = 2;
/** Ranks in one block of the store: the unit in which an order's prefix is read. */
export const BLOCK_RANKS = 32;

/** Rows of one segment in their stored order, `ranks` for each of the heads (layers x KV heads). */
export interface AnchorBlock {
  readonly ranks: number;
  /** [heads, ranks, hd] before rotation, without the bias, in units of the stored channel scales and the row's scale. */
  readonly keys: Int8Array;
  /** [heads, ranks, hd]. */
  readonly values: Int8Array;
  /** [heads, ranks], the upper half of an fp32. */
  readonly keyScales: Uint16Array;
  readonly valueScales: Uint16Array;
  /** [heads, ranks]: index of the row's token in the segment. */
  readonly positions: Uint16Array;
}

/** Everything that a stored segment depends on besides its tokens; `lead`: those before it. The calibration ran on the processor that converted the model. */
export function recipeOf({ manifest, numericClass }: Model, calibrationDigest: string, lead: readonly number[], storedShare: number): string {
  return digestOf(`kedge anchors ${ANCHOR_VERSION}`, manifest.weightsDigest, manifest.tokenizerDigest, calibrationDigest, numericClass, String(storedShare), encodeMeta(lead));
}

export const segmentKey = (recipe: string, tokens: readonly number[]): string => digestOf(recipe, encodeMeta(tokens));

/** How many rows a head keeps of a segment of `tokens` tokens. */
export const rowsKept = (tokens: number, share: number): number => Math.max(1, Math.min(tokens, Math.floor(tokens * share)));

/** How long a block of `ranks` ranks is, in bytes. */
export const blockBytes = ({ layers, kvHeads, headDim }: RowShape, ranks: number): number => ranks * layers * kvHeads * (2 * headDim + 6);

/** What the store keeps beside the rows: the tokens themselves, compared on every hit. */
export function encodeMeta(tokens: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(tokens).buffer);
}

export function metaMatches(meta: Uint8Array, tokens: readonly number[]): boolean {
  if (meta.byteLength !== tokens.length * 4) return false;
  const kept = new DataView(meta.buffer, meta.byteOffset, meta.byteLength);
  return tokens.every((token, i) => kept.getUint32(4 * i, true) === token);
}

export function encodeBlock(block: AnchorBlock): Uint8Array {
  const parts = [block.keys, block.values, block.keyScales, block.valueScales, block.positions];
  return Buffer.concat(parts.map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength)));
}

/** A view on `bytes` (aligned to 2); undefined where the size is no block's. */
export function decodeBlock(bytes: Uint8Array, shape: RowShape): AnchorBlock | undefined {
  const heads = shape.layers * shape.kvHeads;
  const ranks = bytes.byteLength / blockBytes(shape, 1);
  if (!Number.isInteger(ranks) || ranks < 1 || ranks > BLOCK_RANKS || bytes.byteOffset % 2 !== 0) return undefined;
  const values = heads * ranks * shape.headDim;
  const at = bytes.byteOffset;
  return {
    ranks,
    keys: new Int8Array(bytes.buffer, at, values),
    values: new Int8Array(bytes.buffer, at + values, values),
    keyScales: new Uint16Array(bytes.buffer, at + 2 * values, heads * ranks),
    valueScales: new Uint16Array(bytes.buffer, at + 2 * values + 2 * heads * ranks, heads * ranks),
    positions: new Uint16Array(bytes.buffer, at + 2 * values + 4 * heads * ranks, heads * ranks),
  };
}

const bits = new Float32Array(1);
const bitsAsInteger = new Uint32Array(bits.buffer);
const expanded = new Uint32Array(1);
const expandedAsFloat = new Float32Array(expanded.buffer);

/** Rounded up, so that values divided by what is kept still fit. */
function packScale(scale: number): number {
  bits[0] = scale;
  return Math.min((bitsAsInteger[0] + 0xffff) >>> 16, 0x7f7f);
}
export function unpackScale(packed: number): number {
  expanded[0] = packed << 16;
  return expandedAsFloat[0];
}

export class SegmentReader {
  private readonly typical = new Map<number, RankingQueries>();
  private sinkMass: Float32Array[] | undefined;

  constructor(
    private readonly model: Model,
    private readonly ranker: Ranker,
    private readonly calibration: Calibration,
    /** The sink's rows: what every composition opens with. */
    private readonly sink: WindowRows,
    /** What every segment sees, the sink first. */
    private readonly lead: WindowRows,
  ) {}

  /**
   * Reads `tokens` after the lead and nothing else, in chunks that `turn` admits one by one (it throws to stop), and returns the
   * segment's first `storedShare` rows in order of importance.
   */
  async read(tokens: readonly number[], storedShare: number, turn: <T>(run: (chunkMax: number) => Promise<T>) => Promise<T>): Promise<AnchorBlock[]> {
    assert(tokens.length > 0, 'a segment has tokens');
    const start = this.lead.length;
    const window = this.lead.copy(start, tokens.length);
    const parts: { rows: Float32Array; count: number }[] = [];
    for (let done = 0; done < tokens.length; ) {
      done += await turn(async (chunkMax) => {
        const chunk = tokens.slice(done, done + chunkMax);
        const positions = chunk.map((_, i) => start + done + i);
        const { rows } = await this.model.forward({ tokens: chunk, positions, context: this.model.noContext, window });
        window.append(rows, positions);
        parts.push({ rows, count: chunk.length });
        return chunk.length;
      });
    }
    const { keys, values } = this.byHead(parts, tokens.length);
    const weight = await turn(() => this.rank(keys, tokens.length));
    return this.keep(keys, values, weight, tokens.length, rowsKept(tokens.length, storedShare));
  }

  /** [heads][T, hd] each. */
  private byHead(parts: readonly { rows: Float32Array; count: number }[], tokens: number): { keys: Float32Array[]; values: Float32Array[] } {
    const { layers, kvHeads, headDim } = this.model.manifest.shape;
    const make = (): Float32Array[] => Array.from({ length: layers * kvHeads }, () => new Float32Array(tokens * headDim));
    const keys = make();
    const values = make();
    let first = 0;
    for (const { rows, count } of parts) {
      for (let plane = 0; plane < 2 * layers; plane++) {
        for (let t = 0; t < count; t++) {
          for (let h = 0; h < kvHeads; h++) {
            const from = ((plane * count + t) * kvHeads + h) * headDim;
            (plane % 2 === 0 ? keys : values)[(plane >> 1) * kvHeads + h].set(rows.subarray(from, from + headDim), (first + t) * headDim);
          }
        }
      }
      first += count;
    }
    return { keys, values };
  }

  /** The largest weight that any typical query pays to each row, layer by layer so that scores stay small: [heads][T]. */
  private async rank(keys: readonly Float32Array[], tokens: number): Promise<Float32Array[]> {
    const { layers, kvHeads, headDim } = this.model.manifest.shape;
    const queries = this.typicalQueries(tokens);
    const positions = Array.from({ length: kvHeads * tokens }, (_, i) => this.sink.length + (i % tokens));
    const weights: Float32Array[] = [];
    for (let l = 0; l < layers; l++) {
      const layerKeys = new Float32Array(kvHeads * tokens * headDim);
      for (let h = 0; h < kvHeads; h++) layerKeys.set(keys[l * kvHeads + h], h * tokens * headDim);
      const { weight } = await this.ranker.score(queries, { first: l * kvHeads, count: kvHeads }, layerKeys, positions, this.sinkMass, 1);
      for (let h = 0; h < kvHeads; h++) weights.push(weight.subarray(h * tokens, (h + 1) * tokens));
    }
    return weights;
  }

  /** Segments of similar length share their queries' places: lengths are rounded up. */
  private typicalQueries(tokens: number): RankingQueries {
    const length = Math.ceil(tokens / LENGTH_STEP) * LENGTH_STEP;
    let queries = this.typical.get(length);
    if (!queries) {
      queries = this.ranker.prepareTypical(this.calibration.typicalQueries, this.sink.length + length);
      this.typical.clear();
      this.typical.set(length, queries);
      this.sinkMass = this.ranker.massOfWindow(this.sink, queries);
    }
    return queries;
  }

  private keep(keys: readonly Float32Array[], values: readonly Float32Array[], weight: readonly Float32Array[], tokens: number, kept: number): AnchorBlock[] {
    const { layers, kvHeads, headDim } = this.model.manifest.shape;
    const heads = layers * kvHeads;
    const orders = weight.map((w) => descending(w, tokens).subarray(0, kept));
    const blocks: AnchorBlock[] = [];
    const row = new Float32Array(headDim);
    for (let first = 0; first < kept; first += BLOCK_RANKS) {
      const ranks = Math.min(BLOCK_RANKS, kept - first);
      const block: AnchorBlock = {
        ranks,
        keys: new Int8Array(heads * ranks * headDim),
        values: new Int8Array(heads * ranks * headDim),
        keyScales: new Uint16Array(heads * ranks),
        valueScales: new Uint16Array(heads * ranks),
        positions: new Uint16Array(heads * ranks),
      };
      for (let b = 0; b < heads; b++) {
        const layer = Math.floor(b / kvHeads);
        const channel = (b % kvHeads) * headDim;
        const bias = this.calibration.keyBias[layer];
        const scales = this.calibration.storedChannelScales[layer];
        for (let r = 0; r < ranks; r++) {
          const t = orders[b][first + r];
          const at = b * ranks + r;
          for (let i = 0; i < headDim; i++) row[i] = (keys[b][t * headDim + i] - bias[channel + i]) / scales[channel + i];
          block.keyScales[at] = quantiseInto(row, 0, headDim, block.keys, at * headDim);
          block.valueScales[at] = quantiseInto(values[b], t * headDim, headDim, block.values, at * headDim);
          block.positions[at] = t;
        }
      }
      blocks.push(block);
    }
    return blocks;
  }
}

const LENGTH_STEP = 128;

/** int8 values in `out` at `at`; returns the packed scale that they were divided by. */
function quantiseInto(values: Float32Array, from: number, length: number, out: Int8Array, at: number): number {
  let largest = 0;
  for (let i = from; i < from + length; i++) largest = Math.max(largest, Math.abs(values[i]));
  const packed = packScale(Math.max(largest / 127, Number.MIN_VALUE));
  const inverse = 1 / (unpackScale(packed) || 1);
  for (let i = 0; i < length; i++) out[at + i] = Math.round(values[from + i] * inverse);
  return packed;
}

/** Indices of the first `count` weights, the largest first; equal ones in the order of tokens. */
function descending(weight: Float32Array, count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => weight[b] - weight[a] || a - b);
}

