// Composed context rows in int8, as the decoder's parts take them: kept in a file, of which one part's rows are in memory at a time; all in memory where the disk has no room.
// Refuses to choose rows and to lay them out.
import { closeSync, mkdirSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { asideOf } from '../base/aside.js';
import { systemCode } from '../base/errors.js';
import { readWhole, writeWhole } from '../base/files.js';
import { BLOCK_RANKS } from './anchors.js';
import { largestPart, partsOf, type LayerSpan, type ModelShape } from './graph/shape.js';
import { MASKED, type RowShape } from './rows.js';
import { bytes, floats, type Feeds, type Tensor } from './session.js';

/** One layer's rows: keys rotated to their places [KV, hd, rows], values [KV, rows, hd], and a scale for each row of each head [KV, rows]. */
export interface LayerRows {
  readonly keys: Int8Array;
  readonly values: Int8Array;
  readonly keyScales: Float32Array;
  readonly valueScales: Float32Array;
}

/** Lays the rows of some layers; false where that cannot be. */
export type LayRows = (span: LayerSpan, layers: readonly LayerRows[]) => boolean;

/** Where one context's rows lie. */
interface Keeping {
  readonly isInMemory: boolean;
  write(bytes: Uint8Array, at: number): void;
  read(into: Uint8Array, at: number): void;
  close(): void;
}

/** Where composed rows lie: files in `dir` that go with the process, and the one buffer into which a part is read. The model runs once at a time. */
export class RowsSpace {
  private buffer = new ArrayBuffer(0);

  constructor(private readonly dir: string) {}

  /** The buffer, of `size` bytes, which the next call overwrites: while the model runs it is as large as a part, not as what was laid. */
  take(size: number): ArrayBuffer {
    if (this.buffer.byteLength !== size) this.buffer = new ArrayBuffer(size);
    return this.buffer;
  }

  /** A file that loses its name at once, so that nothing is left of it when the process ends, however it ends; where a system keeps the name, the store clears it away with its own leftovers. Throws the system error. */
  open(): Keeping {
    const path = asideOf(join(this.dir, 'rows'));
    let file: number | undefined;
    try {
      mkdirSync(this.dir, { recursive: true, mode: 0o700 });
      file = openSync(path, 'wx+', 0o600);
      unlinkSync(path);
    } catch (error) {
      if (file !== undefined) closeSync(file);
      throw error;
    }
    const opened = file;
    return { isInMemory: false, write: (bytes, at) => writeWhole(opened, bytes, at), read: (into, at) => readWhole(opened, into, at, path), close: () => closeSync(opened) };
  }
}

function inMemory(size: number): Keeping {
  const kept = new Uint8Array(size);
  return { isInMemory: true, write: (bytes, at) => kept.set(bytes, at), read: (into, at) => into.set(kept.subarray(at, at + into.byteLength)), close: () => {} };
}

export class ContextRows {
  private constructor(
    private readonly shape: RowShape,
    readonly rows: number,
    /** Undefined where there is no context: one masked row stands for it, since no tensor may be empty. */
    private readonly kept: { readonly space: RowsSpace; readonly keeping: Keeping } | undefined,
    private readonly bias: Tensor,
  ) {}

  static none(shape: RowShape): ContextRows {
    return new ContextRows(shape, 1, undefined, floats(Float32Array.of(MASKED), [1, 1, 1]));
  }

  /** `rows` rows for each head, laid part by part; undefined where `lay` fails. */
  static laid(shape: RowShape, rows: number, space: RowsSpace, lay: LayRows): ContextRows | undefined {
    try {
      return ContextRows.laidIn(space.open(), shape, rows, space, lay);
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      return ContextRows.laidIn(inMemory(bytesOf(shape, rows, { first: 0, end: shape.layers })), shape, rows, space, lay);
    }
  }

  private static laidIn(keeping: Keeping, shape: RowShape, rows: number, space: RowsSpace, lay: LayRows): ContextRows | undefined {
    const context = new ContextRows(shape, rows, { space, keeping }, floats(new Float32Array(rows), [1, 1, rows]));
    const spans = spansLaid(shape);
    const sizeMost = Math.max(...spans.map((span) => context.bytesOf(span)));
    try {
      for (const span of spans) {
        const size = context.bytesOf(span);
        const buffer = space.take(sizeMost);
        const parts = partsOf(shape).filter(({ first }) => first >= span.first && first < span.end);
        const layers = parts.flatMap((part) => context.layersIn(buffer, part, context.start(part) - context.start(span)));
        if (!lay(span, layers)) {
          context.close();
          return undefined;
        }
        keeping.write(new Uint8Array(buffer, 0, size), context.start(span));
      }
    } catch (error) {
      context.close();
      throw error;
    }
    return context;
  }

  get isNone(): boolean {
    return this.kept === undefined;
  }

  /** How many are in memory when most are, counted in rows of all layers. */
  get rowsHeldMax(): number {
    if (!this.kept) return 0;
    const held = Math.max(rowsHeldRunning(this.shape, this.rows), rowsHeldLaying(this.shape, this.rows) + BLOCK_RANKS);
    return this.kept.keeping.isInMemory ? this.rows + held : held;
  }

  /** Keys, values and both scales of all layers, and the mask that these share. */
  get bytes(): number {
    return this.bytesOf({ first: 0, end: this.shape.layers }) + this.rows * 4;
  }

  /** What the decoder attends to in these layers: valid until another part's are asked for. */
  feedsOf(span: LayerSpan): Feeds {
    const { kvHeads, headDim } = this.shape;
    const { rows } = this;
    const feeds: Record<string, Tensor> = { context_bias: this.bias };
    for (const [i, layer] of this.read(span).entries()) {
      const l = span.first + i;
      feeds[`context_k_${l}`] = bytes(layer.keys, [kvHeads, headDim, rows]);
      feeds[`context_ks_${l}`] = floats(layer.keyScales, [kvHeads, 1, rows]);
      feeds[`context_v_${l}`] = bytes(layer.values, [kvHeads, rows, headDim]);
      feeds[`context_vs_${l}`] = floats(layer.valueScales, [kvHeads, 1, rows]);
    }
    return feeds;
  }

  /** The rows are gone; must not be called while the model runs over them. */
  close(): void {
    this.kept?.keeping.close();
  }

  private read(span: LayerSpan): LayerRows[] {
    const size = this.bytesOf(span);
    if (!this.kept) return this.layersIn(new ArrayBuffer(size), span);
    const buffer = this.kept.space.take(this.bytesOf({ first: 0, end: largestPart(this.shape) }));
    this.kept.keeping.read(new Uint8Array(buffer, 0, size), this.start(span));
    return this.layersIn(buffer, span);
  }

  private start(span: LayerSpan): number {
    return this.bytesOf({ first: 0, end: span.first });
  }

  private bytesOf(span: LayerSpan): number {
    return bytesOf(this.shape, this.rows, span);
  }

  /** A part's, from `at` on; scales first, so that they are aligned. */
  private layersIn(buffer: ArrayBuffer, span: LayerSpan, at = 0): LayerRows[] {
    const { kvHeads, headDim } = this.shape;
    const [scales, values] = [kvHeads * this.rows, kvHeads * this.rows * headDim];
    const count = span.end - span.first;
    return Array.from({ length: count }, (_, i) => ({
      keyScales: new Float32Array(buffer, at + 8 * scales * i, scales),
      valueScales: new Float32Array(buffer, at + 8 * scales * i + 4 * scales, scales),
      keys: new Int8Array(buffer, at + 8 * scales * count + 2 * values * i, values),
      values: new Int8Array(buffer, at + 8 * scales * count + 2 * values * i + values, values),
    }));
  }
}

const bytesOf = ({ kvHeads, headDim }: RowShape, rows: number, { first, end }: LayerSpan): number => (end - first) * rows * kvHeads * (2 * headDim + 8);

/** Layers' worth of int8 rows that the decoder makes of one KV head's context rows of one layer: keys and values in fp32, each by itself and laid before the window's. */
const layersWidened = ({ kvHeads }: Pick<ModelShape, 'kvHeads'>): number => (2 * 2 * 4) / (2 * kvHeads);

/** How many of `rows` composed rows are in memory when most are while the decoder runs, counted in rows of all layers: one part's, and what is widened for more than a few tokens. */
const rowsHeldRunning = (shape: Pick<ModelShape, 'layers' | 'kvHeads'>, rows: number): number => (rows * (largestPart(shape) + layersWidened(shape))) / shape.layers;

/** The same while they are laid, a block of the store apart. */
const rowsHeldLaying = (shape: Pick<ModelShape, 'layers' | 'kvHeads'>, rows: number): number => (rows * Math.max(...spansLaid(shape).map(({ first, end }) => end - first))) / shape.layers;

/** How many rows may be composed so that at most `held` are in memory at any moment. */
export const rowsWithin = (shape: Pick<ModelShape, 'layers' | 'kvHeads'>, held: number): number =>
  Math.max(BLOCK_RANKS, Math.floor(Math.min(held / rowsHeldRunning(shape, 1), (held - BLOCK_RANKS) / rowsHeldLaying(shape, 1))));

/** Several parts are laid at once, as many as take no more memory than running does: what is laid is loaded anew for each span. */
function spansLaid(shape: Pick<ModelShape, 'layers' | 'kvHeads'>): LayerSpan[] {
  const parts = partsOf(shape);
  const together = Math.max(1, Math.floor((largestPart(shape) + layersWidened(shape)) / largestPart(shape)));
  return Array.from({ length: Math.ceil(parts.length / together) }, (_, i) => {
    const own = parts.slice(i * together, (i + 1) * together);
    return { first: own[0].first, end: own[own.length - 1].end };
  });
}
