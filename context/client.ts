// A repository as its callers see it: on a thread of its own, and on a new one, which is told all that counts, where that broke.
// Refuses to ask a second thread twice: what breaks that too is the caller's to hear of.
import { UserError } from '../base/errors.js';
import { LocalRepository, type OutlinedFiles, type PlanOptions, type Repository, type RepositoryOptions } from './repository.js';
import type { Cursor, Prepared } from './prepare.js';
import { RepositoryThread } from './thread.js';
import type { Watcher } from './watch.js';
import { watchOnThread } from './watch-thread.js';
import type { FileChange } from './workspace.js';

export interface OpenOptions extends RepositoryOptions {
  /** In the caller's own thread. */
  readonly inProcess?: boolean;
  /** Hears why a thread ended that another one stands in for. */
  readonly onBroken?: (error: Error) => void;
}

/** On a thread of its own, or where `inProcess` says so in the caller's. */
export function openRepository({ inProcess = false, onBroken = () => {}, ...options }: OpenOptions): Repository {
  return inProcess ? new LocalRepository(options) : new RepositoryClient(options, onBroken);
}

class RepositoryClient implements Repository {
  private thread: RepositoryThread;
  private readonly buffers = new Map<string, FileChange>();
  /** The workspace's folders, where they are no longer those of the start. */
  private moved: readonly FileChange[] = [];
  private closing = false;

  constructor(
    private options: RepositoryOptions,
    private readonly onBroken: (error: Error) => void,
  ) {
    this.thread = new RepositoryThread(options);
  }

  apply(changes: readonly FileChange[]): Promise<boolean> {
    for (const change of changes) this.note(change);
    // A new thread is told of all that was noted.
    return this.renewed() ? Promise.resolve(true) : this.thread.apply(changes);
  }

  prepare(cursor: Cursor, options: PlanOptions, signal?: AbortSignal): Promise<Prepared> {
    return this.asked((thread) => thread.prepare(cursor, options, signal));
  }

  importersOf(path: string): Promise<readonly string[]> {
    return this.asked((thread) => thread.importersOf(path));
  }

  outlined(): Promise<OutlinedFiles> {
    return this.asked((thread) => thread.outlined());
  }

  watch(roots: readonly string[], onChanges: (changes: FileChange[]) => void, onError: (error: unknown) => void): Watcher {
    return watchOnThread(roots, onChanges, onError);
  }

  close(): Promise<void> {
    this.closing = true;
    return this.thread.close();
  }

  private async asked<T>(ask: (thread: RepositoryThread) => Promise<T>): Promise<T> {
    const { thread } = this;
    try {
      return await ask(thread);
    } catch (error) {
      if (!thread.ended || this.closing) throw error;
      this.renewed();
      const second = this.thread;
      return ask(second).catch((again: unknown) => {
        throw second.ended ? new UserError(`the repository's thread ended twice over one request, the last time by: ${second.ended.message}`) : again;
      });
    }
  }

  /** Puts a thread in place of one that ended; false where it works. */
  private renewed(): boolean {
    const { ended } = this.thread;
    if (!ended || this.closing) return false;
    this.onBroken(ended);
    this.thread = new RepositoryThread(this.options);
    void this.thread.apply([...this.moved, ...this.buffers.values()]);
    return true;
  }

  /** What a new thread must know: all but the disk, which it reads itself. */
  private note(change: FileChange): void {
    if (change.kind === 'open') this.buffers.set(change.path, change);
    else if (change.kind === 'close') this.buffers.delete(change.path);
    else if (change.kind === 'roots') this.moved = [change];
    else if (change.kind === 'environments') this.options = { ...this.options, pythonEnvironments: change.folders };
    else if (change.kind === 'exclude') this.options = { ...this.options, exclude: change.patterns, excludeFrom: change.from };
  }
}
