// GGUF to a folder that the engine opens: quantised weights, graphs, embedding, tokenizer, calibration. Written aside and renamed.
// Refuses to hold more than one layer's weights at a time.
import { createHash, type Hash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { asideOf, sweepAsides } from '../../base/aside.js';
import { digestOf } from '../../base/digest.js';
import { explainSystemError } from '../../base/errors.js';
import { syncFolder, writeFileAtomically, writeWhole } from '../../base/files.js';
import type { OnProgress } from '../../base/progress.js';
import { readRows, readTensor, type GgufFile } from '../gguf/read.js';
import { headTokens, readHeadTokenList } from '../head.js';
import { Tokenizer } from '../tokenizer.js';
import { ExternalData } from './builder.js';
import { calibrate, identityCalibration, typicalPrompts, writeCalibration, type Calibration } from './calibrate.js';
import { decoderGraphs, type DecoderWeights, type LayerWeights, type QuantisedMatrix } from './decoder.js';
import { decoderFile, GRAPH_VERSION, readManifest, writeManifest } from './manifest.js';
import type { FimTokens } from './marks.js';
import { quantisePerOutput, quantiseRow, type DenseRows } from './quantise.js';
import type { ModelShape } from './shape.js';
import { supportedModel } from './supported.js';

export interface ConvertOptions {
  /** From the catalogue, which comes first; left out: the GGUF's metadata or the common names decide. */
  readonly fim?: FimTokens | null;
  /** Keeps every token in the output head, as parity tests want it. */
  readonly wholeHead?: boolean;
  readonly onProgress: OnProgress;
}

const WEIGHTS_FILE = 'weights.bin';
const PROJECTIONS = ['q', 'k', 'v'] as const;
type Projection = (typeof PROJECTIONS)[number];
const EMBEDDING_ROWS_AT_ONCE = 4096;
/** What of a shape no row depends on: weights are digested in one order, whatever the architecture's own was. */
const RULED_OUT = { name: '', architecture: '', positionsMax: 0 } satisfies Partial<Record<keyof ModelShape, unknown>>;

/** Throws a UserError that names the file and what is not supported, or that the disk is full; `outDir` is then as it was. */
export async function convertModel(gguf: GgufFile, outDir: string, options: ConvertOptions): Promise<void> {
  const { shape, tokenizer: tokenizerData, fim, opening } = supportedModel(gguf, options.fim);
  sweepAsides(dirname(outDir), Date.now());
  const aside = asideOf(outDir);
  try {
    mkdirSync(aside, { recursive: true, mode: 0o700 });
    const tokenizerJson = JSON.stringify(tokenizerData);
    writeFileAtomically(join(aside, 'tokenizer.json'), tokenizerJson);
    const tokenizer = new Tokenizer(tokenizerData);
    const headIds = options.wholeHead ? Int32Array.from({ length: tokenizer.vocabularySize }, (_, id) => id) : headTokens(tokenizer, readHeadTokenList());
    writeFileAtomically(join(aside, 'head.bin'), new Uint8Array(headIds.buffer, headIds.byteOffset, headIds.byteLength));

    const steps = { done: 0, total: shape.layers + 3 };
    const step = (label: string): void => options.onProgress({ label, done: ++steps.done, total: steps.total, unit: 'steps' });
    const digest = createHash('sha256');
    const weights = ExternalData.write(join(aside, WEIGHTS_FILE), (data) => quantiseWeights(gguf, shape, headIds, data, digest, () => step('quantising')));
    writeEmbedding(gguf, shape, join(aside, 'embedding.bin'), digest);
    step('embedding');

    const manifest = {
      version: GRAPH_VERSION,
      shape,
      weightsDigest: digestOf(`kedge graph ${GRAPH_VERSION}`, JSON.stringify({ ...shape, ...RULED_OUT }), typicalPrompts(), digest.digest()),
      tokenizerDigest: digestOf(tokenizerJson),
      headTokens: headIds.length,
      fim,
      opening,
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
    write(await calibrate(gguf.path, aside, shape, weights));
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
  if (existsSync(outDir) && !readManifest(outDir)) rmSync(outDir, { recursive: true, force: true });
  try {
    renameSync(aside, outDir);
    syncFolder(dirname(outDir));
  } catch (error) {
    if (!readManifest(outDir)) throw error;
  }
}

function quantiseWeights(gguf: GgufFile, shape: ModelShape, headIds: Int32Array, data: ExternalData, digest: Hash, onStep: () => void): DecoderWeights {
  const dense = (name: string): DenseRows => {
    const [outputs, inputs = 1] = gguf.tensors.get(name)!.shape;
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
function writeEmbedding(gguf: GgufFile, shape: ModelShape, path: string, digest: Hash): void {
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
      digest.update(records);
      writeWhole(file, records, first * recordBytes);
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
