// A decoder's dimensions, read from a GGUF's metadata, and the frequencies of its rotation. Refuses architectures whose graph we do not write.
import { UserError } from '../../base/errors.js';

export type Architecture = 'qwen2' | 'llama';
const ARCHITECTURES: readonly string[] = ['qwen2', 'llama'] satisfies Architecture[];

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

/** Throws a UserError that names `file` and what is not supported. */
export function shapeOf(file: string, metadata: Readonly<Record<string, unknown>>): ModelShape {
  const architecture = String(metadata['general.architecture']);
  if (!ARCHITECTURES.includes(architecture)) {
    throw new UserError(`${file}: architecture '${architecture}' is not supported (supported: ${ARCHITECTURES.join(', ')})`);
  }
  const number = (key: string): number => {
    const value = metadata[`${architecture}.${key}`];
    if (typeof value !== 'number' && typeof value !== 'bigint') throw new UserError(`${file}: metadata '${architecture}.${key}' is missing`);
    return Number(value);
  };
  const optional = (key: string, otherwise: number): number => (metadata[`${architecture}.${key}`] === undefined ? otherwise : number(key));
  const scaling = metadata[`${architecture}.rope.scaling.type`];
  if (scaling !== undefined && scaling !== 'none') {
    throw new UserError(`${file}: scaled rotary positions ('${String(scaling)}') are not supported`);
  }
  const heads = number('attention.head_count');
  const width = number('embedding_length');
  const headDim = optional('attention.key_length', width / heads);
  if (optional('rope.dimension_count', headDim) !== headDim) throw new UserError(`${file}: rotation of only a part of each head is not supported`);
  const tokens = metadata['tokenizer.ggml.tokens'];
  if (!Array.isArray(tokens)) throw new UserError(`${file}: metadata 'tokenizer.ggml.tokens' is missing`);
  return {
    architecture: architecture as Architecture,
    name: String(metadata['general.name'] ?? architecture),
    layers: number('block_count'),
    width,
    heads,
    kvHeads: optional('attention.head_count_kv', heads),
    headDim,
    feedForward: number('feed_forward_length'),
    ropeBase: optional('rope.freq_base', 10_000),
    normEpsilon: number('attention.layer_norm_rms_epsilon'),
    vocabularySize: tokens.length,
    positionsMax: Math.min(POSITIONS_MAX, optional('context_length', POSITIONS_MAX)),
  };
}
