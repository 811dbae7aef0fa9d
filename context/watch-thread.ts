// A watcher on a thread of its own: its first look at a large folder takes seconds, and no plan must wait for that.
// Refuses to keep its process alive once every folder is watched.
import { Worker } from 'node:worker_threads';
import { fromWire, type WireError } from '../base/errors.js';
import type { Watcher } from './watch.js';
import type { FileChange } from './workspace.js';

/** It starts with the folders that it is to watch. */
export interface WatchData {
  readonly roots: readonly string[];
}

export type FromWatcher = { readonly kind: 'ready' } | { readonly kind: 'changed'; readonly changes: FileChange[] } | { readonly kind: 'failed'; readonly error: WireError };

const workerHeapMbMax = 512;

/** As `watch`. */
export function watchOnThread(roots: readonly string[], onChanges: (changes: FileChange[]) => void, onError: (error: unknown) => void): Watcher {
  const workerData: WatchData = { roots };
  const worker = new Worker(new URL('./watch-worker.js', import.meta.url), { workerData, resourceLimits: { maxOldGenerationSizeMb: workerHeapMbMax } });
  const ready = new Promise<void>((resolve) => {
    const watched = (): void => {
      worker.unref();
      resolve();
    };
    worker.on('message', (message: FromWatcher) => {
      if (message.kind === 'ready') watched();
      else if (message.kind === 'changed') onChanges(message.changes);
      else onError(fromWire(message.error));
    });
    worker.on('error', onError);
    worker.on('exit', watched);
  });
  return { ready, close: async () => void (await worker.terminate()) };
}
