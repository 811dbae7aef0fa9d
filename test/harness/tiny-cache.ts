// A cache folder in which the tiny random model is installed and converted, and the program run in it.
// Refuses to touch the user's own cache.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { noProgress } from '../../base/progress.js';
import { silentLog } from '../../base/log.js';
import { addModel } from '../../engine/index.js';
import { mainPath } from './client.js';
import { temporaryFolder } from './folders.js';
import { writeTinyGguf } from './tiny-gguf.js';

export const tinyModel = 'tiny';

/** The value for KEDGE_CACHE_DIR. The model's positions hold a whole default plan. */
export async function tinyCache(): Promise<string> {
  const dir = temporaryFolder();
  const path = join(dir, 'tiny.gguf');
  writeTinyGguf(path, { architecture: 'qwen2', seed: 1, contextLength: 32_768 });
  await addModel(path, { name: tinyModel, env: { KEDGE_CACHE_DIR: dir }, onProgress: noProgress, log: silentLog });
  return dir;
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `kedge` as built, to its end. */
export function runKedge(cacheDir: string, cwd: string, ...args: string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [mainPath, ...args], { env: { ...process.env, KEDGE_CACHE_DIR: cacheDir, XDG_CONFIG_HOME: cacheDir, XDG_RUNTIME_DIR: cacheDir }, encoding: 'utf8', cwd });
  return { code: status, stdout, stderr };
}
