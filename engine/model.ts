// A converted model, opened: tokens in; logits, rows and queries out. Refuses to keep any state between calls.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../base/errors.js';
import { readManifest, type Manifest } from './graph/manifest.js';
import { ContextRows, MASKED, Rotation, WindowRows } from './rows.js';
import { floats, integers, Session, type SessionOptions } from './session.js';
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

export class Model {
  readonly rotation: Rotation;
  readonly noContext: ContextRows;
  private readonly embeddings: number;
  private readonly causal = new Map<number, Float32Array>();

  private constructor(
    readonly manifest: Manifest,
    readonly tokenizer: Tokenizer,
    /** Token ids of the output head, ascending. */
    readonly headIds: Int32Array,
    private readonly session: Session,
    dir: string,
    /** Which arithmetic the decoder uses on this processor: part of every segment's recipe. */
    readonly numericClass: NumericClass,
  ) {
    this.rotation = new Rotation(manifest.shape);
    this.noContext = ContextRows.none(manifest.shape);
    this.embeddings = openSync(join(dir, 'embedding.bin'), 'r');
  }

  /** `numericClass`: what the processor needs, where it is left out. */
  static async open(dir: string, options: SessionOptions & { readonly numericClass?: NumericClass } = {}): Promise<Model> {
    const manifest = readManifest(dir);
    if (!manifest) throw new UserError(`${dir} holds no converted model of this version: run 'kedge model pull'`);
    const numericClass = options.numericClass ?? ((await saturates()) ? 'u7s8' : 'u8s8');
    const tokenizer = new Tokenizer(JSON.parse(readFileSync(join(dir, 'tokenizer.json'), 'utf8')));
    const head = readFileSync(join(dir, 'head.bin'));
    const headIds = new Int32Array(head.buffer.slice(head.byteOffset, head.byteOffset + head.byteLength));
    const session = await Session.open(join(dir, `decoder-${numericClass}.onnx`), options);
    return new Model(manifest, tokenizer, headIds, session, dir, numericClass);
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
    const { tokens, positions, context, window } = request;
    const wantsLogits = request.logits !== undefined && request.logits.length > 0;
    const wantsQueries = request.queries !== undefined && request.queries.length > 0;
    const count = tokens.length;
    const feeds = {
      ...context.feeds,
      ...window.feeds,
      embeddings: floats(this.embed(tokens), [1, count, this.manifest.shape.width]),
      positions: integers(positions, [1, count]),
      new_bias: floats(request.newBias ?? this.causalBias(count), [count, count]),
      logit_index: integers(wantsLogits ? request.logits : [count - 1]),
      query_index: integers(wantsQueries ? request.queries : [count - 1]),
    };
    const fetches = ['rows', ...(wantsLogits ? ['logits'] : []), ...(wantsQueries ? ['queries'] : [])];
    const outputs = await this.session.run(feeds, fetches);
    const none = new Float32Array(0);
    return { rows: outputs.rows, logits: outputs.logits ?? none, queries: outputs.queries ?? none };
  }

  async close(): Promise<void> {
    closeSync(this.embeddings);
    await this.session.close();
  }

  /** [T, width], read row by row from disk: the embedding is never resident as a whole. */
  private embed(tokens: readonly number[]): Float32Array {
    const { width } = this.manifest.shape;
    const out = new Float32Array(tokens.length * width);
    const row = Buffer.alloc(width + 4);
    tokens.forEach((token, t) => {
      readSync(this.embeddings, row, 0, row.byteLength, token * row.byteLength);
      const scale = row.readFloatLE(width);
      for (let i = 0; i < width; i++) out[t * width + i] = ((row[i] << 24) >> 24) * scale;
    });
    return out;
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
