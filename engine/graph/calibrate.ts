// What ranking and int8 rows need to know of a model, taken from its own behaviour on the shipped prompts:
// typical queries, and how large its keys are in each channel. Refuses to look at any user's text.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../../base/assert.js';
import { digestOf } from '../../base/digest.js';
import { UserError } from '../../base/errors.js';
import { writeFileAtomically } from '../../base/files.js';
import { packageFile } from '../../base/package.js';
import { PromptForm } from '../prompt.js';
import { Model } from '../model.js';
import type { DecoderWeights } from './decoder.js';
import type { ModelShape } from './shape.js';

export interface Calibration {
  /** Queries before rotation that tokens near a cursor ask: [layers, count, H*hd]. */
  readonly typicalQueries: Float32Array;
  /** The constant part of every key before rotation: [layers][KV*hd]. */
  readonly keyBias: readonly Float32Array[];
  /** Largest magnitude of a key before rotation and without its bias, in each channel: [layers][KV*hd]. */
  readonly storedChannelScales: readonly Float32Array[];
  /** Largest magnitude of a key in each rotation pair, the same for both channels: [layers][KV*hd]. */
  readonly keyChannelScales: readonly Float32Array[];
}

interface TypicalPrompt {
  readonly path: string;
  readonly context: string;
  readonly prefix: string;
  readonly suffix: string;
  readonly middle: string;
}

/** Which tokens of a prompt ask: the prefix's last, the one that opens the middle, and the middle's first. */
const PREFIX_QUERIES = 16;
const MIDDLE_QUERIES = 7;
const CALIBRATION = 'calibration.bin';
const SCALE_MIN = 1e-6;

export function identityCalibration(shape: ModelShape, weights: DecoderWeights): Calibration {
  const size = shape.kvHeads * shape.headDim;
  const ones = weights.layers.map(() => new Float32Array(size).fill(1));
  return {
    typicalQueries: new Float32Array(0),
    keyBias: weights.layers.map((layer) => layer.qkvBias?.slice(shape.heads * shape.headDim, shape.heads * shape.headDim + size) ?? new Float32Array(size)),
    storedChannelScales: ones,
    keyChannelScales: ones,
  };
}

/** The shipped prompts, as JSON. */
export const typicalPrompts = (): string => readFileSync(packageFile('models', 'typical-prompts.json'), 'utf8');

/** Runs the converted model in `dir` over the shipped prompts. UserError naming `file`, of which it was made, where what the model computes is no number. */
export async function calibrate(file: string, dir: string, shape: ModelShape, weights: DecoderWeights): Promise<Calibration> {
  const prompts = JSON.parse(typicalPrompts()) as { prompts: TypicalPrompt[] };
  const { keyBias } = identityCalibration(shape, weights);
  const largest = keyBias.map((bias) => ({ stored: new Float32Array(bias.length), rotated: new Float32Array(bias.length) }));
  const queries: Float32Array[][] = weights.layers.map(() => []);
  const model = await Model.open(dir);
  try {
    const form = new PromptForm(model.tokenizer, model.manifest);
    for (const prompt of prompts.prompts) {
      const before = [...form.sink, ...form.segment({ path: `context/${prompt.path}`, text: prompt.context }), ...form.beforePrefix({ path: prompt.path, importBlock: '' })];
      const prefix = [...before, ...model.tokenizer.encode(prompt.prefix)];
      const opened = [...prefix, ...form.afterPrefix({ suffix: prompt.suffix })];
      const tokens = [...opened, ...model.tokenizer.encode(prompt.middle)];
      const asking = [...rangeEnding(prefix.length, PREFIX_QUERIES), ...rangeEnding(Math.min(opened.length + MIDDLE_QUERIES, tokens.length), MIDDLE_QUERIES + 1)];
      const { rows, queries: asked } = await model.forward({ tokens, positions: tokens.map((_, i) => i), context: model.noContext, window: model.newWindow(), queries: asking });
      const querySize = shape.heads * shape.headDim;
      for (let l = 0; l < shape.layers; l++) {
        const ofLayer = asked.slice(l * asking.length * querySize, (l + 1) * asking.length * querySize);
        queries[l].push(ofLayer);
        const keys = rows.subarray(2 * l * tokens.length * keyBias[l].length, (2 * l + 1) * tokens.length * keyBias[l].length);
        widen(largest[l], keys, keyBias[l], shape.headDim);
        if (!largest[l].stored.every(Number.isFinite) || !ofLayer.every(Number.isFinite)) throw new UserError(`${file}: the numbers that layer ${l} computes become too large, or none: the file is damaged; choose another`);
      }
    }
  } finally {
    await model.close();
  }
  return {
    typicalQueries: concatenated(queries.flat()),
    keyBias,
    storedChannelScales: largest.map(({ stored }) => stored.map((value) => Math.max(value, SCALE_MIN))),
    keyChannelScales: largest.map(({ rotated }) => rotated.map((value) => Math.max(value, SCALE_MIN))),
  };
}

const rangeEnding = (end: number, count: number): number[] => Array.from({ length: Math.min(count, end) }, (_, i) => end - Math.min(count, end) + i);

function widen(largest: { stored: Float32Array; rotated: Float32Array }, keys: Float32Array, bias: Float32Array, headDim: number): void {
  const half = headDim / 2;
  for (let at = 0; at < keys.length; at += bias.length) {
    for (let c = 0; c < bias.length; c++) {
      largest.stored[c] = Math.max(largest.stored[c], Math.abs(keys[at + c] - bias[c]));
      if (c % headDim >= half) continue;
      const magnitude = Math.hypot(keys[at + c], keys[at + c + half]);
      if (magnitude > largest.rotated[c]) largest.rotated[c] = largest.rotated[c + half] = magnitude;
    }
  }
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const KEY_FIELDS = ['keyBias', 'storedChannelScales', 'keyChannelScales'] as const;

/** Of what stored rows depend on: the order that queries give them, and the units of their keys. */
export const calibrationDigest = ({ typicalQueries, keyBias, storedChannelScales }: Calibration): string =>
  digestOf(...[typicalQueries, ...keyBias, ...storedChannelScales].map((values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)));

/** Fields one after another, each layer by layer, fp32. */
export function writeCalibration(dir: string, calibration: Calibration): void {
  const all = concatenated([calibration.typicalQueries, ...KEY_FIELDS.flatMap((field) => calibration[field])]);
  writeFileAtomically(join(dir, CALIBRATION), new Uint8Array(all.buffer));
}

export function readCalibration(dir: string, shape: ModelShape): Calibration {
  const file = readFileSync(join(dir, CALIBRATION));
  const all = new Float32Array(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));
  const keySize = shape.kvHeads * shape.headDim;
  const queriesLength = all.length - 3 * shape.layers * keySize;
  assert(queriesLength > 0 && queriesLength % (shape.layers * shape.heads * shape.headDim) === 0, `${CALIBRATION} fits the model's shape`);
  let at = queriesLength;
  const take = (): Float32Array[] => Array.from({ length: shape.layers }, () => all.subarray(at, (at += keySize)));
  return { typicalQueries: all.subarray(0, queriesLength), keyBias: take(), storedChannelScales: take(), keyChannelScales: take() };
}
