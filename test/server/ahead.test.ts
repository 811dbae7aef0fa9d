// What is read ahead, and in which order. Refuses to read.
import { expect, it } from 'vitest';
import { Ahead, importersMax } from '../../server/ahead.js';

const importers: Readonly<Record<string, string[]>> = { '/a': ['/b', '/x'], '/b': Array.from({ length: 20 }, (_, i) => `/y${i}`) };
const ahead = (outlined: (signal: AbortSignal) => Promise<void> = () => Promise.resolve()): Ahead => new Ahead({ importersOf: (path) => Promise.resolve(importers[path] ?? []) }, outlined);

async function all(one: Ahead, open: readonly string[], signal = new AbortController().signal): Promise<string[]> {
  const paths: string[] = [];
  for await (const path of one.next(open, signal)) paths.push(path);
  return paths;
}

it('is the open files first, then a bounded number of their importers, none of them twice', async () => {
  const one = ahead();
  expect(await all(one, ['/a', '/b'])).toEqual(['/a', '/b', '/x', ...Array.from({ length: importersMax - 1 }, (_, i) => `/y${i}`)]);
  for (const path of ['/a', '/b', '/x']) one.wasRead(path);
  one.changed('/b');
  expect(await all(one, ['/a', '/b'])).toEqual(['/b', ...Array.from({ length: importersMax - 1 }, (_, i) => `/y${i}`)]);
});

it('ends without importers when it is aborted while files are outlined', async () => {
  const controller = new AbortController();
  const one = ahead((signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())));
  setImmediate(() => controller.abort());
  expect(await all(one, ['/a'], controller.signal)).toEqual(['/a']);
});
