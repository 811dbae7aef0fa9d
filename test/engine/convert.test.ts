// What a conversion takes and leaves behind. Refuses to judge what the model says: parity and the engine's tests do.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asideOf } from '../../base/aside.js';
import { UserError } from '../../base/errors.js';
import { noProgress } from '../../base/progress.js';
import { openGguf } from '../../engine/gguf/read.js';
import { convertModel } from '../../engine/graph/convert.js';
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
