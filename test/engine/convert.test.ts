// What a conversion takes and leaves behind. Refuses to judge what the model says: parity and the engine's tests do.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asideOf } from '../../base/aside.js';
import { UserError } from '../../base/errors.js';
import { noProgress } from '../../base/progress.js';
import { openGguf, readTensor } from '../../engine/gguf/read.js';
import { convertModel } from '../../engine/graph/convert.js';
import { readManifest } from '../../engine/graph/manifest.js';
import { supportedModel } from '../../engine/graph/supported.js';
import { Model } from '../../engine/model.js';
import { testDir } from '../harness/folders.js';
import { tinyVector, writeTinyGguf, type GgufValue, type Tensor, type TinyGgufOptions } from '../harness/tiny-gguf.js';
import { tinyModel } from '../harness/tiny-model.js';

it('deletes what a conversion left that was killed, and nothing of one that runs', async () => {
  const dir = testDir('convert');
  const gguf = join(dir, 'model.gguf');
  writeTinyGguf(gguf, { architecture: 'qwen2', seed: 1 });
  const converted = join(dir, 'converted');
  const { pid } = spawnSync(process.execPath, ['--version']);
  const [left, running] = [asideOf(converted, pid), asideOf(converted)];
  for (const path of [left, running]) mkdirSync(path);
  await convertModel(await openGguf(gguf), converted, { onProgress: noProgress });
  expect([converted, left, running].map((path) => existsSync(path))).toEqual([true, false, true]);
});

const HEAD_DIM = 32;
const small = { seed: 1, heads: 2, kvHeads: 1, headDim: HEAD_DIM, feedForward: 32 };
const WIDTH = 2 * HEAD_DIM;

describe('a conversion', () => {
  const whole = tinyModel({ ...small, architecture: 'qwen2' });

  it.each(['weights.bin', 'embedding.bin', 'head.bin', 'tokenizer.json', 'calibration.bin', 'decoder-u8s8-0.onnx'])('is none where %s is not as long as it was written', async (name) => {
    const dir = join(testDir('short'), 'converted');
    cpSync(await whole, dir, { recursive: true });
    expect(readManifest(dir)).toBeDefined();
    truncateSync(join(dir, name), statSync(join(dir, name)).size - 1);
    expect(readManifest(dir)).toBeUndefined();
    await expect(Model.open(dir)).rejects.toThrow(UserError);
  });

  it('names what it holds, and nothing else lies there', async () => {
    const dir = await whole;
    expect([...Object.keys(readManifest(dir)!.files), 'manifest.json'].sort()).toEqual(readdirSync(dir).sort());
  });

  it('gives no vector for a token whose own is not there', async () => {
    const dir = join(testDir('embedding'), 'converted');
    cpSync(await whole, dir, { recursive: true });
    const model = await Model.open(dir, { threads: 1 });
    truncateSync(join(dir, 'embedding.bin'), 10 * (WIDTH + 4) + 1);
    await expect(model.read([3, 9])).resolves.toBeDefined();
    await expect(model.read([3, 10])).rejects.toThrow(/embedding\.bin became shorter/);
    await model.close();
  });
});

describe("a model's digest", () => {
  const base: TinyGgufOptions = { ...small, architecture: 'qwen2', outputMatrix: true };
  const digestOf = async (options: TinyGgufOptions): Promise<string> => readManifest(await tinyModel(options))!.weightsDigest;
  const ofBase = digestOf(base);

  const others: readonly { title: string; options: TinyGgufOptions }[] = [
    { title: 'the rotation', options: { ...base, ropeBase: 500_000 } },
    { title: 'the epsilon of the norms', options: { ...base, metadata: { 'qwen2.attention.layer_norm_rms_epsilon': { f32: 1e-5 } } } },
    { title: 'how the width is split into heads', options: { ...base, metadata: { 'qwen2.attention.head_count': 4, 'qwen2.attention.head_count_kv': 2 } } },
  ];
  it.each(others)('depends on $title', async ({ options }) => {
    expect(await digestOf(options)).not.toBe(await ofBase);
  });

  it('depends on the embedding', async () => {
    const path = join(testDir('embedding'), 'model.gguf');
    const tokens = writeTinyGguf(path, base);
    const values = readTensor(await openGguf(path), 'token_embd.weight');
    values[values.length - 1] += 1;
    expect(await digestOf({ ...base, tensors: [{ name: 'token_embd.weight', dims: [WIDTH, tokens.length], type: 'F32', values }] })).not.toBe(await ofBase);
  });

  it('does not depend on names', async () => {
    expect(await digestOf({ ...base, metadata: { 'general.name': 'another' } })).toBe(await ofBase);
  });
});

describe('what the file holds', () => {
  /** Of so many numbers that its name alone is wrong. */
  const vector = (name: string, size = WIDTH): Tensor => tinyVector(name, Array.from({ length: size }, () => 1));
  const matrix = (name: string, rows: number, columns: number): Tensor => ({ ...vector(name, rows * columns), dims: [columns, rows] });
  const taken: readonly { title: string; options: TinyGgufOptions }[] = [
    { title: 'a head tied to the embedding', options: { ...small, architecture: 'llama' } },
    { title: 'biases of queries, keys and values', options: { ...small, architecture: 'qwen2' } },
    { title: 'a head of its own', options: { ...small, architecture: 'qwen2', outputMatrix: true } },
    { title: 'factors of the rotation', options: { ...small, architecture: 'llama', tensors: [vector('rope_freqs.weight', HEAD_DIM / 2)] } },
  ];
  it.each(taken)('is taken: $title', async ({ options }) => {
    const path = join(testDir('taken'), 'model.gguf');
    writeTinyGguf(path, options);
    expect(supportedModel(await openGguf(path)).shape.layers).toBe(2);
  });

  const only = (tensor: Tensor): Partial<TinyGgufOptions> => ({ tensors: [tensor] });
  const saying = (key: string, value: GgufValue | undefined): Partial<TinyGgufOptions> => ({ metadata: { [key]: value } });
  const refused: readonly { title: string; options: Partial<TinyGgufOptions>; line: RegExp }[] = [
    { title: 'a bias behind attention', options: only(vector('blk.0.attn_output.bias')), line: /'blk\.0\.attn_output\.bias'.*Kedge does not compute/ },
    { title: 'a norm of the queries', options: only(vector('blk.1.attn_q_norm.weight', HEAD_DIM)), line: /'blk\.1\.attn_q_norm\.weight'/ },
    { title: 'a layer beyond the last', options: only(vector('blk.2.attn_norm.weight')), line: /'blk\.2\.attn_norm\.weight'/ },
    { title: 'something unknown', options: only(vector('new.invention')), line: /'new\.invention'/ },
    { title: 'too few factors', options: only(vector('rope_freqs.weight', HEAD_DIM / 4)), line: /'rope_freqs\.weight'.*16/ },
    { title: 'a factor of nothing', options: only(tinyVector('rope_freqs.weight', Array.from({ length: HEAD_DIM / 2 }, (_, i) => i))), line: /'rope_freqs\.weight'/ },
    { title: 'billions of layers', options: saying('llama.block_count', 4_000_000_000), line: /'llama\.block_count' is 4000000000/ },
    { title: 'more layers than tensors', options: saying('llama.block_count', 1000), line: /'llama\.block_count' is 1000/ },
    { title: 'no layers', options: saying('llama.block_count', 0), line: /'llama\.block_count' is 0/ },
    { title: 'a layer that is missing', options: saying('llama.block_count', 3), line: /'blk\.2\.attn_norm\.weight' is missing/ },
    { title: 'half a head', options: saying('llama.attention.head_count', { f32: 2.5 }), line: /'llama\.attention\.head_count' is 2\.5/ },
    { title: 'no number', options: saying('llama.feed_forward_length', 'many'), line: /'llama\.feed_forward_length' is many/ },
    { title: 'heads that do not share KV heads', options: { heads: 3, kvHeads: 1, metadata: { 'llama.attention.head_count_kv': 2 } }, line: /3 heads.*2 KV heads/ },
    { title: 'heads that do not divide the width', options: saying('llama.attention.head_count', 5), line: /5 heads.*width of 64/ },
    { title: 'heads that cannot rotate', options: { metadata: { 'llama.attention.key_length': 31, 'llama.rope.dimension_count': 31 } }, line: /31 channels.*odd/ },
    { title: 'an epsilon below zero', options: saying('llama.attention.layer_norm_rms_epsilon', { f32: -1 }), line: /'llama\.attention\.layer_norm_rms_epsilon' is -1/ },
    { title: 'an endless rotation', options: saying('llama.rope.freq_base', { f32: Infinity }), line: /'llama\.rope\.freq_base' is Infinity/ },
    { title: 'fewer embeddings than tokens', options: only(matrix('token_embd.weight', 10, WIDTH)), line: /'token_embd\.weight' is 10 x 64.*x 64/ },
    { title: 'a matrix of another shape', options: only(matrix('blk.1.ffn_down.weight', WIDTH, 16)), line: /'blk\.1\.ffn_down\.weight' is 64 x 16, not 64 x 32/ },
    { title: 'a mark beyond the vocabulary', options: saying('tokenizer.ggml.fim_pre_token_id', 400_000), line: /'tokenizer\.ggml\.fim_pre_token_id' is 400000/ },
    { title: 'an opening beyond the vocabulary', options: { metadata: { 'tokenizer.ggml.add_bos_token': true, 'tokenizer.ggml.bos_token_id': 400_000 } }, line: /'tokenizer\.ggml\.bos_token_id' is 400000/ },
    { title: 'a word rule of its own', options: saying('tokenizer.ggml.pre', 'tekken'), line: /"tekken"/ },
    { title: 'an infinite number', options: only(tinyVector('blk.1.ffn_norm.weight', Array.from({ length: WIDTH }, (_, i) => (i === 5 ? Infinity : 1)))), line: /'blk\.1\.ffn_norm\.weight'.*damaged/ },
    { title: 'a number that is none', options: only(tinyVector('output_norm.weight', Array.from({ length: WIDTH }, (_, i) => (i === 5 ? NaN : 1)))), line: /'output_norm\.weight'.*damaged/ },
    { title: 'numbers too large to compute with', options: only(tinyVector('blk.0.attn_norm.weight', Array.from({ length: WIDTH }, () => 3e38))), line: /layer 0.*too large/ },
  ];
  it.each(refused)('is refused in one line: $title', async ({ options, line }) => {
    const path = join(testDir('refused'), 'model.gguf');
    writeTinyGguf(path, { ...small, architecture: 'llama', ...options });
    const error = await convertModel(await openGguf(path), join(path, '..', 'converted'), { onProgress: noProgress }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(line);
    expect((error as UserError).message).toContain(`${path}: `);
    expect((error as UserError).message).not.toContain('\n');
  });
});

describe("llama's order of queries and keys", () => {
  /** As llama.cpp's converter writes them: rows of each head's two halves in turn. */
  const interleaved = ({ name, dims, type, values }: Tensor): Tensor => {
    const columns = dims.length === 1 ? 1 : dims[0];
    const out = values.map((_, at) => {
      const [row, column] = [Math.floor(at / columns), at % columns];
      const [head, i] = [Math.floor(row / HEAD_DIM), row % HEAD_DIM];
      return values[(head * HEAD_DIM + (i % 2) * (HEAD_DIM / 2) + Math.floor(i / 2)) * columns + column];
    });
    return { name, dims, type, values: out };
  };

  /** The digest of all weights, and what calibration saw when the graph ran. */
  const convertedAs = async (architecture: TinyGgufOptions['architecture'], tensors: readonly Tensor[]) => {
    const dir = await tinyModel({ ...small, architecture, tensors, metadata: { 'tokenizer.ggml.pre': 'qwen2' } });
    return { digest: readManifest(dir)!.weightsDigest, calibration: readFileSync(join(dir, 'calibration.bin')).toString('base64') };
  };

  const tensorsOfQwen2 = async (): Promise<Tensor[]> => {
    const path = join(testDir('order'), 'model.gguf');
    writeTinyGguf(path, { ...small, architecture: 'qwen2' });
    const gguf = await openGguf(path);
    return [...gguf.tensors.values()].map(({ name, shape }) => ({ name, dims: [...shape].reverse(), type: 'F32', values: readTensor(gguf, name) }));
  };

  it('is undone for weights and biases alike', async () => {
    const tensors = await tensorsOfQwen2();
    const llama = tensors.map((tensor) => (/attn_[qk]/.test(tensor.name) ? interleaved(tensor) : tensor));
    expect(await convertedAs('llama', llama)).toEqual(await convertedAs('qwen2', tensors));
  });

  it('takes biases of queries and keys alone, as if the values had zeros', async () => {
    const tensors = await tensorsOfQwen2();
    const isOfValues = ({ name }: Tensor): boolean => name.endsWith('attn_v.bias');
    const [zeros, none] = [tensors.map((tensor) => (isOfValues(tensor) ? { ...tensor, values: tensor.values.map(() => 0) } : tensor)), tensors.filter((tensor) => !isOfValues(tensor))];
    expect((await convertedAs('llama', none)).calibration).toBe((await convertedAs('llama', zeros)).calibration);
  });
});
