// Opening GGUF files: what a good one gives, and the one clear line that a bad one gets. Refuses the real model: tiny ones are enough.
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../../base/errors.js';
import { openGguf, readRows, readTensor } from '../../../engine/gguf/read.js';
import { tinyVector, writeTinyGguf } from '../../harness/tiny-gguf.js';

let dir: string;
beforeAll(() => void (dir = mkdtempSync(join(tmpdir(), 'kedge-gguf-'))));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('openGguf', () => {
  for (const architecture of ['qwen2', 'llama'] as const) {
    it(`lists metadata and tensors of a ${architecture} model`, async () => {
      const path = join(dir, `${architecture}.gguf`);
      const tokens = writeTinyGguf(path, { architecture, seed: 1, layers: 3 });
      const file = await openGguf(path);
      expect(file.architecture).toBe(architecture);
      expect(file.metadata[`${architecture}.block_count`]).toBe(3);
      expect(file.metadata['tokenizer.ggml.tokens']).toEqual(tokens);
      expect(file.metadata.tensor_count).toBe(file.tensors.size);
      expect(file.tensors.get('token_embd.weight')).toMatchObject({ shape: [tokens.length, 128], type: 'F32' });
      expect(file.tensors.get('blk.2.ffn_down.weight')!.shape).toEqual([128, 160]);
      expect(file.tensors.has('blk.0.attn_q.bias')).toBe(architecture === 'qwen2');
    });
  }

  it('writes the same bytes for the same seed, others for another', () => {
    const [first, second, third] = [5, 5, 6].map((seed, index) => {
      const path = join(dir, `seed${index}.gguf`);
      writeTinyGguf(path, { architecture: 'qwen2', seed });
      return readFileSync(path);
    });
    expect(first.equals(second)).toBe(true);
    expect(first.equals(third)).toBe(false);
  });

  it('reads rows that are a slice of the whole tensor, near the exact values when they are quantised', async () => {
    const [exactPath, roundedPath] = ['F32', 'Q8_0'].map((matrices) => {
      const path = join(dir, `${matrices}.gguf`);
      writeTinyGguf(path, { architecture: 'qwen2', seed: 2, matrices: matrices as 'F32' | 'Q8_0' });
      return path;
    });
    const [exact, rounded] = [await openGguf(exactPath), await openGguf(roundedPath)];
    expect(rounded.tensors.get('blk.0.ffn_up.weight')!.type).toBe('Q8_0');
    const whole = readTensor(exact, 'blk.0.ffn_up.weight');
    expect(whole.length).toBe(160 * 128);
    expect(readRows(exact, 'blk.0.ffn_up.weight', 7, 2)).toEqual(whole.slice(7 * 128, 9 * 128));
    const error = readTensor(rounded, 'blk.0.ffn_up.weight').reduce((most, value, index) => Math.max(most, Math.abs(value - whole[index])), 0);
    const largest = whole.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(largest / 200);
    expect(readRows(exact, 'output_norm.weight', 0, 1).length).toBe(128);
    expect(() => readRows(exact, 'output_norm.weight', 0, 2)).toThrow(/invariant/);
    expect(() => readTensor(exact, 'absent')).toThrow(UserError);
  });

  const bad: readonly { title: string; make(path: string): void; line: RegExp }[] = [
    { title: 'an absent file', make: () => {}, line: /does not exist/ },
    { title: 'a text file', make: (path) => writeFileSync(path, 'hello, this is no model'), line: /is not a GGUF file/ },
    { title: 'an empty file', make: (path) => writeFileSync(path, ''), line: /is not a GGUF file/ },
    { title: 'the magic number alone', make: (path) => writeFileSync(path, 'GGUF'), line: /is not a GGUF file|cut short/ },
    { title: 'a file of another format', make: (path) => tiny(path, { metadata: { 'general.architecture': undefined } }), line: /without a model/ },
    { title: 'metadata of an unknown type', make: (path) => writeFileSync(path, headOf(words(1), Buffer.from('a'), words32(99))), line: /cannot be read: Unsupported metadata type: 99/ },
    { title: 'metadata of more values than are read', make: (path) => writeFileSync(path, headOf(words(1), Buffer.from('a'), words32(9, 4), words(2_000_000))), line: /cannot be read: Metadata array length 2000000/ },
    { title: 'a part of several', make: (path) => tiny(path, { metadata: { 'split.count': 3 } }), line: /split over several files/ },
  ];
  for (const { title, make, line } of bad) {
    it(`says in one line what is wrong with ${title}`, async () => {
      const path = join(dir, 'bad.gguf');
      rmSync(path, { force: true });
      make(path);
      await expectLine(path, line);
    });
  }

  it('gives no numbers that are none', async () => {
    const path = join(dir, 'infinite.gguf');
    tiny(path, { tensors: [tinyVector('output_norm.weight', [1, -Infinity, 2])] });
    const file = await openGguf(path);
    expect(() => readTensor(file, 'output_norm.weight')).toThrow(/infinite\.gguf: tensor 'output_norm\.weight'.*damaged/);
    expect(readTensor(file, 'blk.0.attn_norm.weight')).toHaveLength(128);
  });

  it('finds a file cut short wherever it is cut', async () => {
    const path = join(dir, 'cut.gguf');
    tiny(path, {});
    const whole = readFileSync(path);
    for (const bytes of [whole.length - 33, Math.floor(whole.length / 2), 20_000, 9_000, 2_000, 300, 30]) {
      writeFileSync(path, whole);
      truncateSync(path, bytes);
      await expectLine(path, /is cut short/);
    }
  });
});

const words = (...values: readonly number[]): Buffer => Buffer.from(BigUint64Array.from(values, BigInt).buffer);
const words32 = (...values: readonly number[]): Buffer => Buffer.from(Uint32Array.from(values).buffer);
/** A GGUF of no tensors and one entry of metadata. */
const headOf = (...entry: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from('GGUF'), words32(3), words(0, 1), ...entry]);

function tiny(path: string, options: Partial<Parameters<typeof writeTinyGguf>[1]>): void {
  writeTinyGguf(path, { architecture: 'qwen2', seed: 3, ...options });
}

async function expectLine(path: string, line: RegExp): Promise<void> {
  const error = await openGguf(path).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UserError);
  const { message } = error as UserError;
  expect(message).toMatch(line);
  expect(message).toContain(path);
  expect(message).not.toContain('\n');
}
