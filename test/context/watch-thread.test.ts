// The watcher's thread, with threads of the test's own: one that ends by itself is started again. Refuses to watch anything.
import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { UserError } from '../../base/errors.js';
import { watchOnThread, type WatchThread } from '../../context/watch-thread.js';

/** Threads in order: what each does before it ends by itself. */
const lives: Record<string, [lives: ('ready' | 'changed' | 'error')[][], told: string[]]> = {
  'works': [[['ready', 'changed']], ['disk']],
  'ended before it was ready': [[['error'], ['ready', 'changed']], ['out of memory', 'missed', 'disk']],
  'ended while it watched': [[['ready', 'changed'], ['ready', 'changed']], ['disk', 'missed', 'disk']],
  'ended for good': [[['ready'], ['ready'], ['ready']], ['missed', 'missed', 'missed', 'for the user: the watcher of files ended 3 times and is not started again: what changes outside of the editor is noticed when such a file is saved or closed in it. Name large folders in a .kedgeignore, then restart the language server']],
};

for (const [name, [lived, told]] of Object.entries(lives))
  it(`what is told of a thread that ${name}`, async () => {
    const threads: EventEmitter[] = [];
    const heard: string[] = [];
    const start = (): WatchThread => {
      const thread = new EventEmitter();
      threads.push(thread);
      return Object.assign(thread, { unref: () => {}, terminate: () => Promise.resolve(thread.emit('exit', 1) ? 1 : 0) }) as unknown as WatchThread;
    };
    const watcher = watchOnThread(['/a'], (batch) => heard.push(...batch.map(({ kind }) => kind)), (error) => heard.push(`${error instanceof UserError ? 'for the user: ' : ''}${(error as Error).message}`), start);
    for (const [i, life] of lived.entries()) {
      for (const event of life) {
        if (event === 'error') threads[i].emit('error', new Error('out of memory'));
        else threads[i].emit('message', event === 'ready' ? { kind: 'ready' } : { kind: 'changed', changes: [{ kind: 'disk', path: '/a/b.ts' }] });
      }
      if (i < lived.length - 1 || name === 'ended for good') threads[i].emit('exit', 1);
    }
    await watcher.ready;
    await watcher.close();
    threads.at(-1)?.emit('exit', 1);
    expect([threads.length, heard]).toEqual([lived.length, told]);
  });
