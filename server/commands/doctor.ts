// `kedge doctor [DIR]`: gathers what there is to know of this machine and of a folder's project, has each part checked, and measures it.
// Refuses to change anything: it measures on a store of its own that it deletes.
import { mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../base/clock.js';
import { explainSystemError } from '../../base/errors.js';
import { writeFileAtomically } from '../../base/files.js';
import { packageVersion } from '../../base/package.js';
import { storeDir } from '../../base/paths.js';
import { countWatches, isProject } from '../../context/index.js';
import { findModel, runtimeSelfTest, SegmentStore, verifyModel } from '../../engine/index.js';
import { daemonsCheck, editorsCheck, measuringFailed, modelCheck, nodeCheck, runtimeCheck, settingsCheck, storeCheck, watchCheck, type Check, type ModelFacts, type RuntimeFacts, type StoreFacts, type WatchFacts } from '../checks.js';
import type { Config } from '../config.js';
import { loadConfig } from '../config-load.js';
import { rowsResidentLeast } from '../context-form.js';
import { projectAround } from '../files.js';
import { megabytes } from '../quantities.js';
import { runningDaemons, systemProcesses, type SeenDaemon } from '../stats.js';
import { engineFlags, type EngineFlags } from './engine.js';
import { withProgress, type AddCommand, type CommandIo } from './io.js';
import { measure, type Measured } from './measure.js';
import { folderNamed } from './place.js';

interface Flags extends EngineFlags {
  readonly json?: boolean;
}

export const addDoctorCommand: AddCommand = (cli, io) => {
  engineFlags(cli.command('doctor [dir]', 'Check every part of Kedge on this machine and for a folder, and measure it'))
    .option('--json', 'One JSON object on stdout')
    .action((dir: string | undefined, flags: Flags) => run(projectAround(folderNamed(dir)).root, flags, io));
};

async function run(root: string, flags: Flags, io: CommandIo): Promise<void> {
  const checks: Check[] = [];
  const note = (check: Check): void => {
    checks.push(check);
    if (!flags.json) io.out(lineOf(check));
  };
  const { config, faults } = loadConfig(root, io.env);
  const daemons = runningDaemons(io.env, systemProcesses(systemClock));
  note(nodeCheck(process.versions.node, machine()));
  note(await runtimeFacts().then(runtimeCheck));
  note(storeCheck(storeFacts(storeDir(io.env), config.storeBytesMax)));
  note(settingsCheck(faults, root));
  note(watchCheck(watchFacts(root, daemons)));
  note(daemonsCheck(daemons, packageVersion()));
  note(editorsCheck(daemons));
  note(await modelFacts(flags.model === undefined ? config.model : String(flags.model), io, flags.json === true).then(modelCheck));
  // An editor that lacks something keeps nobody from measuring.
  const isSound = checks.every(({ name, state }) => state !== 'failed' || name === 'editors');
  const measured = isSound ? await measureApart(flags, config, io).catch((error: unknown) => {
    io.signal.throwIfAborted();
    note(measuringFailed(firstLine(error)));
    return undefined;
  }) : undefined;
  if (measured) for (const check of speedChecks(measured, config)) note(check);
  const ok = checks.every(({ state }) => state !== 'failed');
  if (flags.json) io.out(JSON.stringify({ version: packageVersion(), ok, checks, measured: measured ?? null }));
  if (!ok) process.exitCode = 1;
}

function lineOf({ name, state, what, todo }: Check): string {
  const mark = { ok: 'ok     ', warning: 'warning', failed: 'FAILED ' }[state];
  return `${mark} ${name}: ${what}${todo === undefined ? '' : `\n        to do: ${todo}`}`;
}

const machine = (): string => `${process.platform} ${process.arch}, ${availableParallelism()} threads of ${cpus()[0]?.model.trim() ?? 'an unknown processor'}, ${(totalmem() / 1e9).toFixed(0)} GB of memory`;

const runtimeFacts = (): Promise<RuntimeFacts> => runtimeSelfTest().catch((error: unknown) => ({ error: firstLine(error) }));

export function storeFacts(dir: string, bytesMax: number): StoreFacts {
  try {
    const probe = join(dir, '.doctor-probe');
    writeFileAtomically(probe, 'writable');
    rmSync(probe);
    const { bavail, bsize } = statfsSync(dir);
    return { ...SegmentStore.open(dir, { bytesMax }).stats(), bytesFree: bavail * bsize };
  } catch (error) {
    return { dir, error: firstLine(explainSystemError(error, dir)) };
  }
}

async function modelFacts(wanted: string | undefined, io: CommandIo, quiet: boolean): Promise<ModelFacts> {
  const model = findModel(wanted, io.env);
  if (!model) return { wanted, installed: undefined };
  const { expected, found } = await withProgress(io, quiet, (onProgress) => verifyModel(model.name, { env: io.env, onProgress, signal: io.signal }));
  return { wanted, installed: { ...model, expected, found } };
}

/** Of the folders that daemons watch, and of `root` unless it is no project. */
function watchFacts(root: string, daemons: readonly SeenDaemon[]): WatchFacts {
  const limit = inotifyLimit();
  if (limit === undefined) return { limit, roots: [], watches: 0, daemons };
  const roots = [...new Set([...(isProject(root) ? [root] : []), ...daemons.flatMap(({ stats }) => stats?.roots ?? [])])];
  return { limit, roots, watches: roots.reduce((sum, each) => sum + countWatches(each), 0), daemons };
}

function inotifyLimit(): number | undefined {
  try {
    return Number(readFileSync('/proc/sys/fs/inotify/max_user_watches', 'utf8'));
  } catch {
    return undefined;
  }
}

async function measureApart(flags: EngineFlags, config: Config, io: CommandIo): Promise<Measured> {
  const dir = mkdtempSync(join(tmpdir(), 'kedge-doctor-'));
  try {
    return await measure(io, flags, config, dir, systemClock);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Of what the default model holds with the default settings, with some room. */
const processBytesMax = 1.1e9;
const kvBytesMax = 50e6;

export function speedChecks(measured: Measured, config: Pick<Config, 'contextTokensMax' | 'residentShare'>): Check[] {
  const { openMs, readTokensPerSecond, readTokens, prefillTokensPerSecond, firstTokenMs, decodeMsPerToken, rssModelBytes, rssPeakBytes, kvBytes, storedBytesPerToken } = measured;
  const slow = firstTokenMs > 2000;
  const heavy = rssPeakBytes > processBytesMax;
  const wide = kvBytes > kvBytesMax;
  const isLeast = config.contextTokensMax * config.residentShare <= rowsResidentLeast;
  return [
    { name: 'speed of reading', state: readTokensPerSecond < 20 ? 'warning' : 'ok', what: `${Math.round(readTokensPerSecond)} tokens/s over ${readTokens} tokens`, ...(readTokensPerSecond < 20 && { todo: 'close other programs, or run kedge index ahead of time' }) },
    {
      name: 'speed of completing', state: slow ? 'warning' : 'ok',
      what: `model opened in ${Math.round(openMs)} ms; first token after ${Math.round(firstTokenMs)} ms with nothing kept, ${Math.round(prefillTokensPerSecond)} prompt tokens/s, then ${decodeMsPerToken.toFixed(0)} ms a token`,
      ...(slow && { todo: 'set a smaller prefixTokensMax, or a smaller model (kedge model list)' }),
    },
    {
      name: 'memory', state: heavy ? 'warning' : 'ok',
      what: `${megabytes(rssModelBytes)} with the model open, ${megabytes(rssPeakBytes)} at most`,
      ...(heavy && { todo: 'use a smaller model (kedge model list)' }),
    },
    {
      name: 'memory of context', state: wide ? 'warning' : 'ok',
      what: `${megabytes(kvBytes)} resident for ${config.contextTokensMax.toLocaleString('en')} tokens (window and sink included), ${(storedBytesPerToken / 1000).toFixed(1)} KB stored a token`,
      ...(wide && { todo: isLeast ? 'set a smaller prefixTokensMax, or use a smaller model (kedge model list)' : 'set a smaller residentShare or contextTokensMax' }),
    },
  ];
}

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0];
