// The watcher's thread, with threads of the test's own: one that ends by itself is started again. Refuses to watch anything.
import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { watchOnThread, type WatchThread } from '../../context/watch-thread.js';
import type { FileChange } from '../../context/workspace.js';

it('is started again when it ends by itself, a few times, and never once it is closed', async () => {
  const threads: EventEmitter[] = [];
  const changes: FileChange[] = [];
  const errors: unknown[] = [];
  const start = (): WatchThread => {
    const thread = new EventEmitter();
    threads.push(thread);
    return Object.assign(thread, { unref: () => {}, terminate: () => Promise.resolve(thread.emit('exit', 1) ? 1 : 0) }) as unknown as WatchThread;
  };
  const watcher = watchOnThread(['/a'], (batch) => changes.push(...batch), (error) => errors.push(error), start);
  threads[0].emit('error', new Error('out of memory'));
  threads[0].emit('exit', 1);
  threads[1].emit('message', { kind: 'ready' });
  await watcher.ready;
  threads[1].emit('message', { kind: 'changed', changes: [{ kind: 'disk', path: '/a/b.ts' }] });
  threads[1].emit('exit', 1);
  await watcher.close();
  threads[2].emit('exit', 1);
  expect([threads.length, changes.length, errors.length]).toEqual([3, 1, 1]);
});
