// A tiny random model, converted once a process: in int8 as every model is, or with fp32 weights where results are compared exactly.
// Refuses to be read by anything but tests.
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalPrompt, PlannedSegment, Segment } from '../../base/segment.js';
import { digestOf } from '../../base/digest.js';
import { noProgress } from '../../base/progress.js';
import { openGguf, readTensor, type GgufFile } from '../../engine/gguf/read.js';
import type { ExternalSpan } from '../../engine/graph/builder.js';
import { readCalibration } from '../../engine/graph/calibrate.js';
import { convertModel } from '../../engine/graph/convert.js';
import { decoderGraphs, type DecoderWeights, type LinearOf, type QuantisedMatrix } from '../../engine/graph/decoder.js';
import { decoderFile, readManifest, writeManifest } from '../../engine/graph/manifest.js';
import { shapeOf } from '../../engine/graph/shape.js';
import { temporaryFolder } from './folders.js';
import { writeTinyGguf, type TinyGgufOptions } from './tiny-gguf.js';

/** The folder of a converted tiny model. */
export async function tinyModel(options: TinyGgufOptions): Promise<string> {
  const dir = temporaryFolder('tiny');
  const path = join(dir, 'model.gguf');
  writeTinyGguf(path, options);
  const converted = join(dir, 'converted');
  await convertModel(await openGguf(path), converted, { onProgress: noProgress });
  return converted;
}

/** The same with fp32 weights in its decoder. Qwen2 only: nothing is permuted. */
export async function tinyFloatModel(options: TinyGgufOptions & { architecture: 'qwen2' }): Promise<string> {
  const converted = await tinyModel(options);
  const gguf = await openGguf(join(converted, '..', 'model.gguf'));
  const shape = shapeOf('tiny', gguf.metadata);
  const { keyChannelScales } = readCalibration(converted, shape);
  const manifest = readManifest(converted)!;
  const weights = floatWeights(gguf, shape.layers, shape.vocabularySize, join(converted, 'float.bin'));
  const graphs = decoderGraphs(shape, weights, { activationBits: 8, keyChannelScales }, 'float.bin', floatLinear);
  for (const [part, graph] of graphs.entries()) graph.write(join(converted, decoderFile('u8s8', part)), 'decoder');
  writeManifest(converted, manifest);
  return converted;
}

const floatLinear: LinearOf = (graph) => (x, inputs, ...matrices) =>
  matrices.map(({ values, scales }) => graph.node('MatMul', [x, graph.external('float32', [inputs, scales.length], values)]));

function floatWeights(gguf: GgufFile, layers: number, vocabulary: number, path: string): DecoderWeights {
  const file = openSync(path, 'w');
  let end = 0;
  const matrix = (...names: string[]): QuantisedMatrix => {
    const parts = names.map((name) => ({ values: readTensor(gguf, name), inputs: gguf.tensors.get(name)!.shape[1] }));
    const inputs = parts[0].inputs;
    const outputs = parts.reduce((sum, { values }) => sum + values.length / inputs, 0);
    const transposed = new Float32Array(inputs * outputs);
    let first = 0;
    for (const { values } of parts) {
      const rows = values.length / inputs;
      for (let o = 0; o < rows; o++) for (let i = 0; i < inputs; i++) transposed[i * outputs + first + o] = values[o * inputs + i];
      first += rows;
    }
    const span: ExternalSpan = { offset: end, bytes: transposed.byteLength };
    writeSync(file, new Uint8Array(transposed.buffer), 0, span.bytes, end);
    end += Math.ceil(span.bytes / 64) * 64;
    return { values: span, scales: new Float32Array(outputs) };
  };
  const vector = (name: string): Float32Array => readTensor(gguf, name);
  const weights: DecoderWeights = {
    layers: Array.from({ length: layers }, (_, l) => {
      const at = (part: string): string => `blk.${l}.${part}`;
      return {
        attentionNorm: vector(at('attn_norm.weight')),
        feedForwardNorm: vector(at('ffn_norm.weight')),
        qkv: matrix(at('attn_q.weight'), at('attn_k.weight'), at('attn_v.weight')),
        qkvBias: Float32Array.from(['q', 'k', 'v'].flatMap((part) => [...vector(at(`attn_${part}.bias`))])),
        attentionOut: matrix(at('attn_output.weight')),
        gate: matrix(at('ffn_gate.weight')),
        up: matrix(at('ffn_up.weight')),
        down: matrix(at('ffn_down.weight')),
      };
    }),
    outputNorm: vector('output_norm.weight'),
    head: matrix('token_embd.weight'),
    headTokens: vocabulary,
  };
  closeSync(file);
  return weights;
}

export function segmentOf(path: string, text: string): Segment {
  return { path, text, ranges: [{ start: 0, end: Math.min(text.length, text.indexOf('\n') + 1), kind: 'signature' }, { start: text.indexOf('\n') + 1, end: text.length, kind: 'body' }], digest: digestOf(path, text) };
}

export const planned = (segment: Segment, share = 1): PlannedSegment => ({ segment, source: 'given', reason: 'test', tokens: segment.text.length, share });

export const promptOf = (prefix: string, suffix = '\n', following = suffix): LocalPrompt => ({ path: 'main.ts', importBlock: "import { lift } from './crane';\n", prefix, suffix, following });
