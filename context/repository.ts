// What is known of one workspace, behind calls that could be messages; here in the caller's own thread, as commands and tests want it.
// Refuses to be asked for a snapshot: what is planned is planned where the files are parsed.
import { setImmediate as tick } from 'node:timers/promises';
import type { Env } from '../base/paths.js';
import { prepare, type Cursor, type Prepared, type PrepareOptions } from './prepare.js';
import type { Survey } from './survey.js';
import { Turns } from './turns.js';
import { watch, type Watcher } from './watch.js';
import { Workspace, type FileChange, type WorkspaceDeps } from './workspace.js';

export interface PlanOptions extends Omit<PrepareOptions, 'pause'> {
  /** 'reading' waits for what is asked for at a cursor; 'completion' when left out. */
  readonly priority?: 'completion' | 'reading';
}

/** Every call is a message, and changes count for all calls made after them. A closed repository rejects. */
export interface Repository {
  /** The one door for changes. Resolves with whether a plan may now be another, but for data that each plan reads anew, such as lint rules; never rejects. */
  apply(changes: readonly FileChange[]): Promise<boolean>;
  /** As `prepare` of a snapshot. Rejects with the signal's reason when aborted. */
  prepare(cursor: Cursor, options: PlanOptions, signal?: AbortSignal): Promise<Prepared>;
  /** Absolute paths of readable files that import `path`, as far as they are outlined by now. */
  importersOf(path: string): Promise<readonly string[]>;
  /** Files whose outline is known, and those that still wait for theirs. */
  outlined(): Promise<OutlinedFiles>;
  /** Watches `roots`; what changes is told and not applied. */
  watch(roots: readonly string[], onChanges: (changes: FileChange[]) => void, onError: (error: unknown) => void): Watcher;
  close(): Promise<void>;
}

export interface OutlinedFiles {
  readonly files: number;
  readonly pending: number;
}

export interface RepositoryOptions extends Pick<WorkspaceDeps, 'exclude' | 'excludeFrom'> {
  readonly roots: readonly string[];
  /** The user's own, never a workspace's: see WorkspaceDeps. The environment's VIRTUAL_ENV is added. */
  readonly pythonEnvironments?: readonly string[];
  readonly env?: Env;
  /** Where outlines are kept between runs: all files are then outlined in the background. Left out, files are outlined when needed. */
  readonly outlinesDir?: string;
}

/** The first answers come before the survey starts. */
const surveyAfterMs = 1000;

export class LocalRepository implements Repository {
  readonly workspace: Workspace;
  private readonly turns = new Turns();

  private readonly active: readonly string[];

  private readonly survey: Survey | undefined;
  private readonly starting: NodeJS.Timeout | undefined;

  constructor({ roots, pythonEnvironments = [], exclude, excludeFrom, env = process.env, outlinesDir }: RepositoryOptions) {
    this.active = env.VIRTUAL_ENV ? [env.VIRTUAL_ENV] : [];
    this.workspace = new Workspace(roots, { pythonEnvironments: [...pythonEnvironments, ...this.active], exclude, excludeFrom });
    this.survey = outlinesDir === undefined ? undefined : this.workspace.surveyed(outlinesDir, this.turns);
    this.starting = this.survey && setTimeout(() => this.survey?.start(), surveyAfterMs).unref();
  }

  apply(changes: readonly FileChange[]): Promise<boolean> {
    const before = this.workspace.snapshot;
    const after = this.workspace.apply(changes.map((change) => (change.kind === 'environments' ? { ...change, folders: [...change.folders, ...this.active] } : change)));
    return Promise.resolve(after !== before);
  }

  prepare(cursor: Cursor, { priority = 'completion', ...options }: PlanOptions, signal?: AbortSignal): Promise<Prepared> {
    const { snapshot } = this.workspace;
    const planned = (wait: () => Promise<void>): Promise<Prepared> =>
      prepare(snapshot, cursor, {
        ...options,
        pause: async () => {
          await wait();
          signal?.throwIfAborted();
        },
      });
    return priority === 'completion' ? this.turns.first(() => planned(tick)) : this.turns.pause().then(() => planned(() => this.turns.pause()));
  }

  importersOf(path: string): Promise<readonly string[]> {
    return Promise.resolve(this.workspace.snapshot.importersOf(path));
  }

  outlined(): Promise<OutlinedFiles> {
    return Promise.resolve({ files: this.workspace.outlinedFiles, pending: this.survey?.pending ?? 0 });
  }

  watch(roots: readonly string[], onChanges: (changes: FileChange[]) => void, onError: (error: unknown) => void): Watcher {
    return watch(roots, onChanges, onError);
  }

  async close(): Promise<void> {
    clearTimeout(this.starting);
    await this.survey?.close();
  }
}
