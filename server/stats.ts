// A running daemon's small file in the user's runtime folder, for `kedge stats` and `kedge doctor`: written, read, and cleaned up after the dead.
// Refuses to write more than once a second, and to run a timer while nothing changes.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { dirname, join } from 'node:path';
import { isAlive } from '../base/aside.js';
import type { Clock } from '../base/clock.js';
import { systemCode } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { runtimeDir, type Env } from '../base/paths.js';
import type { Counts } from './meter.js';
import type { Timers } from './scheduler.js';

/** Of the fields below; a file of another format says only who wrote it. */
const format = 1;
const writeEveryMs = 1000;

/** What every version of Kedge writes. */
export interface DaemonId {
  readonly version: string;
  readonly pid: number;
  /** Since 1970. */
  readonly startedMs: number;
}

export interface DaemonStats extends DaemonId, Counts {
  readonly format: number;
  readonly client: { readonly name: string; readonly version?: string; readonly lacks: readonly string[] };
  readonly roots: readonly string[];
  readonly rssBytes: number;
  /** The error with which the platform refused to watch more files. */
  readonly watchLimitReached?: WatchLimit;
}

export type WatchLimit = 'ENOSPC' | 'EMFILE';

/** `stats` is absent where another version wrote in a format of its own. */
export interface SeenDaemon extends DaemonId {
  readonly stats?: DaemonStats;
}

const fileName = /^daemon-(\d+)\.json(\.tmp)?$/;
const pathOf = (dir: string, pid: number): string => join(dir, `daemon-${pid}.json`);

export interface StatsFileDeps {
  readonly env: Env;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** Runs `action` when the process ends, however that comes about, as far as the platform lets it. */
  atExit(action: () => void): void;
}

export class StatsFile {
  private readonly path: string;
  private writtenMs = -Infinity;
  private timer: unknown;
  private closed = false;

  constructor(
    private readonly current: () => Omit<DaemonStats, 'format'>,
    private readonly deps: StatsFileDeps,
  ) {
    this.path = pathOf(runtimeDir(deps.env), process.pid);
    deps.atExit(() => this.close());
  }

  /** Something changed: it is written soon. */
  touch(): void {
    if (this.closed || this.timer !== undefined) return;
    const { clock, timers } = this.deps;
    this.timer = timers.set(() => this.write(), Math.max(0, this.writtenMs + writeEveryMs - clock.nowMs()));
  }

  /** Removes the file, for good. */
  close(): void {
    this.closed = true;
    this.deps.timers.clear(this.timer);
    rmSync(this.path, { force: true });
  }

  private write(): void {
    this.timer = undefined;
    this.writtenMs = this.deps.clock.nowMs();
    const aside = `${this.path}.tmp`;
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      rmSync(aside, { force: true });
      writeFileSync(aside, JSON.stringify({ format, ...this.current() }), { mode: 0o600, flag: 'wx' });
      renameSync(aside, this.path);
    } catch (error) {
      this.closed = true;
      this.deps.log.warn(`kedge stats will not see this daemon: ${this.path} could not be written (${systemCode(error) ?? String(error)})`);
    }
  }
}

/** Which processes live, and when this machine started (since 1970); tests replace it. */
export interface Processes {
  isAlive(pid: number): boolean;
  readonly bootMs: number;
}

export const systemProcesses = (clock: Clock): Processes => ({
  isAlive,
  bootMs: clock.wallMs() - uptime() * 1000,
});

/** The running daemons, the oldest first; files of those that ended without removing theirs are deleted. */
export function runningDaemons(env: Env, processes: Processes): SeenDaemon[] {
  const dir = runtimeDir(env);
  const seen: SeenDaemon[] = [];
  for (const name of namesIn(dir)) {
    const match = fileName.exec(name);
    if (!match) continue;
    const path = join(dir, name);
    const daemon = match[2] === undefined ? parsed(path, Number(match[1])) : undefined;
    // A process number comes again after the machine started anew.
    const gone = !processes.isAlive(Number(match[1])) || (daemon !== undefined && daemon.startedMs < processes.bootMs);
    if (gone) rmSync(path, { force: true });
    else if (daemon) seen.push(daemon);
  }
  return seen.sort((a, b) => a.startedMs - b.startedMs);
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function parsed(path: string, pid: number): SeenDaemon | undefined {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<DaemonStats> | null;
    if (typeof value?.version !== 'string' || typeof value.startedMs !== 'number') return undefined;
    const { version, startedMs } = value;
    return { version, pid, startedMs, ...(value.format === format && { stats: value as DaemonStats }) };
  } catch {
    return undefined;
  }
}
