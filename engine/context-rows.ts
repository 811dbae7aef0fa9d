// Composed context rows in int8, as the decoder's parts take them: kept in a file, of which one part's rows are in memory at a time.
// Refuses to choose rows and to lay them out.
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { explainSystemError } from '../base/errors.js';
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

/** Where composed rows lie: files in `dir` that go with the process, and the one buffer into which a part is read. The model runs once at a time. */
export class RowsSpace {
  private buffer = new ArrayBuffer(0);

  constructor(private readonly dir: string) {}

  /** The first `size` bytes of the buffer, which the next call overwrites. */
  take(size: number): ArrayBuffer {
    if (this.buffer.byteLength < size) this.buffer = new ArrayBuffer(size);
    return this.buffer;
  }

  /** A file without a name wherever the system allows that: nothing is left of it when the process ends, however it ends. */
  open(): number {
    const path = join(this.dir, `rows-${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
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
    return new ContextRows(shape, 1, undefined, floats(Float32Array.of(MASKED), [1, 1, 1]));
  }

  /** `rows` rows for each head, laid part by part; undefined where `lay` fails. Throws a UserError that names the file where the disk has no room. */
  static laid(shape: RowShape, rows: number, space: RowsSpace, lay: LayRows): ContextRows | undefined {
    const context = new ContextRows(shape, rows, { space, file: space.open() }, floats(new Float32Array(rows), [1, 1, rows]));
    try {
      for (const span of partsOf(shape)) {
        const buffer = space.take(context.bytesOf(span));
        if (!lay(span, context.layersIn(buffer, span))) {
          context.close();
          return undefined;
        }
        writeWhole(context.kept!.file, new Uint8Array(buffer, 0, context.bytesOf(span)), context.start(span));
      }
    } catch (error) {
      context.close();
      throw explainSystemError(error, 'the file of composed rows');
    }
    return context;
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

  /** Scales first, so that they are aligned. */
  private layersIn(buffer: ArrayBuffer, span: LayerSpan): LayerRows[] {
    const { kvHeads, headDim } = this.shape;
    const [scales, values] = [kvHeads * this.rows, kvHeads * this.rows * headDim];
    const count = span.end - span.first;
    return Array.from({ length: count }, (_, i) => ({
      keyScales: new Float32Array(buffer, 8 * scales * i, scales),
      valueScales: new Float32Array(buffer, 8 * scales * i + 4 * scales, scales),
      keys: new Int8Array(buffer, 8 * scales * count + 2 * values * i, values),
      values: new Int8Array(buffer, 8 * scales * count + 2 * values * i + values, values),
    }));
  }
}

/**
 * How many of `rows` composed rows are in memory when most are, counted in rows of all layers: one part's in int8, and of one KV head of one layer keys and
 * values in fp32, each once by itself and once laid before the window's, as the decoder widens them for more than a few tokens.
 */
export function rowsHeldRunning(shape: Pick<ModelShape, 'layers' | 'kvHeads' | 'headDim'>, rows: number): number {
  const widened = (2 * 2 * 4) / (2 * shape.kvHeads);
  return (rows * (largestPart(shape) + widened)) / shape.layers;
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
