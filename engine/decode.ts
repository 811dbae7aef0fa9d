// Greedy decoding after a prompt: first the bytes taken back by healing, then text until a rule, a bound or the model ends it.
// Refuses to know how logits are made or where the text goes.
import { assert } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import { headIndexOf, type ByteTokenizer, type HeadIndex } from './heal.js';
import { softmaxMax, softmaxMaxWithin, type Choice } from './sample.js';
import { trim } from './trim.js';
import { wholePart } from './trimming/bounds.js';
import { commentMarkOf } from './trimming/brackets.js';
import { placeOf, type Stop } from './trimming/place.js';

export interface LogitSource {
  /** Appends `ids` (of the vocabulary) to the sequence; gives the next token's logits [head], of which index i stands for headIds[i]. */
  logits(ids: readonly number[]): Promise<Float32Array>;
}

export interface DecodeOptions {
  /** Logits [head] after the prompt. */
  readonly first: Float32Array;
  /** From `heal`: the text begins after these bytes. */
  readonly pending: Uint8Array;
  readonly tokenizer: ByteTokenizer;
  readonly headIds: Int32Array;
  /** Of the file; it tells the language. */
  readonly path: string;
  readonly prefix: string;
  /** What stands behind the cursor, as far as the text has to fit it. */
  readonly suffix: string;
  readonly stop: Stop;
  /** Of text; those that spell pending bytes do not count. */
  readonly tokensMax: number;
  /** From the first token of text on; 0: no bound. */
  readonly decodeMsMax: number;
  /** Mean probability of the text's tokens under which the text is ''; 0: off. */
  readonly confidenceFloor: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

export interface Decoded {
  readonly text: string;
  /** Tokens of text, those that were trimmed away included. */
  readonly tokens: number;
  /** Their mean probability, 0 when there is none. */
  readonly confidence: number;
  /** From the call on. Without any token of text both are when that was known. */
  readonly firstTokenMs: number;
  readonly totalMs: number;
  /** Mean from one token of text to the next; 0 where there is no second. */
  readonly tokenMs: number;
}

/** Rejects with the signal's reason when aborted, which is looked at before every step. */
export async function decode(source: LogitSource, options: DecodeOptions): Promise<Decoded> {
  const { tokenizer, headIds, clock, signal } = options;
  const startMs = clock.nowMs();
  const place = placeOf(options.prefix, options.suffix, options.stop, commentMarkOf(options.path));
  const text = new Utf8Text();
  let { logits, pending } = { logits: options.first, pending: options.pending };
  let firstMs: number | undefined;
  let lastMs = startMs;
  let tokens = 0;
  let probabilities = 0;
  for (;;) {
    signal?.throwIfAborted();
    assert(logits.length === headIds.length, `${logits.length} logits for a head of ${headIds.length} tokens`);
    const choice = choose(logits, pending, headIndexOf(tokenizer, headIds));
    if (!choice) {
      // The head cannot spell what was taken back: it is read as it was.
      logits = await source.logits(tokenizer.encode(Buffer.from(pending).toString('utf8')));
      pending = nothing;
      continue;
    }
    const id = headIds[choice.index];
    const bytes = tokenizer.bytesOf(id);
    if (tokenizer.isSpecial(id) || bytes.length === 0) break;
    if (bytes.length > pending.length) {
      const nowMs = clock.nowMs();
      firstMs ??= nowMs;
      const isOver = options.decodeMsMax > 0 && nowMs - firstMs >= options.decodeMsMax;
      if (tokens >= options.tokensMax || (isOver && tokens > 0)) {
        text.keep((raw) => wholePart(raw, new TextDecoder().decode(bytes), place));
        break;
      }
      lastMs = nowMs;
      tokens++;
      probabilities += choice.probability;
      text.append(bytes.subarray(pending.length));
      if (trim(text.raw, place).ended) break;
    }
    pending = pending.subarray(Math.min(bytes.length, pending.length));
    logits = await source.logits([id]);
  }
  const endMs = clock.nowMs();
  const confidence = tokens > 0 ? probabilities / tokens : 0;
  return {
    text: confidence < options.confidenceFloor ? '' : trim(text.raw, place).text,
    tokens,
    confidence,
    firstTokenMs: (firstMs ?? endMs) - startMs,
    totalMs: endMs - startMs,
    tokenMs: tokens > 1 ? (lastMs - firstMs!) / (tokens - 1) : 0,
  };
}

const nothing = new Uint8Array();

/** The best token; while bytes are pending, the best of those that spell them, with its probability among these; undefined where the head has none. */
function choose(logits: Float32Array, pending: Uint8Array, index: HeadIndex): Choice | undefined {
  return pending.length === 0 ? softmaxMax(logits) : softmaxMaxWithin(logits, index.candidates(pending));
}

/** Text out of bytes, at any moment its whole characters only. */
class Utf8Text {
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  raw = '';

  append(bytes: Uint8Array): void {
    this.raw += this.decoder.decode(bytes, { stream: true });
  }

  keep(part: (raw: string) => string): void {
    this.raw = part(this.raw);
  }
}
