// Composed context rows in int8, as the decoder's parts take them: kept in a file, of which one part's rows are in memory at a time.
// Refuses to choose rows and to lay them out.
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { explainSystemError } from '../base/errors.js';
import { experiment } from './experiment.js';
import { largestPart, partsOf, type LayerSpan, type ModelShape } from './graph/shape.js';
import { MASKED, type RowShape } from './rows.js';
import { bytes, floats, type Feeds, type Tensor } from './session.js';
import { asideName } from './store/folder.js';

/** One layer's rows: keys rotated to their places [KV, hd, rows], values [KV, rows, hd], and a scale for each row of each head [KV, rows]. */
export interface LayerRows {
  readonly keys: Int8Array;
  readonly values: Int8Array;
  readonly keyScales: Float32Array;
  readonly valueScales: Float32Array;
}

/** Lays the rows of some layers; false where that cannot be. */
export type LayRows = (span: LayerSpan, layers: readonly LayerRows[]) => boolean;

/** Where composed rows lie: files in `dir` that go with the process, and the one buffer into which a part is read. The model runs once at a time. */
export class RowsSpace {
  private buffer = new ArrayBuffer(0);

  constructor(private readonly dir: string) {}

  /** The first `size` bytes of the buffer, which the next call overwrites. */
  take(size: number): ArrayBuffer {
    if (this.buffer.byteLength < size) this.buffer = new ArrayBuffer(size);
    return this.buffer;
  }

  /** A file that loses its name at once, so that nothing is left of it when the process ends, however it ends; where a system keeps the name, the store clears it away with its own leftovers. */
  open(): number {
    const path = join(this.dir, asideName(randomBytes(16).toString('hex')));
    try {
      mkdirSync(this.dir, { recursive: true, mode: 0o700 });
      const file = openSync(path, 'wx+', 0o600);
      unlinkSync(path);
      return file;
    } catch (error) {
      throw explainSystemError(error, path);
    }
  }
}

export class ContextRows {
  private constructor(
    private readonly shape: RowShape,
    readonly rows: number,
    /** Undefined where there is no context: one masked row stands for it, since no tensor may be empty. */
    private readonly kept: { readonly space: RowsSpace; readonly file: number } | undefined,
    private readonly bias: Tensor,
  ) {}

  static none(shape: RowShape): ContextRows {
    return new ContextRows(shape, 1, undefined, floats(Float32Array.from({ length: shape.kvHeads }, () => MASKED), [shape.kvHeads, 1, 1]));
  }

  /** `rows` rows for each head, laid part by part; undefined where `lay` fails. Throws a UserError that names the file where the disk has no room. */
  static laid(shape: RowShape, rows: number, space: RowsSpace, lay: LayRows): ContextRows | undefined {
    const context = new ContextRows(shape, rows, { space, file: space.open() }, floats(new Float32Array(shape.kvHeads * rows).fill(experiment.contextBias), [shape.kvHeads, 1, rows]));
    try {
      for (const span of spansLaid(shape)) {
        const size = context.bytesOf(span);
        const buffer = space.take(size);
        new Uint8Array(buffer, 0, size).fill(0);
        const parts = partsOf(shape).filter(({ first }) => first >= span.first && first < span.end);
        const layers = parts.flatMap((part) => context.layersIn(buffer, part, context.start(part) - context.start(span)));
        if (!lay(span, layers)) {
          context.close();
          return undefined;
        }
        writeWhole(context.kept!.file, new Uint8Array(buffer, 0, size), context.start(span));
      }
    } catch (error) {
      context.close();
      throw explainSystemError(error, 'the file of composed rows');
    }
    return context;
  }

  private readonly masked: Tensor[] = [];

  /** Of each head only the first `rowsOf(head)` rows count. */
  mask(rowsOf: (head: number) => number): void {
    const { kvHeads } = this.shape;
    for (let l = 0; l < this.shape.layers; l++) {
      const counts = Array.from({ length: kvHeads }, (_, h) => rowsOf(l * kvHeads + h));
      if (Math.min(...counts) < this.rows) this.masked[l] = floats(Float32Array.from({ length: kvHeads * this.rows }, (_, i) => (i % this.rows < counts[Math.floor(i / this.rows)] ? 0 : MASKED)), [kvHeads, 1, this.rows]);
    }
  }

  get isNone(): boolean {
    return this.kept === undefined;
  }

  /** Keys, values and both scales of all layers, and the mask that these share. */
  get bytes(): number {
    return this.bytesOf({ first: 0, end: this.shape.layers }) + this.rows * 4;
  }

  /** What the decoder attends to in these layers: valid until another part's are asked for. */
  feedsOf(span: LayerSpan): Feeds {
    const { kvHeads, headDim } = this.shape;
    const { rows } = this;
    const feeds: Record<string, Tensor> = {};
    for (const [i, layer] of this.read(span).entries()) {
      const l = span.first + i;
      feeds[`context_bias_${l}`] = this.masked[l] ?? this.bias;
      feeds[`context_k_${l}`] = bytes(layer.keys, [kvHeads, headDim, rows]);
      feeds[`context_ks_${l}`] = floats(layer.keyScales, [kvHeads, 1, rows]);
      feeds[`context_v_${l}`] = bytes(layer.values, [kvHeads, rows, headDim]);
      feeds[`context_vs_${l}`] = floats(layer.valueScales, [kvHeads, 1, rows]);
    }
    return feeds;
  }

  /** The rows are gone; must not be called while the model runs over them. */
  close(): void {
    if (this.kept) closeSync(this.kept.file);
  }

  private read(span: LayerSpan): LayerRows[] {
    const size = this.bytesOf(span);
    if (!this.kept) return this.layersIn(new ArrayBuffer(size), span);
    const buffer = this.kept.space.take(size);
    readWhole(this.kept.file, new Uint8Array(buffer, 0, size), this.start(span));
    return this.layersIn(buffer, span);
  }

  private start(span: LayerSpan): number {
    return this.bytesOf({ first: 0, end: span.first });
  }

  private bytesOf({ first, end }: LayerSpan): number {
    const { kvHeads, headDim } = this.shape;
    return (end - first) * this.rows * kvHeads * (2 * headDim + 8);
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

/** Layers' worth of int8 rows that the decoder makes of one KV head's context rows of one layer: keys and values in fp32, each by itself and laid before the window's. */
const layersWidened = ({ kvHeads }: Pick<ModelShape, 'kvHeads'>): number => (2 * 2 * 4) / (2 * kvHeads);

/** How many of `rows` composed rows are in memory when most are while the decoder runs, counted in rows of all layers: one part's, and what is widened for more than a few tokens. */
export const rowsHeldRunning = (shape: Pick<ModelShape, 'layers' | 'kvHeads'>, rows: number): number => (rows * (largestPart(shape) + layersWidened(shape))) / shape.layers;

/** The same while they are laid. */
export const rowsHeldLaying = (shape: Pick<ModelShape, 'layers' | 'kvHeads'>, rows: number): number => (rows * Math.max(...spansLaid(shape).map(({ first, end }) => end - first))) / shape.layers;

/** Several parts are laid at once, as many as take no more memory than running does: what is laid is loaded anew for each span. */
function spansLaid(shape: Pick<ModelShape, 'layers' | 'kvHeads'>): LayerSpan[] {
  const parts = partsOf(shape);
  const together = Math.max(1, Math.floor((largestPart(shape) + layersWidened(shape)) / largestPart(shape)));
  return Array.from({ length: Math.ceil(parts.length / together) }, (_, i) => {
    const own = parts.slice(i * together, (i + 1) * together);
    return { first: own[0].first, end: own[own.length - 1].end };
  });
}

function writeWhole(file: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.byteLength; ) done += writeSync(file, bytes, done, bytes.byteLength - done, at + done);
}

function readWhole(file: number, into: Uint8Array, at: number): void {
  for (let done = 0; done < into.byteLength; ) {
    const count = readSync(file, into, done, into.byteLength - done, at + done);
    if (count === 0) throw new Error('the file of composed rows was cut short');
    done += count;
  }
}
