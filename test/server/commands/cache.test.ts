// `kedge cache`: what it prints for a reader and for a program, and the code it ends with.
import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cac } from 'cac';
import { afterEach, expect, test } from 'vitest';
import { digestOf } from '../../../base/digest.js';
import { UserError } from '../../../base/errors.js';
import { SegmentStore } from '../../../engine/index.js';
import { addCacheCommand } from '../../../server/commands/cache.js';

let root: string;
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
  process.exitCode = undefined;
});

/** A store of two packs of one entry each, and a project's outlines. */
function filledStore(): string {
  root = mkdtempSync(join(tmpdir(), 'kedge-cache-'));
  const dir = join(root, 'store');
  const store = SegmentStore.open(dir, { bytesMax: 1e9 });
  for (const name of ['a', 'b']) {
    store.put({ key: digestOf(name), meta: new Uint8Array(10), blocks: [new Uint8Array(499_000)] });
    store.flush();
  }
  mkdirSync(join(root, 'outlines'));
  writeFileSync(join(root, 'outlines', 'a.outlines'), new Uint8Array(100_000));
  return dir;
}

async function run(...args: string[]): Promise<{ out: string; exitCode: typeof process.exitCode }> {
  const lines: string[] = [];
  const cli = cac('kedge');
  const io = { out: (text: string) => void lines.push(text), err: () => {}, env: { KEDGE_CACHE_DIR: root, HOME: root }, signal: new AbortController().signal, progress: () => ({ on: () => {}, stop: () => {} }) };
  addCacheCommand(cli, io);
  cli.parse(['node', 'kedge', 'cache', ...args], { run: false });
  await cli.runMatchedCommand();
  return { out: lines.join('\n'), exitCode: process.exitCode };
}

const cases: { args: string[]; harm?: (dir: string) => void; out: RegExp; exitCode?: number }[] = [
  { args: ['stats'], out: /^2 entries in 2 packs, 1(\.0)? MB of at most 4,000 MB, in .*store\noutlines of projects, 0\.1 MB, in .*outlines$/ },
  { args: ['stats', '--json'], out: /^\{"dir":".*store","entries":2,"packs":2,"bytes":99\d{4},"bytesMax":4000000000,"outlineBytes":100000\}$/ },
  { args: ['verify'], out: /^2 entries in 2 packs, .* MB: all as written$/ },
  { args: ['verify', '--json'], out: /^\{"dir":".*store","packs":2,"entries":2,"bytes":\d+,"damaged":\[\]\}$/ },
  { args: ['verify'], harm: cutOne, out: /^[0-9a-f]{32}\.pack is cut short or damaged\n1 file of .*store is not as written.*kedge cache clear$/, exitCode: 1 },
  { args: ['verify', '--json'], harm: cutOne, out: /"entries":1,.*"damaged":\[\{"file":"[0-9a-f]{32}\.pack","reason":"is cut short or damaged"\}\]\}$/, exitCode: 1 },
  { args: ['verify'], harm: (dir) => writeFileSync(join(dir, 'notes.txt'), 'mine'), out: /^notes.txt is not a file of the store\n/, exitCode: 1 },
  { args: ['clear'], out: /^1\.1 MB freed in .*store and .*outlines$/ },
  { args: ['clear', '--json'], out: /^\{"dir":".*store","bytesFreed":109\d{4}\}$/ },
  { args: ['stats'], harm: (dir) => rmSync(dir, { recursive: true }), out: /^0 entries in 0 packs, 0 MB of/ },
];

function cutOne(dir: string): void {
  truncateSync(join(dir, readdirSync(dir)[0]), 1000);
}

test.each(cases)('$args', async ({ args, harm, out, exitCode }) => {
  const dir = filledStore();
  harm?.(dir);
  const result = await run(...args);
  expect(result.out).toMatch(out);
  expect(result.exitCode).toBe(exitCode);
});

test('an unknown action is the caller\'s mistake', async () => {
  filledStore();
  await expect(run('shrink')).rejects.toThrow(UserError);
  await expect(run('shrink')).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(/"shrink".*stats, verify, clear/) });
});

test('clear empties', async () => {
  const dir = filledStore();
  await run('clear');
  expect(readdirSync(dir)).toEqual([]);
});
