// A GGUF's model as our graph computes it, from its metadata and its list of tensors.
// Refuses a file with a tensor that the graph would leave out: what such a model says would be wrong.
import { basename } from 'node:path';
import { UserError } from '../../base/errors.js';
import { readTensor, type GgufFile } from '../gguf/read.js';
import { shapeOf, type ModelShape } from './shape.js';

const ROPE_FACTORS = 'rope_freqs.weight';
const MODEL_TENSORS = ['token_embd.weight', 'output_norm.weight', 'output.weight', ROPE_FACTORS];
const LAYER_TENSORS = [
  ...['attn_norm', 'attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_norm', 'ffn_gate', 'ffn_up', 'ffn_down'].map((part) => `${part}.weight`),
  ...['attn_q', 'attn_k', 'attn_v'].map((part) => `${part}.bias`),
];

/** Throws a UserError that names the file and what is not supported. */
export function supportedShape(gguf: GgufFile): ModelShape {
  const file = basename(gguf.path);
  const shape = shapeOf(file, gguf.metadata);
  const computed = new Set([...MODEL_TENSORS, ...Array.from({ length: shape.layers }, (_, l) => LAYER_TENSORS.map((part) => `blk.${l}.${part}`)).flat()]);
  const other = [...gguf.tensors.keys()].find((name) => !computed.has(name));
  if (other !== undefined) throw new UserError(`${file}: the model needs its tensor '${other}', with which Kedge does not compute: choose another model`);
  return gguf.tensors.has(ROPE_FACTORS) ? { ...shape, ropeFactors: ropeFactors(gguf, file, shape.headDim / 2) } : shape;
}

function ropeFactors(gguf: GgufFile, file: string, count: number): number[] {
  const factors = [...readTensor(gguf, ROPE_FACTORS)];
  if (factors.length !== count || !factors.every((factor) => factor > 0 && factor < Infinity)) {
    throw new UserError(`${file}: tensor '${ROPE_FACTORS}' is not ${count} divisors of frequencies: the file is damaged or of a kind that is not supported`);
  }
  return factors;
}
