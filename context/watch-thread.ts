// A watcher on a thread of its own: its first look at a large folder takes seconds, and no plan must wait for that.
// Refuses to keep its process alive once every folder is watched.
import { Worker } from 'node:worker_threads';
import { fromWire, UserError, type WireError } from '../base/errors.js';
import type { Watcher } from './watch.js';
import type { FileChange } from './workspace.js';

/** It starts with the folders that it is to watch. */
export interface WatchData {
  readonly roots: readonly string[];
}

export type FromWatcher = { readonly kind: 'ready' } | { readonly kind: 'changed'; readonly changes: FileChange[] } | { readonly kind: 'failed'; readonly error: WireError };

const workerHeapMbMax = 512;

/** What is used of a thread. */
export type WatchThread = Pick<Worker, 'on' | 'unref' | 'terminate'>;

/** One that ended by itself, which its bound on memory can make it, is started again so often; what it missed is told as such. */
const restartsMax = 2;

/** As `watch`. */
export function watchOnThread(roots: readonly string[], onChanges: (changes: FileChange[]) => void, onError: (error: unknown) => void, start = startThread): Watcher {
  let [restarts, isClosed] = [0, false];
  let thread: WatchThread;
  const ready = new Promise<void>((resolve) => {
    const watch = (): void => {
      thread = start(roots);
      const watched = (): void => {
        thread.unref();
        resolve();
        if (restarts > 0) onChanges([{ kind: 'missed' }]);
      };
      thread.on('message', (message: FromWatcher) => {
        if (message.kind === 'ready') watched();
        else if (message.kind === 'changed') onChanges(message.changes);
        else onError(fromWire(message.error));
      });
      thread.on('error', onError);
      thread.on('exit', () => {
        if (!isClosed && restarts++ < restartsMax) return watch();
        resolve();
        if (isClosed) return;
        onChanges([{ kind: 'missed' }]);
        onError(new UserError(`the watcher of files ended ${restarts} times and is not started again: what changes outside of the editor is noticed when such a file is saved or closed in it. Name large folders in a .kedgeignore, then restart the language server`));
      });
    };
    watch();
  });
  return {
    ready,
    close: async () => {
      isClosed = true;
      await thread.terminate();
    },
  };
}

function startThread(roots: readonly string[]): WatchThread {
  const workerData: WatchData = { roots };
  return new Worker(new URL('./watch-worker.js', import.meta.url), { workerData, resourceLimits: { maxOldGenerationSizeMb: workerHeapMbMax } });
}
