// The watcher's own thread. Refuses to do anything but watch.
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../base/assert.js';
import { toWire } from '../base/errors.js';
import { watch } from './watch.js';
import type { FromWatcher, WatchData } from './watch-thread.js';

assert(parentPort, 'watch-worker.ts runs as a worker thread');
const port = parentPort;
const send = (message: FromWatcher): void => port.postMessage(message);
const { roots } = workerData as WatchData;
const watcher = watch(roots, (changes) => send({ kind: 'changed', changes }), (error) => send({ kind: 'failed', error: toWire(error) }));
void watcher.ready.then(() => send({ kind: 'ready' }));
