// A GGUF's model as our graph computes it, from its metadata and its list of tensors.
// Refuses factors of the rotation that do not fit a head.
import { basename } from 'node:path';
import { UserError } from '../../base/errors.js';
import { readTensor, type GgufFile } from '../gguf/read.js';
import { shapeOf, type ModelShape } from './shape.js';

const ROPE_FACTORS = 'rope_freqs.weight';

/** Throws a UserError that names the file and what is not supported. */
export function supportedShape(gguf: GgufFile): ModelShape {
  const file = basename(gguf.path);
  const shape = shapeOf(file, gguf.metadata);
  return gguf.tensors.has(ROPE_FACTORS) ? { ...shape, ropeFactors: ropeFactors(gguf, file, shape.headDim / 2) } : shape;
}

function ropeFactors(gguf: GgufFile, file: string, count: number): number[] {
  const factors = [...readTensor(gguf, ROPE_FACTORS)];
  if (factors.length !== count || !factors.every((factor) => factor > 0 && factor < Infinity)) {
    throw new UserError(`${file}: tensor '${ROPE_FACTORS}' is not ${count} divisors of frequencies: the file is damaged or of a kind that is not supported`);
  }
  return factors;
}
