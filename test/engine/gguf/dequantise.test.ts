// Every format, value by value and bit by bit, against what the Python `gguf` package gives. Refuses tolerances.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytesPerRow, dequantisableTypes, dequantise } from '../../../engine/gguf/dequantise.js';

interface Golden {
  type: string;
  values: number;
  blocks: string;
  expected: string;
}

const goldens = JSON.parse(readFileSync(new URL('../../parity/dequant.json', import.meta.url), 'utf8')) as Golden[];

const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);

describe('dequantise', () => {
  it('has a golden for every format', () => {
    expect(goldens.map((golden) => golden.type).sort()).toEqual([...dequantisableTypes].sort());
  });

  for (const golden of goldens) {
    it(`${golden.type}: ${golden.values} values equal the reference`, () => {
      const padded = Buffer.concat([Buffer.from([0]), Buffer.from(golden.blocks, 'base64')]);
      const expected = new Float32Array(new Uint8Array(Buffer.from(golden.expected, 'base64')).buffer);
      const out = new Float32Array(golden.values);
      dequantise(golden.type, padded.subarray(1), out);
      const differing = [...bitsOf(out)].findIndex((bits, index) => bits !== bitsOf(expected)[index]);
      expect({ differing, ours: out[differing], reference: expected[differing] }).toEqual({ differing: -1 });
    });
  }

  it('knows the size of a row, and that a row is whole blocks', () => {
    expect(bytesPerRow('Q4_K', 512)).toBe(288);
    expect(bytesPerRow('Q4_K', 128)).toBeUndefined();
    expect(bytesPerRow('IQ2_XXS', 256)).toBeUndefined();
  });

  it('asserts that bytes and values agree', () => {
    expect(() => dequantise('Q8_0', new Uint8Array(34), new Float32Array(64))).toThrow(/invariant/);
  });
});
