// A converted model, opened: tokens in; logits, rows and queries out. Refuses to keep any state between calls.
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../base/errors.js';
import { readWhole } from '../base/files.js';
import { ContextRows } from './context-rows.js';
import { decoderFile, readManifest, type Manifest } from './graph/manifest.js';
import { partsOf, type LayerSpan } from './graph/shape.js';
import { MASKED, Rotation, WindowRows } from './rows.js';
import { floats, integers, Session, type SessionOptions, type Tensor } from './session.js';
import { Tokenizer } from './tokenizer.js';
import { saturates } from './graph/selftest.js';
import type { NumericClass } from './types.js';

export interface ForwardRequest {
  readonly tokens: readonly number[];
  readonly positions: readonly number[];
  readonly context: ContextRows;
  readonly window: WindowRows;
  /** [T,T] added to the scores of new tokens among themselves: causal where it is left out. */
  readonly newBias?: Float32Array;
  /** Indices into `tokens` whose logits are wanted. */
  readonly logits?: readonly number[];
  /** Indices into `tokens` whose queries are wanted. */
  readonly queries?: readonly number[];
}

export interface ForwardResult {
  /** [logits asked for, head tokens]; empty when none were. */
  readonly logits: Float32Array;
  /** [2 layers, T, KV*hd]: keys before rotation, values. */
  readonly rows: Float32Array;
  /** [layers, queries asked for, H*hd] before rotation; empty when none were. */
  readonly queries: Float32Array;
}

/** Some layers, and the graph that runs them. */
interface Part {
  readonly span: LayerSpan;
  readonly session: Session;
}

export class Model {
  readonly rotation: Rotation;
  readonly noContext: ContextRows;
  private readonly embeddingPath: string;
  private readonly embeddings: number;
  private readonly causal = new Map<number, Float32Array>();

  private constructor(
    readonly manifest: Manifest,
    readonly tokenizer: Tokenizer,
    /** Token ids of the output head, ascending. */
    readonly headIds: Int32Array,
    private readonly parts: readonly Part[],
    dir: string,
    /** Which arithmetic the decoder uses on this processor: part of every segment's recipe. */
    readonly numericClass: NumericClass,
  ) {
    this.rotation = new Rotation(manifest.shape);
    this.noContext = ContextRows.none(manifest.shape);
    this.embeddingPath = join(dir, 'embedding.bin');
    this.embeddings = openSync(this.embeddingPath, 'r');
  }

  /** `numericClass`: what the processor needs, where it is left out. */
  static async open(dir: string, options: SessionOptions & { readonly numericClass?: NumericClass } = {}): Promise<Model> {
    const manifest = readManifest(dir);
    if (!manifest) throw new UserError(`${dir} holds no converted model of this version: run 'kedge model pull'`);
    const numericClass = options.numericClass ?? ((await saturates()) ? 'u7s8' : 'u8s8');
    const tokenizer = new Tokenizer(JSON.parse(readFileSync(join(dir, 'tokenizer.json'), 'utf8')));
    const head = readFileSync(join(dir, 'head.bin'));
    const headIds = new Int32Array(head.buffer.slice(head.byteOffset, head.byteOffset + head.byteLength));
    const parts: Part[] = [];
    for (const [part, span] of partsOf(manifest.shape).entries()) parts.push({ span, session: await Session.open(join(dir, decoderFile(numericClass, part)), options) });
    return new Model(manifest, tokenizer, headIds, parts, dir, numericClass);
  }

  newWindow(): WindowRows {
    return new WindowRows(this.manifest.shape, this.rotation);
  }

  /** Rows of `tokens` read on their own from position 0. */
  async read(tokens: readonly number[]): Promise<WindowRows> {
    const positions = tokens.map((_, i) => i);
    const window = this.newWindow();
    const { rows } = await this.forward({ tokens, positions, context: this.noContext, window });
    window.append(rows, positions);
    return window;
  }

  async forward(request: ForwardRequest): Promise<ForwardResult> {
    const { tokens, positions, context, window, logits = [], queries = [] } = request;
    const { layers, width, heads, kvHeads, headDim } = this.manifest.shape;
    const count = tokens.length;
    const last = [count - 1];
    const shared = {
      ...this.rotationOf(positions),
      token_index: integers(tokens.map((_, t) => t), [1, count]),
      new_bias: floats(request.newBias ?? this.causalBias(count), [count, count]),
      query_index: integers(queries.length > 0 ? queries : last),
      logit_index: integers(logits.length > 0 ? logits : last),
    };
    const none = new Float32Array(0);
    const result: ForwardResult & { logits: Float32Array } = { logits: none, rows: new Float32Array(2 * layers * count * kvHeads * headDim), queries: queries.length > 0 ? new Float32Array(layers * queries.length * heads * headDim) : none };
    let hidden: Tensor = floats(this.embed(tokens), [1, count, width]);
    for (const { span, session } of this.parts) {
      const isLast = span.end === layers;
      const following = isLast ? (logits.length > 0 ? ['logits'] : []) : ['next'];
      const outputs = await session.run({ ...shared, ...context.feedsOf(span), ...window.feedsOf(span), hidden }, ['rows', ...(queries.length > 0 ? ['queries'] : []), ...following]);
      result.rows.set(outputs.rows, 2 * span.first * count * kvHeads * headDim);
      if (queries.length > 0) result.queries.set(outputs.queries, span.first * queries.length * heads * headDim);
      if (isLast) result.logits = outputs.logits ?? none;
      else hidden = floats(outputs.next, [1, count, width]);
    }
    return result;
  }

  async close(): Promise<void> {
    closeSync(this.embeddings);
    for (const { session } of this.parts) await session.close();
  }

  /** [T, width], read row by row from disk: the embedding is never resident as a whole. UserError where the file ends before a token's. */
  private embed(tokens: readonly number[]): Float32Array {
    const { width } = this.manifest.shape;
    const out = new Float32Array(tokens.length * width);
    const row = Buffer.alloc(width + 4);
    tokens.forEach((token, t) => {
      readWhole(this.embeddings, row, token * row.byteLength, this.embeddingPath);
      const scale = row.readFloatLE(width);
      for (let i = 0; i < width; i++) out[t * width + i] = ((row[i] << 24) >> 24) * scale;
    });
    return out;
  }

  /** cos and sin [T, hd/2] of the tokens' positions. */
  private rotationOf(positions: readonly number[]): Record<'cos' | 'sin', Tensor> {
    const { half } = this.rotation;
    const cos = new Float32Array(positions.length * half);
    const sin = new Float32Array(positions.length * half);
    for (const [t, position] of positions.entries()) {
      const table = this.rotation.table(position);
      cos.set(table.subarray(0, half), t * half);
      sin.set(table.subarray(half), t * half);
    }
    return { cos: floats(cos, [positions.length, half]), sin: floats(sin, [positions.length, half]) };
  }

  private causalBias(count: number): Float32Array {
    let bias = this.causal.get(count);
    if (!bias) {
      bias = new Float32Array(count * count);
      for (let i = 0; i < count; i++) bias.fill(MASKED, i * count + i + 1, (i + 1) * count);
      if (this.causal.size > CAUSAL_KEPT_MAX) this.causal.clear();
      this.causal.set(count, bias);
    }
    return bias;
  }
}

const CAUSAL_KEPT_MAX = 32;
