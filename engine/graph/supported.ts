// A GGUF's model as our graph computes it, from its metadata and its list of tensors.
// Refuses a file with a tensor that the graph would leave out or read wrongly: what such a model says would be wrong.
import { UserError } from '../../base/errors.js';
import { readTensor, type GgufFile } from '../gguf/read.js';
import { openingToken, tokenizerDataFromGguf, type TokenizerData } from '../tokenizer.js';
import { checkedId, fillInTheMiddle, type FillInTheMiddle, type FimTokens } from './marks.js';
import { shapeOf, type ModelShape } from './shape.js';

export interface SupportedModel {
  readonly shape: ModelShape;
  readonly tokenizer: TokenizerData;
  /** Null for a model that completes from the prefix alone. */
  readonly fim: FillInTheMiddle | null;
  /** Id of the token that opens every text; undefined where the model asks for none. */
  readonly opening: number | undefined;
}

/** Reads little of the file. `fim`: from the catalogue, where it knows the file. Throws a UserError that names the file and what is not supported. */
export function supportedModel(gguf: GgufFile, fim?: FimTokens | null): SupportedModel {
  const { path, metadata } = gguf;
  const shape = supportedShape(gguf);
  const tokenizer = tokenizerDataFromGguf(path, metadata);
  const opening = openingToken(metadata);
  if (opening !== undefined) checkedId(path, 'tokenizer.ggml.bos_token_id', opening, shape.vocabularySize);
  return { shape, tokenizer, fim: fillInTheMiddle(path, metadata, tokenizer, fim), opening };
}

const EMBEDDING = 'token_embd.weight';
const HEAD = 'output.weight';
const ROPE_FACTORS = 'rope_freqs.weight';

/** [rows, columns], or [values] of a vector. */
type TensorShape = readonly number[];

interface Expected {
  readonly shape: TensorShape;
  readonly optional?: true;
}

function expectedTensors({ layers, width, heads, kvHeads, headDim, feedForward, vocabularySize }: ModelShape): Map<string, Expected> {
  const projections = { attn_q: heads * headDim, attn_k: kvHeads * headDim, attn_v: kvHeads * headDim };
  const ofLayer: readonly [string, Expected][] = [
    ['attn_norm.weight', { shape: [width] }],
    ...Object.entries(projections).flatMap(([part, size]): [string, Expected][] => [
      [`${part}.weight`, { shape: [size, width] }],
      [`${part}.bias`, { shape: [size], optional: true }],
    ]),
    ['attn_output.weight', { shape: [width, heads * headDim] }],
    ['ffn_norm.weight', { shape: [width] }],
    ['ffn_gate.weight', { shape: [feedForward, width] }],
    ['ffn_up.weight', { shape: [feedForward, width] }],
    ['ffn_down.weight', { shape: [width, feedForward] }],
  ];
  return new Map<string, Expected>([
    [EMBEDDING, { shape: [vocabularySize, width] }],
    ['output_norm.weight', { shape: [width] }],
    [HEAD, { shape: [vocabularySize, width], optional: true }],
    [ROPE_FACTORS, { shape: [headDim / 2], optional: true }],
    ...Array.from({ length: layers }, (_, l) => ofLayer.map(([part, expected]): [string, Expected] => [`blk.${l}.${part}`, expected])).flat(),
  ]);
}

function supportedShape(gguf: GgufFile): ModelShape {
  const file = gguf.path;
  const shape = shapeOf(file, gguf.metadata);
  if (shape.layers > gguf.tensors.size) throw new UserError(`${file}: metadata '${shape.architecture}.block_count' is ${shape.layers}, more than there are tensors: the file is damaged; choose another`);
  const expected = expectedTensors(shape);
  const other = [...gguf.tensors.keys()].find((name) => !expected.has(name));
  if (other !== undefined) throw new UserError(`${file}: the model needs its tensor '${other}', with which Kedge does not compute: choose another model`);
  for (const [name, { shape: wanted, optional }] of expected) {
    const found = gguf.tensors.get(name)?.shape;
    if (!found && !optional) throw new UserError(`${file}: tensor '${name}' is missing: the file is damaged; choose another`);
    if (found && !fits(name, found, wanted)) {
      throw new UserError(`${file}: tensor '${name}' is ${found.join(' x ')}, not ${wanted.join(' x ')} as the metadata says: the file is damaged or of a kind that is not supported; choose another`);
    }
  }
  return gguf.tensors.has(ROPE_FACTORS) ? { ...shape, ropeFactors: ropeFactors(gguf) } : shape;
}

/** Embedding and head may have rows for more tokens than there are: these only fill a matrix up. */
function fits(name: string, [rows, ...others]: TensorShape, [rowsWanted, ...othersWanted]: TensorShape): boolean {
  const isFilledUp = name === EMBEDDING || name === HEAD;
  return (isFilledUp ? rows >= rowsWanted : rows === rowsWanted) && others.join() === othersWanted.join();
}

function ropeFactors(gguf: GgufFile): number[] {
  const factors = [...readTensor(gguf, ROPE_FACTORS)];
  if (!factors.every((factor) => factor > 0)) throw new UserError(`${gguf.path}: tensor '${ROPE_FACTORS}' holds numbers that divide no frequency: the file is damaged; choose another`);
  return factors;
}
