// What a converted model's folder holds and by which version it was written. Refuses folders of other versions: they are converted again.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from '../../base/files.js';
import type { NumericClass } from '../types.js';
import type { ModelShape } from './shape.js';

/** Rises with every change to the graph, the calibration or the files of a converted model. */
export const GRAPH_VERSION = 5.5;

/** Ids of the tokens that mark a fill-in-the-middle prompt. */
export interface FillInTheMiddle {
  readonly prefix: number;
  readonly suffix: number;
  readonly middle: number;
  /** Opens the constant sink; absent where the model has no such token. */
  readonly repoName?: number;
  /** Opens a file; absent where the model has no such token. */
  readonly fileSeparator?: number;
}

export interface Manifest {
  readonly version: number;
  readonly shape: ModelShape;
  /** SHA-256 of the quantised weights: the model's identity in every recipe. */
  readonly weightsDigest: string;
  readonly tokenizerDigest: string;
  readonly headTokens: number;
  /** Null for a model that completes from the prefix alone. */
  readonly fim: FillInTheMiddle | null;
  /** Ids at which decoding ends. */
  readonly stopIds: readonly number[];
}

const MANIFEST = 'manifest.json';

/** The graph of one part of the layers. */
export const decoderFile = (numericClass: NumericClass, part: number): string => `decoder-${numericClass}-${part}.onnx`;

/** Undefined where there is none or it is another version's. */
export function readManifest(dir: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(dir, MANIFEST), 'utf8')) as Manifest;
    return manifest.version === GRAPH_VERSION ? manifest : undefined;
  } catch {
    return undefined;
  }
}

/** Written last: a folder without it is not a converted model. */
export const writeManifest = (dir: string, manifest: Manifest): void => writeFileAtomically(join(dir, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
