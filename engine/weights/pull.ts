// One model file from the first of its sources that gives the right bytes, put together in a folder of our own.
// Refuses to hand over a file whose digest is not the catalogue's.
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import type { Env } from '../../base/paths.js';
import type { OnProgress } from '../../base/progress.js';
import type { CatalogueEntry, Source } from './catalogue.js';
import { fetchFromHub, hubHost } from './hub.js';
import { claimPartial, MODEL_FILE, releasePartial } from './partial.js';
import { fetchFromPackages } from './python.js';
import { isFinal, PartialFile, reasonOf, SourceError } from './source.js';
import { fileDigest } from './verify.js';

export interface PullOptions {
  readonly env: Env;
  readonly onProgress: OnProgress;
  readonly log: Log;
  readonly signal?: AbortSignal;
}

/** Returns a folder whose `model.gguf` has the entry's digest. UserError in one line when no source gives it or the disk is full; what was fetched is then kept for the next attempt. */
export async function fetchEntry(entry: CatalogueEntry, modelsDir: string, options: PullOptions): Promise<string> {
  const dir = claimPartial(modelsDir, entry.sha256);
  try {
    const file = new PartialFile(join(dir, MODEL_FILE), entry.bytes);
    await checkFreeSpace(modelsDir, entry, await file.bytes());
    const failures: string[] = [];
    for (const source of entry.sources) {
      const label = sourceLabel(source, options.env);
      try {
        await fetchFrom(source, entry, file, options);
        return dir;
      } catch (error) {
        if (isFinal(error, options.signal)) throw options.signal?.aborted ? options.signal.reason : error;
        if (!(error instanceof SourceError)) throw error;
        failures.push(`${label}: ${reasonOf(error)}`);
        if (source !== entry.sources.at(-1)) options.log.info(`${label} cannot give ${entry.name} (${reasonOf(error)}); trying the next source`);
      }
    }
    throw new UserError(`no source could give ${entry.name} (${failures.join('; ')}). Get ${entry.file} (SHA-256 ${entry.sha256}) by other means and run: kedge model add FILE`);
  } catch (error) {
    releasePartial(dir);
    throw error;
  }
}

const sourceLabel = (source: Source, env: Env): string => (source.kind === 'hub' ? hubHost(env) : 'Python packages');

/** Fetches and checks. A wrong digest costs one more attempt when the first bytes came from an earlier one, since those may be the wrong ones. */
async function fetchFrom(source: Source, entry: CatalogueEntry, file: PartialFile, options: PullOptions): Promise<void> {
  const { env, signal } = options;
  for (;;) {
    const resumed = (await file.bytes()) > 0;
    let most = 0;
    const onBytes = (done: number): void => {
      most = Math.max(most, done);
      options.onProgress({ label: `pulling ${entry.name}`, done: most, total: entry.bytes, unit: 'bytes' });
    };
    onBytes(await file.bytes());
    const transfer = { file, env, signal, onBytes };
    if (source.kind === 'hub') await fetchFromHub(source, entry.file, transfer);
    else await fetchFromPackages(source, transfer);
    onBytes(await file.bytes());
    const sha256 = await fileDigest(file.path, { onProgress: options.onProgress, signal });
    if (sha256 === entry.sha256) return;
    await file.truncate(0);
    if (!resumed) throw new SourceError(`its file has the wrong digest ${sha256}, so it was not installed`);
    options.log.info(`${entry.name}: what an earlier attempt left does not fit; starting afresh`);
  }
}

/** For what is still to come of the file, and for what it is converted to. */
async function checkFreeSpace(modelsDir: string, entry: CatalogueEntry, bytesHeld: number): Promise<void> {
  const { bavail, bsize } = await statfs(modelsDir);
  const needed = entry.bytes - bytesHeld + entry.convertedBytes;
  if (bavail * bsize >= needed) return;
  throw new UserError(`${modelsDir} has ${gigabytes(bavail * bsize)} free, ${entry.name} needs ${gigabytes(needed)}: free some space, or set KEDGE_CACHE_DIR to another disk`);
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
