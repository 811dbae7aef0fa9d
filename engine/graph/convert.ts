// GGUF to a folder that the engine opens: quantised weights, graphs, embedding, tokenizer, calibration. Written aside and renamed.
// Refuses to hold more than one layer's weights at a time.
import { createHash, type Hash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { asideOf, sweepAsides } from '../../base/aside.js';
import { digestOf } from '../../base/digest.js';
import { explainSystemError, UserError } from '../../base/errors.js';
import type { OnProgress } from '../../base/progress.js';
import { readRows, readTensor, type GgufFile } from '../gguf/read.js';
import { headTokens, readHeadTokenList } from '../head.js';
import { openingToken, Tokenizer, tokenizerDataFromGguf } from '../tokenizer.js';
import { ExternalData } from './builder.js';
import { calibrate, identityCalibration, writeCalibration, type Calibration } from './calibrate.js';
import { decoderGraphs, type DecoderWeights, type LayerWeights, type QuantisedMatrix } from './decoder.js';
import { decoderFile, GRAPH_VERSION, readManifest, writeManifest, type FillInTheMiddle, type Manifest } from './manifest.js';
import { quantisePerOutput, quantiseRow, type DenseRows } from './quantise.js';
import type { ModelShape } from './shape.js';
import { supportedShape } from './supported.js';

/** Names of special tokens, as the catalogue gives them. */
export interface FimTokens {
  readonly prefix: string;
  readonly suffix: string;
  readonly middle: string;
  readonly repoName?: string;
  readonly fileSeparator?: string;
}

export interface ConvertOptions {
  /** From the catalogue; else the GGUF's metadata or the common names decide. */
  readonly fim?: FimTokens | null;
  /** Keeps every token in the output head, as parity tests want it. */
  readonly wholeHead?: boolean;
  readonly onProgress: OnProgress;
}

const WEIGHTS_FILE = 'weights.bin';
const PROJECTIONS = ['q', 'k', 'v'] as const;
type Projection = (typeof PROJECTIONS)[number];
const EMBEDDING_ROWS_AT_ONCE = 4096;
const FIM_COMMON: FimTokens = { prefix: '<|fim_prefix|>', suffix: '<|fim_suffix|>', middle: '<|fim_middle|>', repoName: '<|repo_name|>', fileSeparator: '<|file_sep|>' };
const STOP_NAMES = ['<|endoftext|>', '<|im_end|>', '<|im_start|>', '<|file_sep|>', '<|repo_name|>', '<|fim_pad|>', '<|eot_id|>', '<|end_of_text|>'];

export const isConverted = (dir: string): boolean => readManifest(dir) !== undefined;

/** Throws a UserError that names the file and what is not supported, or that the disk is full; `outDir` is then as it was. */
export async function convertModel(gguf: GgufFile, outDir: string, options: ConvertOptions): Promise<void> {
  const shape = supportedShape(gguf);
  const tokenizerData = tokenizerDataFromGguf(gguf.metadata);
  sweepAsides(dirname(outDir), Date.now());
  const aside = asideOf(outDir);
  try {
    mkdirSync(aside, { recursive: true, mode: 0o700 });
    const tokenizerJson = JSON.stringify(tokenizerData);
    writeFileSync(join(aside, 'tokenizer.json'), tokenizerJson);
    const tokenizer = new Tokenizer(tokenizerData);
    const headIds = options.wholeHead ? Int32Array.from({ length: tokenizer.vocabularySize }, (_, id) => id) : headTokens(tokenizer, readHeadTokenList());
    writeFileSync(join(aside, 'head.bin'), new Uint8Array(headIds.buffer, headIds.byteOffset, headIds.byteLength));

    const steps = { done: 0, total: shape.layers + 3 };
    const step = (label: string): void => options.onProgress({ label, done: ++steps.done, total: steps.total, unit: 'steps' });
    const digest = createHash('sha256');
    const data = new ExternalData(join(aside, WEIGHTS_FILE));
    const weights = quantiseWeights(gguf, shape, headIds, data, digest, () => step('quantising'));
    data.close();
    writeEmbedding(gguf, shape, join(aside, 'embedding.bin'));
    step('embedding');

    const fim = fimTokens(gguf, tokenizer, options.fim);
    const manifest: Manifest = {
      version: GRAPH_VERSION,
      shape,
      weightsDigest: digest.digest('hex'),
      tokenizerDigest: digestOf(tokenizerJson),
      headTokens: headIds.length,
      fim,
      opening: openingToken(gguf.metadata),
      stopIds: stopIds(gguf, tokenizer, fim),
    };
    const write = (calibration: Calibration): void => {
      for (const [numericClass, activationBits] of [['u8s8', 8], ['u7s8', 7]] as const) {
        const graphs = decoderGraphs(shape, weights, { keyChannelScales: calibration.keyChannelScales, activationBits }, WEIGHTS_FILE);
        for (const [part, graph] of graphs.entries()) graph.write(join(aside, decoderFile(numericClass, part)), 'decoder');
      }
      writeCalibration(aside, calibration);
      writeManifest(aside, manifest);
    };
    // The calibration runs the graph itself, over fp32 rows only, for which the scales of int8 rows do not matter yet.
    write(identityCalibration(shape, weights));
    write(await calibrate(aside, shape, weights));
    step('calibrating');
    install(aside, outDir);
  } catch (error) {
    throw explainSystemError(error, `the converted model ${outDir}`);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** Two processes may convert at once: the first to finish stays. */
function install(aside: string, outDir: string): void {
  mkdirSync(dirname(outDir), { recursive: true, mode: 0o700 });
  if (existsSync(outDir) && !isConverted(outDir)) rmSync(outDir, { recursive: true, force: true });
  try {
    renameSync(aside, outDir);
  } catch (error) {
    if (!isConverted(outDir)) throw error;
  }
}

function quantiseWeights(gguf: GgufFile, shape: ModelShape, headIds: Int32Array, data: ExternalData, digest: Hash, onStep: () => void): DecoderWeights {
  const dense = (name: string): DenseRows => {
    const tensor = gguf.tensors.get(name);
    if (!tensor) throw new UserError(`${gguf.path}: tensor '${name}' is missing`);
    const [outputs, inputs = 1] = tensor.shape;
    return { values: readTensor(gguf, name), outputs, inputs };
  };
  const quantised = (parts: readonly DenseRows[]): QuantisedMatrix => {
    const { values, scales } = quantisePerOutput(parts);
    digest.update(values);
    digest.update(new Uint8Array(scales.buffer));
    return { values: data.append(values), scales };
  };
  const digested = (values: Float32Array): Float32Array => {
    digest.update(new Uint8Array(values.buffer));
    return values;
  };
  const vector = (name: string): Float32Array => digested(readTensor(gguf, name));
  if (shape.ropeFactors) digested(Float32Array.from(shape.ropeFactors));
  const layers = Array.from({ length: shape.layers }, (_, l): LayerWeights => {
    const name = (part: string): string => `blk.${l}.${part}`;
    const heads = { q: shape.heads, k: shape.kvHeads, v: shape.kvHeads };
    const projection = (part: Projection, kind: 'weight' | 'bias'): DenseRows => {
      const rows = dense(name(`attn_${part}.${kind}`));
      return part === 'v' ? rows : unpermuted(rows, shape, heads[part]);
    };
    const isBiased = (part: Projection): boolean => gguf.tensors.has(name(`attn_${part}.bias`));
    const biases = PROJECTIONS.map((part) => (isBiased(part) ? projection(part, 'bias').values : new Float32Array(heads[part] * shape.headDim)));
    const qkvBias = PROJECTIONS.some(isBiased) ? digested(Float32Array.from(biases.flatMap((bias) => [...bias]))) : undefined;
    const layer = {
      attentionNorm: vector(name('attn_norm.weight')),
      feedForwardNorm: vector(name('ffn_norm.weight')),
      qkv: quantised(PROJECTIONS.map((part) => projection(part, 'weight'))),
      qkvBias,
      attentionOut: quantised([dense(name('attn_output.weight'))]),
      gate: quantised([dense(name('ffn_gate.weight'))]),
      up: quantised([dense(name('ffn_up.weight'))]),
      down: quantised([dense(name('ffn_down.weight'))]),
    };
    onStep();
    return layer;
  });
  const headTensor = gguf.tensors.has('output.weight') ? 'output.weight' : 'token_embd.weight';
  const head = quantised([{ values: rowsOf(gguf, headTensor, headIds, shape.width), outputs: headIds.length, inputs: shape.width }]);
  onStep();
  return { layers, outputNorm: vector('output_norm.weight'), head, headTokens: headIds.length };
}

/** Llama's GGUFs keep queries and keys permuted for interleaved rotation; ours pairs channel i with i + headDim / 2. */
function unpermuted(matrix: DenseRows, shape: ModelShape, heads: number): DenseRows {
  if (shape.architecture !== 'llama') return matrix;
  const { inputs } = matrix;
  const half = shape.headDim / 2;
  const values = new Float32Array(matrix.values.length);
  for (let h = 0; h < heads; h++) {
    for (let i = 0; i < half; i++) {
      for (const side of [0, 1]) {
        const from = (h * shape.headDim + 2 * i + side) * inputs;
        values.set(matrix.values.subarray(from, from + inputs), (h * shape.headDim + side * half + i) * inputs);
      }
    }
  }
  return { ...matrix, values };
}

/** The rows of `ids` (ascending), read in runs so that the whole matrix is never in memory. */
function rowsOf(gguf: GgufFile, name: string, ids: Int32Array, width: number): Float32Array {
  const out = new Float32Array(ids.length * width);
  for (let at = 0; at < ids.length; ) {
    const first = ids[at];
    let end = at;
    while (end < ids.length && ids[end] < first + EMBEDDING_ROWS_AT_ONCE) end++;
    const block = readRows(gguf, name, first, ids[end - 1] - first + 1);
    for (let i = at; i < end; i++) out.set(block.subarray((ids[i] - first) * width, (ids[i] - first + 1) * width), i * width);
    at = end;
  }
  return out;
}

/** One record a token: width int8 values, then their scale as a little-endian fp32. */
function writeEmbedding(gguf: GgufFile, shape: ModelShape, path: string): void {
  const recordBytes = shape.width + 4;
  const file = openSync(path, 'w', 0o600);
  try {
    for (let first = 0; first < shape.vocabularySize; first += EMBEDDING_ROWS_AT_ONCE) {
      const count = Math.min(EMBEDDING_ROWS_AT_ONCE, shape.vocabularySize - first);
      const rows = readRows(gguf, 'token_embd.weight', first, count);
      const records = Buffer.alloc(count * recordBytes);
      const values = new Int8Array(records.buffer, records.byteOffset, records.byteLength);
      for (let r = 0; r < count; r++) {
        const scale = quantiseRow(rows, r * shape.width, shape.width, values, r * recordBytes);
        records.writeFloatLE(scale, r * recordBytes + shape.width);
      }
      for (let done = 0; done < records.byteLength; ) done += writeSync(file, records, done);
    }
  } finally {
    closeSync(file);
  }
}

function fimTokens(gguf: GgufFile, tokenizer: Tokenizer, named: FimTokens | null | undefined): FillInTheMiddle | null {
  const id = (keys: readonly string[], name: string | undefined): number | undefined => {
    for (const key of keys) {
      const value = gguf.metadata[`tokenizer.ggml.${key}`];
      if (typeof value === 'number') return value;
    }
    return name === undefined ? undefined : tokenizer.specialId(name);
  };
  const names = named ?? FIM_COMMON;
  const prefix = id(['fim_pre_token_id', 'prefix_token_id'], names.prefix);
  const suffix = id(['fim_suf_token_id', 'suffix_token_id'], names.suffix);
  const middle = id(['fim_mid_token_id', 'middle_token_id'], names.middle);
  if (prefix === undefined || suffix === undefined || middle === undefined) return null;
  return { prefix, suffix, middle, repoName: id(['fim_rep_token_id'], names.repoName), fileSeparator: id(['fim_sep_token_id'], names.fileSeparator) };
}

function stopIds(gguf: GgufFile, tokenizer: Tokenizer, fim: FillInTheMiddle | null): number[] {
  const ids = [gguf.metadata['tokenizer.ggml.eos_token_id'], ...STOP_NAMES.map((name) => tokenizer.specialId(name)), ...Object.values(fim ?? {})];
  return [...new Set(ids.filter((id): id is number => typeof id === 'number'))].sort((a, b) => a - b);
}

