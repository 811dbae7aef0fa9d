// Writes a tiny random model as a GGUF file, whole enough for every code path of the real one: metadata, byte-level BPE vocabulary, tensors.
// Refuses to be good at completing: its values only keep activations sane.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface TinyGgufOptions {
  architecture: 'qwen2' | 'llama';
  /** The same seed writes the same bytes. */
  seed: number;
  layers?: number;
  heads?: number;
  kvHeads?: number;
  headDim?: number;
  feedForward?: number;
  contextLength?: number;
  ropeBase?: number;
  /** How matrices are stored; vectors are always F32. */
  matrices?: 'F32' | 'Q8_0';
  /** Whether the fill-in-the-middle tokens exist; true unless told. */
  fillInTheMiddle?: boolean;
  /** Writes an output matrix instead of tying it to the embedding. */
  outputMatrix?: boolean;
  /** Overrides or adds metadata; undefined leaves a key out. */
  metadata?: Record<string, GgufValue | undefined>;
  /** Override the tensors of their names, or are added. */
  tensors?: readonly Tensor[];
}

/** A number is written as UINT32, { f32 } as FLOAT32, an array of numbers as INT32s. */
export type GgufValue = number | { f32: number } | string | boolean | readonly string[] | readonly number[];

const specialTokens = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];
const fimTokens = ['<|fim_prefix|>', '<|fim_middle|>', '<|fim_suffix|>', '<|repo_name|>', '<|file_sep|>'];

// Each line's parts are single bytes or results of earlier lines, in GPT-2's byte alphabet (Ġ is a blank, Ċ a newline).
const merges = [
  'Ġ Ġ', 'ĠĠ ĠĠ', 'i n', 'e r', 'r e', 'o n', 't e', 's t', 'o r', 'u n', 'f un', 'c t', 'i on', 'ct ion', 'fun ction',
  'd e', 'de f', 're t', 'u r', 'ret ur', 'retur n', 's e', 'l f', 'se lf', 'i s', 't h', 'th is', ': Ċ', ') :Ċ', '; Ċ', ') ;Ċ',
  'Ġ =', 'Ċ Ċ', 'o m', 'm p', 'i m', 'im p', 'or t', 'imp ort', 'p ort', 'c on', 'con st', 'l e', 'a n', 'a l', 'u e', 'v al', 'val ue',
  'e x', 'ex port', 'n a', 'm e', 'na me', 'Ġ name', 'Ġ value', 'Ġ self', 'c l', 'a s', 'cl as', 'clas s', 'Ġ return', 'i t',
  'f r', 'fr om', 'a t', 'a r', 'e n', 'Ġ {', '{ Ċ', '} Ċ', '( )', '\' \'', '" "', '= >', 'Ġ =>', '= =', '1 0', 'Ã ©',
];

export const tinyVector = (name: string, values: readonly number[]): Tensor => ({ name, dims: [values.length], type: 'F32', values: Float32Array.from(values) });

/** Writes the file and returns its token strings, by id: 256 bytes, then one per merge, then the special tokens. */
export function writeTinyGguf(path: string, options: TinyGgufOptions): string[] {
  const { architecture, layers = 2, heads = 4, kvHeads = 2, headDim = 32, feedForward = 160 } = options;
  const width = heads * headDim;
  const tokens = vocabulary(options.fillInTheMiddle ?? true);
  const random = gaussian(options.seed);
  const tensors: Tensor[] = [];
  const matrix = (name: string, rows: number, columns: number, spread: number) =>
    tensors.push({ name, dims: [columns, rows], type: options.matrices ?? 'F32', values: fill(rows * columns, () => (random() * spread) / Math.sqrt(columns)) });
  const vector = (name: string, size: number, centre: number, spread: number) =>
    tensors.push({ name, dims: [size], type: 'F32', values: fill(size, () => centre + random() * spread) });

  matrix('token_embd.weight', tokens.length, width, 0.3 * Math.sqrt(width));
  vector('output_norm.weight', width, 1, 0.1);
  if (options.outputMatrix) matrix('output.weight', tokens.length, width, 3);
  for (let layer = 0; layer < layers; layer++) {
    const at = `blk.${layer}`;
    vector(`${at}.attn_norm.weight`, width, 1, 0.1);
    for (const [part, rows, spread] of [['q', heads * headDim, 1.5], ['k', kvHeads * headDim, 1.5], ['v', kvHeads * headDim, 1]] as const) {
      matrix(`${at}.attn_${part}.weight`, rows, width, spread);
      if (architecture === 'qwen2') vector(`${at}.attn_${part}.bias`, rows, 0, 0.5);
    }
    matrix(`${at}.attn_output.weight`, width, heads * headDim, 1);
    vector(`${at}.ffn_norm.weight`, width, 1, 0.1);
    matrix(`${at}.ffn_gate.weight`, feedForward, width, 1);
    matrix(`${at}.ffn_up.weight`, feedForward, width, 1);
    matrix(`${at}.ffn_down.weight`, width, feedForward, 1);
  }

  const id = (token: string) => tokens.indexOf(token);
  const metadata: Record<string, GgufValue | undefined> = {
    'general.architecture': architecture,
    'general.type': 'model',
    'general.name': `Tiny random ${architecture}`,
    'general.file_type': options.matrices === 'Q8_0' ? 7 : 0,
    'general.quantization_version': 2,
    [`${architecture}.block_count`]: layers,
    [`${architecture}.context_length`]: options.contextLength ?? 4096,
    [`${architecture}.embedding_length`]: width,
    [`${architecture}.feed_forward_length`]: feedForward,
    [`${architecture}.attention.head_count`]: heads,
    [`${architecture}.attention.head_count_kv`]: kvHeads,
    [`${architecture}.attention.layer_norm_rms_epsilon`]: { f32: 1e-6 },
    [`${architecture}.rope.freq_base`]: { f32: options.ropeBase ?? 10000 },
    ...(architecture === 'llama' ? { 'llama.rope.dimension_count': headDim, 'llama.vocab_size': tokens.length } : {}),
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': architecture === 'llama' ? 'smollm' : 'qwen2',
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': tokens.map((token) => (/^<\|.*\|>$/.test(token) ? 3 : 1)),
    'tokenizer.ggml.merges': merges,
    'tokenizer.ggml.bos_token_id': id('<|endoftext|>'),
    'tokenizer.ggml.eos_token_id': id('<|im_end|>'),
    'tokenizer.ggml.padding_token_id': id('<|endoftext|>'),
    'tokenizer.ggml.add_bos_token': false,
    ...((options.fillInTheMiddle ?? true)
      ? {
          'tokenizer.ggml.fim_pre_token_id': id('<|fim_prefix|>'),
          'tokenizer.ggml.fim_suf_token_id': id('<|fim_suffix|>'),
          'tokenizer.ggml.fim_mid_token_id': id('<|fim_middle|>'),
          'tokenizer.ggml.fim_rep_token_id': id('<|repo_name|>'),
          'tokenizer.ggml.fim_sep_token_id': id('<|file_sep|>'),
        }
      : {}),
    ...options.metadata,
  };
  writeGguf(path, metadata, [...new Map([...tensors, ...(options.tensors ?? [])].map((tensor) => [tensor.name, tensor])).values()]);
  return tokens;
}

function vocabulary(fillInTheMiddle: boolean): string[] {
  const merged = merges.map((merge) => merge.replace(' ', ''));
  return [...new Set([...byteAlphabet(), ...merged, ...specialTokens, ...(fillInTheMiddle ? fimTokens : [])])];
}

/** GPT-2's printable character for each byte: itself where printable, else U+0100 onwards. */
export function byteAlphabet(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCodePoint(printable ? byte : next++);
  });
}

export interface Tensor {
  name: string;
  /** As GGUF has it: columns first. */
  dims: number[];
  type: 'F32' | 'Q8_0';
  values: Float32Array;
}

const typeIds = { F32: 0, Q8_0: 8 } as const;
const alignmentBytes = 32;

export function writeGguf(path: string, metadata: Record<string, GgufValue | undefined>, tensors: readonly Tensor[]): void {
  const entries = Object.entries(metadata).filter((entry): entry is [string, GgufValue] => entry[1] !== undefined);
  const head: Buffer[] = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(entries.length)];
  for (const [key, value] of entries) head.push(text(key), ...encodeValue(value));
  const data: Buffer[] = [];
  let offset = 0;
  for (const tensor of tensors) {
    const bytes = padded(tensor.type === 'Q8_0' ? toQ8_0(tensor.values) : Buffer.from(tensor.values.buffer, tensor.values.byteOffset, tensor.values.byteLength));
    head.push(text(tensor.name), u32(tensor.dims.length), ...tensor.dims.map(u64), u32(typeIds[tensor.type]), u64(offset));
    data.push(bytes);
    offset += bytes.length;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.concat([padded(Buffer.concat(head)), ...data]));
}

function encodeValue(value: GgufValue): Buffer[] {
  if (typeof value === 'number') return [u32(4), u32(value)];
  if (typeof value === 'boolean') return [u32(7), Buffer.from([value ? 1 : 0])];
  if (typeof value === 'string') return [u32(8), text(value)];
  if ('f32' in value) return [u32(6), Buffer.from(new Float32Array([value.f32]).buffer)];
  const strings = typeof value[0] === 'string';
  return [u32(9), u32(strings ? 8 : 5), u64(value.length), ...value.map((item) => (typeof item === 'string' ? text(item) : u32(item)))];
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([u64(bytes.length), bytes]);
}

function padded(bytes: Buffer): Buffer {
  const missing = (alignmentBytes - (bytes.length % alignmentBytes)) % alignmentBytes;
  return Buffer.concat([bytes, Buffer.alloc(missing)]);
}

/** Blocks of 32: a half-precision scale (always a normal number here), then 32 signed bytes. */
function toQ8_0(values: Float32Array): Buffer {
  const out = Buffer.alloc((values.length / 32) * 34);
  for (let block = 0; block < values.length / 32; block++) {
    const part = values.subarray(block * 32, block * 32 + 32);
    const exact = part.reduce((most, value) => Math.max(most, Math.abs(value)), 2 ** -14) / 127;
    const exponent = Math.max(-14, Math.floor(Math.log2(exact)));
    const fraction = Math.min(1023, Math.max(0, Math.round((exact / 2 ** exponent - 1) * 1024)));
    const scale = (1 + fraction / 1024) * 2 ** exponent;
    out.writeUInt16LE(((exponent + 15) << 10) | fraction, block * 34);
    part.forEach((value, index) => out.writeInt8(Math.max(-127, Math.min(127, Math.round(value / scale))), block * 34 + 2 + index));
  }
  return out;
}

function fill(size: number, value: () => number): Float32Array {
  return Float32Array.from({ length: size }, value);
}

/** Mean 0, variance 1, from four uniform numbers (mulberry32), so that no platform's logarithm matters. */
function gaussian(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => (uniform() + uniform() + uniform() + uniform() - 2) * Math.sqrt(3);
}
