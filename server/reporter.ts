// What a daemon tells of itself to `kedge stats` and `kedge doctor`: who it is, for whom it works, what it counts, what the platform refused it.
// Refuses to know how it is told: stats.ts does.
import type { InitializeParams } from 'vscode-languageserver';
import { UserError } from '../base/errors.js';
import { packageVersion } from '../base/package.js';
import { lacksOf } from './client-needs.js';
import { Meter } from './meter.js';
import { StatsFile, type StatsFileDeps, type WatchLimit } from './stats.js';

export const watchLimitMessage = 'Kedge cannot watch all files, since the system allows no more watches: what changes outside of the editor may be seen late. `kedge doctor` in a terminal says how to raise the limit.';

export class Reporter {
  readonly meter: Meter;
  private readonly file: StatsFile;
  private watchLimitReached: WatchLimit | undefined;
  private readonly told = new Set<string>();

  /** `tell` shows a message to the user. */
  constructor(
    { clientInfo, capabilities }: Pick<InitializeParams, 'clientInfo' | 'capabilities'>,
    private roots: readonly string[],
    private readonly tell: (message: string) => void,
    deps: StatsFileDeps,
  ) {
    const client = { name: clientInfo?.name ?? '', version: clientInfo?.version, lacks: lacksOf(capabilities) };
    const id = { version: packageVersion(), pid: process.pid, startedMs: deps.clock.wallMs() };
    this.meter = new Meter(() => this.file.touch());
    this.file = new StatsFile(() => ({ ...id, client, roots: this.roots, rssBytes: process.memoryUsage.rss(), watchLimitReached: this.watchLimitReached, ...this.meter.counts() }), deps);
    this.file.touch();
  }

  rootsChanged(roots: readonly string[]): void {
    this.roots = roots;
    this.file.touch();
  }

  /** Of a watcher's errors the limit and what the user can mend are told, once. */
  watchFailed(error: unknown): void {
    if (error instanceof UserError) return this.tellOnce(`Kedge: ${error.message}`);
    const [limit] = /\b(?:ENOSPC|EMFILE)\b/.exec(String(error)) ?? [];
    if (this.watchLimitReached || limit === undefined) return;
    this.watchLimitReached = limit as WatchLimit;
    this.tell(watchLimitMessage);
    this.file.touch();
  }

  close(): void {
    this.file.close();
  }

  private tellOnce(message: string): void {
    if (this.told.has(message)) return;
    this.told.add(message);
    this.tell(message);
  }
}
