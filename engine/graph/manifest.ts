// What a converted model's folder holds and by which version it was written.
// Refuses folders of other versions, and those that are not whole: such models are converted again.
import { readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder, writeFileAtomically } from '../../base/files.js';
import type { NumericClass } from '../types.js';
import type { FillInTheMiddle } from './marks.js';
import type { ModelShape } from './shape.js';

/** Rises with every change to the graph, the calibration or the files of a converted model. */
export const GRAPH_VERSION = 6;

export interface Manifest {
  readonly version: number;
  readonly shape: ModelShape;
  /** SHA-256 of all in the model that a segment's rows depend on, the graph's version and the typical prompts included: its identity in every recipe. */
  readonly weightsDigest: string;
  readonly tokenizerDigest: string;
  readonly headTokens: number;
  /** Null for a model that completes from the prefix alone. */
  readonly fim: FillInTheMiddle | null;
  /** Id of the token that opens every text; absent where the model asks for none. */
  readonly opening?: number;
  /** Bytes of every other file in the folder, by name. */
  readonly files: Readonly<Record<string, number>>;
}

const MANIFEST = 'manifest.json';
const conversionName = /^converted(-\d+)?$/;

/** Where a model's conversion lies: each version keeps its own, since two of them may run side by side. */
export const conversionOf = (modelDir: string): string => join(modelDir, `converted-${GRAPH_VERSION}`);

/** The graph of one part of the layers. */
export const decoderFile = (numericClass: NumericClass, part: number): string => `decoder-${numericClass}-${part}.onnx`;

/** Undefined where there is none, it is another version's, or a file is not as long as it was written. */
export function readManifest(dir: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(dir, MANIFEST), 'utf8')) as Manifest;
    const isWhole = manifest.version === GRAPH_VERSION && Object.entries(manifest.files).every(([name, bytes]) => bytesOf(dir, name) === bytes);
    return isWhole ? manifest : undefined;
  } catch {
    return undefined;
  }
}

/** Written once the other files are there and durable: a folder without it is not a converted model. */
export function writeManifest(dir: string, manifest: Omit<Manifest, 'files'>): void {
  syncFolder(dir);
  const files = Object.fromEntries(readdirSync(dir).filter((name) => name !== MANIFEST).map((name) => [name, bytesOf(dir, name)]));
  writeFileAtomically(join(dir, MANIFEST), `${JSON.stringify({ ...manifest, files }, null, 2)}\n`);
}

const bytesOf = (dir: string, name: string): number => statSync(join(dir, name)).size;

/** Other versions' conversions that nobody opened for `ageMsMax`. */
export function forgottenConversions(modelDir: string, ageMsMax: number, wallMs: number): string[] {
  const others = readdirSync(modelDir).filter((name) => conversionName.test(name)).map((name) => join(modelDir, name)).filter((dir) => dir !== conversionOf(modelDir));
  return others.filter((dir) => wallMs - usedMs(dir) > ageMsMax);
}

/** Marks a conversion as opened now. */
export const markUsed = (dir: string, wallMs: number): void => utimesSync(dir, wallMs / 1000, wallMs / 1000);

/** The first versions left no mark: when their manifest was read says the same, where the system keeps it. */
const usedMs = (dir: string): number => Math.max(statSync(dir).mtimeMs, statSync(join(dir, MANIFEST), { throwIfNoEntry: false })?.atimeMs ?? 0);
