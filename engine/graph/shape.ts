// A decoder's dimensions, read from a GGUF's metadata, and the frequencies of its rotation. Refuses architectures whose graph we do not write.
import { UserError } from '../../base/errors.js';

/** Those whose graph we write. */
export const architectures = ['qwen2', 'llama'] as const;
export type Architecture = (typeof architectures)[number];

export interface ModelShape {
  readonly architecture: Architecture;
  readonly name: string;
  readonly layers: number;
  /** Width of the residual stream. */
  readonly width: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Width inside the feed-forward block. */
  readonly feedForward: number;
  readonly ropeBase: number;
  /** [headDim / 2]: what each frequency is divided by, as in Llama 3.1 and later; absent: by nothing. */
  readonly ropeFactors?: readonly number[];
  readonly normEpsilon: number;
  readonly vocabularySize: number;
  /** Positions that context and window may take. */
  readonly positionsMax: number;
}

/** How a model's heads rotate. */
export type Rotary = Pick<ModelShape, 'headDim' | 'ropeBase' | 'ropeFactors'>;

/** Radians a position, of each pair of channels i and i + headDim / 2: [headDim / 2]. */
export function frequenciesOf({ headDim, ropeBase, ropeFactors }: Rotary): Float64Array {
  const half = headDim / 2;
  return Float64Array.from({ length: half }, (_, i) => ropeBase ** (-i / half) / (ropeFactors?.[i] ?? 1));
}

/** Layers `first` to `end`, which is not of them. */
export interface LayerSpan {
  readonly first: number;
  readonly end: number;
}

/** A model runs in so many parts, one after another: context rows are in memory for one part at a time. */
const PARTS = 8;

/** The layers of each part, in order; fewer parts where a model has fewer layers. */
export function partsOf({ layers }: Pick<ModelShape, 'layers'>): LayerSpan[] {
  const size = Math.ceil(layers / PARTS);
  return Array.from({ length: Math.ceil(layers / size) }, (_, p) => ({ first: p * size, end: Math.min(layers, (p + 1) * size) }));
}

/** Layers of the largest part. */
export const largestPart = (shape: Pick<ModelShape, 'layers'>): number => Math.max(...partsOf(shape).map(({ first, end }) => end - first));

/** No context longer than this is ever composed, whatever the model was trained for. */
const POSITIONS_MAX = 32_768;
/** No number of a model's metadata is larger. */
const SIZE_MAX = 1 << 24;

/** Throws a UserError that names `file` and what is not supported. */
export function shapeOf(file: string, metadata: Readonly<Record<string, unknown>>): ModelShape {
  const fault = (what: string): UserError => new UserError(`${file}: ${what}; choose another model`);
  const architecture = architectures.find((known) => known === metadata['general.architecture']);
  if (!architecture) throw fault(`architecture '${String(metadata['general.architecture'])}' is not supported (supported: ${architectures.join(', ')})`);
  const value = (key: string, otherwise: number | undefined, isFit: (value: number) => boolean, what: string): number => {
    const name = `${architecture}.${key}`;
    const found = metadata[name] ?? otherwise;
    if (found === undefined) throw fault(`metadata '${name}' is missing`);
    if (typeof found !== 'number' || !isFit(found)) throw fault(`metadata '${name}' is ${String(found)}, not ${what}`);
    return found;
  };
  const size = (key: string, otherwise?: number): number => value(key, otherwise, (found) => Number.isInteger(found) && found > 0 && found <= SIZE_MAX, `a whole number from 1 to ${SIZE_MAX}`);
  const positive = (key: string, otherwise?: number): number => value(key, otherwise, (found) => found > 0 && found < Infinity, 'a number above zero');
  const scaling = metadata[`${architecture}.rope.scaling.type`];
  if (scaling !== undefined && scaling !== 'none') throw fault(`scaled rotary positions ('${String(scaling)}') are not supported`);
  const heads = size('attention.head_count');
  const kvHeads = size('attention.head_count_kv', heads);
  const width = size('embedding_length');
  if (heads % kvHeads !== 0) throw fault(`${heads} heads cannot share ${kvHeads} KV heads`);
  const ownDim = metadata[`${architecture}.attention.key_length`];
  if (ownDim === undefined && width % heads !== 0) throw fault(`${heads} heads do not divide a width of ${width}`);
  const headDim = size('attention.key_length', width / heads);
  if (size('rope.dimension_count', headDim) !== headDim) throw fault('rotation of only a part of each head is not supported');
  if (headDim % 2 !== 0) throw fault(`heads of ${headDim} channels, an odd number, cannot rotate`);
  const tokens = metadata['tokenizer.ggml.tokens'];
  if (!Array.isArray(tokens)) throw fault("metadata 'tokenizer.ggml.tokens' is missing");
  return {
    architecture,
    name: String(metadata['general.name'] ?? architecture),
    layers: size('block_count'),
    width,
    heads,
    kvHeads,
    headDim,
    feedForward: size('feed_forward_length'),
    ropeBase: positive('rope.freq_base', 10_000),
    normEpsilon: positive('attention.layer_norm_rms_epsilon'),
    vocabularySize: tokens.length,
    positionsMax: Math.min(POSITIONS_MAX, size('context_length', POSITIONS_MAX)),
  };
}
