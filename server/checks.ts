// What `kedge doctor` concludes: each check turns facts of this machine into a state, and says what to do where something is to be done.
// Refuses to gather facts, so that every machine there may be can be tested.
import type { InstalledModel } from '../engine/index.js';
import { needs } from './client-needs.js';
import type { SeenDaemon, WatchLimit } from './stats.js';

export interface Check {
  readonly name: string;
  /** `warning`: Kedge works, though not as well as it could. */
  readonly state: 'ok' | 'warning' | 'failed';
  readonly what: string;
  /** What the user can do; absent where nothing is to be done. */
  readonly todo?: string;
}

/** `machine`: processor, threads and memory, in words. */
export function nodeCheck(version: string, machine: string): Check {
  const [major, minor] = version.split('.').map(Number);
  const what = `${version} on ${machine}`;
  if (major > 20 || (major === 20 && minor >= 19)) return { name: 'Node', state: 'ok', what };
  return { name: 'Node', state: 'failed', what, todo: 'install Node 20.19 or newer (https://nodejs.org)' };
}

/** What the runtime's self-test said, or why it does not load. */
export type RuntimeFacts = { readonly version: string; readonly saturates: boolean } | { readonly error: string };

export function runtimeCheck(facts: RuntimeFacts): Check {
  const name = 'runtime';
  if ('error' in facts) {
    return { name, state: 'failed', what: `onnxruntime does not load: ${facts.error}`, todo: 'install Kedge again, as its README says, on Linux x64 or arm64, Windows x64 or arm64, or macOS arm64' };
  }
  const what = `onnxruntime ${facts.version}`;
  if (!facts.saturates) return { name, state: 'ok', what: `${what}, integer products are exact` };
  return {
    name, state: 'warning', what: `${what}, integer products saturate on this processor, which has no VNNI: a graph that does not saturate is used, at a lower speed`,
    todo: 'nothing has to be done; a processor with VNNI would be faster',
  };
}

/** The store as it was found, or why it cannot be written. */
export type StoreFacts = { readonly dir: string } & ({ readonly error: string } | { readonly entries: number; readonly bytes: number; readonly bytesMax: number; readonly bytesFree: number });

export function storeCheck(facts: StoreFacts): Check {
  const name = 'store';
  if ('error' in facts) return { name, state: 'failed', what: facts.error, todo: `make ${facts.dir} writable, or name another cache folder with KEDGE_CACHE_DIR` };
  const { dir, entries, bytes, bytesMax, bytesFree } = facts;
  const what = `${dir} is writable, ${entries.toLocaleString('en')} segments in ${gigabytes(bytes)} of at most ${gigabytes(bytesMax)}, ${gigabytes(bytesFree)} free on the disk`;
  if (bytesFree >= bytesMax - bytes) return { name, state: 'ok', what };
  return { name, state: 'warning', what, todo: 'free some disk space, set a smaller storeBytesMax, or move the cache with KEDGE_CACHE_DIR' };
}

export interface ModelFacts {
  /** What flags or settings name; undefined: the catalogue's default. */
  readonly wanted: string | undefined;
  /** Undefined where it is not installed. `found`: the file's SHA-256. */
  readonly installed: (Pick<InstalledModel, 'name' | 'architecture' | 'bytes' | 'ggufPath'> & { readonly expected: string; readonly found: string }) | undefined;
}

export function modelCheck({ wanted, installed }: ModelFacts): Check {
  const name = 'model';
  if (!installed && wanted === undefined) return { name, state: 'failed', what: 'none is installed, so nothing is completed', todo: 'kedge model pull' };
  if (!installed) return { name, state: 'failed', what: `"${wanted}", which your settings or flags name, is not installed`, todo: 'name one that kedge model list shows, or pull it: kedge model pull NAME' };
  const { name: model, architecture, bytes, ggufPath, expected, found } = installed;
  if (found === expected) return { name, state: 'ok', what: `${model}, ${architecture}, ${gigabytes(bytes)}, SHA-256 ${found} as expected` };
  return { name, state: 'failed', what: `${ggufPath} has SHA-256 ${found}, expected ${expected}`, todo: `kedge model remove ${model}, then kedge model pull ${model}` };
}

/** `faults`: a line each, of what counts in the project at `root`. */
export function settingsCheck(faults: readonly string[], root: string): Check {
  if (faults.length === 0) return { name: 'settings', state: 'ok', what: `all that count in ${root} are understood` };
  return { name: 'settings', state: 'warning', what: faults.join('; '), todo: 'correct them: kedge config schema describes each setting' };
}

export interface WatchFacts {
  /** How many watches this user may have (inotify); undefined where the platform has no such limit. */
  readonly limit: number | undefined;
  /** Folders that are or would be watched, and how many watches they take together. */
  readonly roots: readonly string[];
  readonly watches: number;
  readonly daemons: readonly SeenDaemon[];
}

/** Which limit an error's code names, and what raises it. */
const watchLimits: Readonly<Record<WatchLimit, { readonly what: string; readonly raise: string }>> = {
  ENOSPC: { what: 'the limit of watches', raise: 'echo fs.inotify.max_user_watches=1048576 | sudo tee /etc/sysctl.d/60-watches.conf && sudo sysctl --system' },
  EMFILE: { what: 'the limit of open files or, on Linux, of programs that watch', raise: 'ulimit -n 4096 in the shell that starts the editor, on Linux also echo fs.inotify.max_user_instances=1024 | sudo tee /etc/sysctl.d/60-watching.conf && sudo sysctl --system' },
};

export function watchCheck({ limit, roots, watches, daemons }: WatchFacts): Check {
  const name = 'watches';
  const needed = `${watches.toLocaleString('en')} for ${roots.join(', ')}`;
  const todoFor = (code: WatchLimit): string => `raise the limit: ${watchLimits[code].raise}; until then what changes outside of the editor may be seen late`;
  for (const code of Object.keys(watchLimits) as WatchLimit[]) {
    const refused = daemons.filter(({ stats }) => stats?.watchLimitReached === code).map(({ pid }) => pid);
    if (refused.length > 0) return { name, state: 'warning', what: `${watchLimits[code].what} was reached in process ${refused.join(', ')}`, todo: todoFor(code) };
  }
  if (limit === undefined) return { name, state: 'ok', what: 'this platform sets no limit' };
  if (watches > limit) return { name, state: 'warning', what: `${needed} are more than the ${limit.toLocaleString('en')} that this user may have`, todo: todoFor('ENOSPC') };
  return { name, state: 'ok', what: `${roots.length === 0 ? 'none needed' : needed}, of ${limit.toLocaleString('en')} that this user's programs share` };
}

/** Where measuring ended in an error. */
export const measuringFailed = (error: string): Check => ({ name: 'speed', state: 'failed', what: `it could not be measured: ${error}`, todo: 'KEDGE_DEBUG=1 kedge demo shows where it ends; please report it where nothing above explains it' });

/** `version`: of the program that asks. */
export function daemonsCheck(daemons: readonly SeenDaemon[], version: string): Check {
  const name = 'daemons';
  if (daemons.length === 0) return { name, state: 'ok', what: 'none is running' };
  const each = daemons.map((daemon) => `process ${daemon.pid} (${editorOf(daemon)}) is of ${daemon.version}`).join(', ');
  if (daemons.every((daemon) => daemon.version === version)) return { name, state: 'ok', what: `${daemons.length} running, of version ${version} like this program` };
  return { name, state: 'warning', what: `different versions: ${each}, this program is of ${version}`, todo: 'restart those editors: versions do not share what they read, so each reads everything again' };
}

export function editorsCheck(daemons: readonly SeenDaemon[]): Check {
  const name = 'editors';
  const lacking = daemons.flatMap((daemon) => needs.filter((need) => daemon.stats?.client.lacks.includes(need.name)).map((need) => ({ need, editor: `${editorOf(daemon)} (process ${daemon.pid})` })));
  if (lacking.length === 0) return { name, state: 'ok', what: daemons.length === 0 ? 'none is connected' : 'each offers what Kedge needs' };
  return {
    name, state: lacking.some(({ need }) => need.vital) ? 'failed' : 'warning',
    what: lacking.map(({ need, editor }) => `${editor} lacks ${need.name}: ${need.missed}`).join('; '),
    todo: [...new Set(lacking.map(({ need }) => need.todo))].join('; '),
  };
}

const editorOf = ({ stats }: SeenDaemon): string => stats?.client.name || 'an editor without a name';

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
