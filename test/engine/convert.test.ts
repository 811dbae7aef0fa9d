// What a conversion takes and leaves behind. Refuses to judge what the model says: parity and the engine's tests do.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asideOf } from '../../base/aside.js';
import { UserError } from '../../base/errors.js';
import { noProgress } from '../../base/progress.js';
import { openGguf, readTensor } from '../../engine/gguf/read.js';
import { convertModel } from '../../engine/graph/convert.js';
import { readManifest } from '../../engine/graph/manifest.js';
import { supportedShape } from '../../engine/graph/supported.js';
import { testDir } from '../harness/folders.js';
import { tinyVector, writeTinyGguf, type Tensor, type TinyGgufOptions } from '../harness/tiny-gguf.js';
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

describe('what the file holds', () => {
  /** Of so many numbers that its name alone is wrong. */
  const vector = (name: string, size = 2 * HEAD_DIM): Tensor => tinyVector(name, Array.from({ length: size }, () => 1));
  const taken: readonly { title: string; options: TinyGgufOptions }[] = [
    { title: 'a head tied to the embedding', options: { ...small, architecture: 'llama' } },
    { title: 'biases of queries, keys and values', options: { ...small, architecture: 'qwen2' } },
    { title: 'a head of its own', options: { ...small, architecture: 'qwen2', outputMatrix: true } },
    { title: 'factors of the rotation', options: { ...small, architecture: 'llama', tensors: [vector('rope_freqs.weight', HEAD_DIM / 2)] } },
  ];
  it.each(taken)('is taken: $title', async ({ options }) => {
    const path = join(testDir('taken'), 'model.gguf');
    writeTinyGguf(path, options);
    expect(supportedShape(await openGguf(path)).layers).toBe(2);
  });

  const refused: readonly { title: string; tensor: Tensor; line: RegExp }[] = [
    { title: 'a bias behind attention', tensor: vector('blk.0.attn_output.bias'), line: /^model\.gguf: .*'blk\.0\.attn_output\.bias'.*Kedge does not compute/ },
    { title: 'a norm of the queries', tensor: vector('blk.1.attn_q_norm.weight', HEAD_DIM), line: /'blk\.1\.attn_q_norm\.weight'/ },
    { title: 'a layer beyond the last', tensor: vector('blk.2.attn_norm.weight'), line: /'blk\.2\.attn_norm\.weight'/ },
    { title: 'something unknown', tensor: vector('new.invention'), line: /'new\.invention'/ },
    { title: 'too few factors', tensor: vector('rope_freqs.weight', HEAD_DIM / 4), line: /'rope_freqs\.weight'.*16/ },
    { title: 'a factor of nothing', tensor: tinyVector('rope_freqs.weight', Array.from({ length: HEAD_DIM / 2 }, (_, i) => i)), line: /'rope_freqs\.weight'/ },
  ];
  it.each(refused)('is refused in one line: $title', async ({ tensor, line }) => {
    const error = await tinyModel({ ...small, architecture: 'llama', tensors: [tensor] }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(line);
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
