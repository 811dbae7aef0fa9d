// `kedge doctor`: whether each part works on this machine, how fast it is and what it weighs, each with what to do.
// Refuses to change anything: it measures on a store of its own that it deletes.
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../base/clock.js';
import { explainSystemError } from '../../base/errors.js';
import { writeFileAtomically } from '../../base/files.js';
import { storeDir } from '../../base/paths.js';
import { findModel, runtimeSelfTest, SegmentStore, verifyModel, type InstalledModel } from '../../engine/index.js';
import { defaultConfig } from '../config.js';
import { packageVersion } from '../version.js';
import { engineFlags, type EngineFlags } from './engine.js';
import type { AddCommand, CommandIo } from './io.js';
import { measure, type Measured } from './measure.js';

export interface Check {
  readonly part: string;
  readonly status: 'ok' | 'warning' | 'failed';
  readonly found: string;
  /** What the user can do; absent where nothing is to be done. */
  readonly todo?: string;
}

export const addDoctorCommand: AddCommand = (cli, io) => {
  engineFlags(cli.command('doctor', 'Check every part of Kedge on this machine, and measure it'))
    .option('--json', 'One JSON object on stdout')
    .action((flags: EngineFlags & { json?: boolean }) => run(flags, io));
};

async function run(flags: EngineFlags & { json?: boolean }, io: CommandIo): Promise<void> {
  const checks: Check[] = [];
  const note = (check: Check): void => {
    checks.push(check);
    if (!flags.json) io.out(lineOf(check));
  };
  note(nodeCheck(process.versions.node));
  note(await runtimeCheck());
  note(storeCheck(storeDir(io.env)));
  const model = findModel(flags.model === undefined ? undefined : String(flags.model), io.env);
  note(await modelCheck(model, io, flags.json === true));
  const measured = model && checks.every(({ status }) => status !== 'failed') ? await measureApart(flags, io) : undefined;
  if (measured) for (const check of speedChecks(measured)) note(check);
  if (flags.json) io.out(JSON.stringify({ version: packageVersion(), ok: checks.every(({ status }) => status !== 'failed'), checks, measured: measured ?? null }));
  if (checks.some(({ status }) => status === 'failed')) process.exitCode = 1;
}

function lineOf({ part, status, found, todo }: Check): string {
  const mark = { ok: 'ok     ', warning: 'warning', failed: 'FAILED ' }[status];
  return `${mark} ${part}: ${found}${todo === undefined ? '' : `\n        to do: ${todo}`}`;
}

export function nodeCheck(version: string): Check {
  const [major, minor] = version.split('.').map(Number);
  const enough = major > 20 || (major === 20 && minor >= 19);
  const found = `${version} on ${process.platform} ${process.arch}, ${availableParallelism()} threads of ${cpus()[0]?.model.trim() ?? 'an unknown processor'}, ${(totalmem() / 1e9).toFixed(0)} GB of memory`;
  return enough ? { part: 'Node', status: 'ok', found } : { part: 'Node', status: 'failed', found, todo: 'install Node 20.19 or newer (https://nodejs.org)' };
}

async function runtimeCheck(): Promise<Check> {
  try {
    const { version, saturates } = await runtimeSelfTest();
    const found = `onnxruntime ${version}`;
    if (!saturates) return { part: 'runtime', status: 'ok', found: `${found}, integer products are exact` };
    return {
      part: 'runtime', status: 'warning', found: `${found}, integer products saturate on this processor (no VNNI): a graph that does not saturate is used, at a lower speed`,
      todo: 'nothing has to be done; a processor with VNNI would be faster',
    };
  } catch (error) {
    return { part: 'runtime', status: 'failed', found: `onnxruntime does not load: ${firstLine(error)}`, todo: 'install Kedge again (npm install -g kedge) on Linux x64 or arm64, Windows x64 or arm64, or macOS arm64' };
  }
}

export function storeCheck(dir: string): Check {
  try {
    const probe = join(dir, '.doctor-probe');
    writeFileAtomically(probe, 'writable');
    rmSync(probe);
    const { bytes, bytesMax, entries } = SegmentStore.open(dir, { bytesMax: defaultConfig().storeBytesMax }).stats();
    const free = freeBytes(dir);
    const found = `${dir} is writable, ${entries.toLocaleString('en')} segments in ${gigabytes(bytes)} of at most ${gigabytes(bytesMax)}, ${gigabytes(free)} free on the disk`;
    if (free < bytesMax - bytes) return { part: 'store', status: 'warning', found, todo: 'free some disk space, or move the cache with KEDGE_CACHE_DIR' };
    return { part: 'store', status: 'ok', found };
  } catch (error) {
    return { part: 'store', status: 'failed', found: firstLine(explainSystemError(error, dir)), todo: `make ${dir} writable, or name another cache folder with KEDGE_CACHE_DIR` };
  }
}

function freeBytes(dir: string): number {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize;
}

async function modelCheck(model: InstalledModel | undefined, io: CommandIo, quiet: boolean): Promise<Check> {
  if (!model) return { part: 'model', status: 'failed', found: 'none is installed', todo: 'kedge model pull' };
  const progress = io.progress(quiet);
  try {
    const { intact, expected, found } = await verifyModel(model.name, { env: io.env, onProgress: progress.on, signal: io.signal });
    progress.stop();
    if (intact) return { part: 'model', status: 'ok', found: `${model.name}, ${model.architecture}, ${gigabytes(model.bytes)}, SHA-256 ${found} as expected` };
    return { part: 'model', status: 'failed', found: `${model.ggufPath} has SHA-256 ${found}, expected ${expected}`, todo: `kedge model remove ${model.name}, then kedge model pull ${model.name}` };
  } finally {
    progress.stop();
  }
}

async function measureApart(flags: EngineFlags, io: CommandIo): Promise<Measured> {
  const dir = mkdtempSync(join(tmpdir(), 'kedge-doctor-'));
  try {
    return await measure(io, flags, dir, systemClock);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The bounds are the README's: a gigabyte of memory, 50 MB of rows for 8,000 tokens. */
export function speedChecks(measured: Measured): Check[] {
  const { openMs, readTokensPerSecond, readTokens, prefillTokensPerSecond, firstTokenMs, decodeMsPerToken, rssModelBytes, rssPeakBytes, kvBytesAt8k, storedBytesPerToken } = measured;
  const slow = firstTokenMs > 2000;
  const heavy = rssPeakBytes > 1.1e9;
  return [
    { part: 'speed of reading', status: readTokensPerSecond < 20 ? 'warning' : 'ok', found: `${Math.round(readTokensPerSecond)} tokens/s over ${readTokens} tokens`, ...(readTokensPerSecond < 20 && { todo: 'close other programs, or run kedge index ahead of time' }) },
    {
      part: 'speed of completing', status: slow ? 'warning' : 'ok',
      found: `model opened in ${Math.round(openMs)} ms; first token after ${Math.round(firstTokenMs)} ms with nothing kept, ${Math.round(prefillTokensPerSecond)} prompt tokens/s, then ${decodeMsPerToken.toFixed(0)} ms a token`,
      ...(slow && { todo: 'set a smaller prefixTokensMax, or a smaller model (kedge model list)' }),
    },
    {
      part: 'memory', status: heavy ? 'warning' : 'ok',
      found: `${megabytes(rssModelBytes)} with the model open, ${megabytes(rssPeakBytes)} at most`,
      ...(heavy && { todo: 'use a smaller model (kedge model list)' }),
    },
    {
      part: 'memory of context', status: kvBytesAt8k > 50e6 || storedBytesPerToken > 3400 ? 'warning' : 'ok',
      found: `${megabytes(kvBytesAt8k)} resident for 8,000 tokens (window and sink included), ${(storedBytesPerToken / 1000).toFixed(1)} KB stored a token`,
      ...(kvBytesAt8k > 50e6 && { todo: 'set a smaller residentShare or contextTokensMax in kedge.json' }),
    },
  ];
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0];
