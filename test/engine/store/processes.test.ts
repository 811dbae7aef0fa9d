// Several real processes on one store: writers killed at random moments, and writers at the same time.
// Needs the build in dist/ (`npm test` makes it), since the others are plain Node processes.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { SegmentStore } from '../../../engine/store/store.js';
import { randomFrom, storeFolder } from './support.js';

const script = fileURLToPath(new URL('writer.mjs', import.meta.url));
const built = fileURLToPath(new URL('../../../dist/engine/store/store.js', import.meta.url));
const seed = Number(process.env.KEDGE_FUZZ_SEED ?? Date.now() % 1e9);

/** Runs a writer, killed `killAfterMs` after its first line where given; returns the numbers it said were sealed. */
async function write(dir: string, first: number, count: number, packBytesMax: number, killAfterMs?: number): Promise<number[]> {
  const child = spawn(process.execPath, [script, dir, String(first), String(count), String(packBytesMax)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  let killed = false;
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString();
    if (killAfterMs === undefined || killed) return;
    killed = true;
    setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => child.on('close', (...ending) => resolve(ending)));
  if (killAfterMs === undefined) expect(code).toBe(0);
  else expect(signal).toBe('SIGKILL');
  // A line without its end may be cut.
  return output.split('\n').slice(0, -1).map(Number);
}

const isWhole = (store: SegmentStore, number: number): boolean => {
  const part = Buffer.alloc(4000, createHash('sha256').update(`part ${number}`).digest());
  const found = store.get(createHash('sha256').update(`key ${number}`).digest('hex'));
  return found !== undefined && [part.subarray(0, 40), part, part.subarray(0, number % 900)].every((expected, index) => expected.equals([found.meta, ...found.blocks][index]));
};

test('the build is there', () => expect(existsSync(built), 'run npm run build first').toBe(true));

test(`twenty writers killed at random moments lose nothing that was sealed (seed ${seed})`, async () => {
  const random = randomFrom(seed);
  const dir = storeFolder();
  const sealed: number[] = [];
  for (let kill = 0; kill < 20; kill++) {
    // Small packs, so that sealing and merging are what is interrupted.
    sealed.push(...(await write(dir, kill * 100_000, 0, 60_000, random() * 40)));
    const store = SegmentStore.open(dir, { bytesMax: 1e9 });
    expect(readdirSync(dir).filter((name) => !name.endsWith('.pack'))).toEqual([]);
    expect(store.verify().damaged).toEqual([]);
    expect(sealed.filter((number) => !isWhole(store, number))).toEqual([]);
  }
  expect(sealed.length).toBeGreaterThanOrEqual(100);
});

test('three processes writing at once, partly the same, end with everything', async () => {
  const dir = storeFolder();
  const ranges = [0, 100, 200];
  const sealed = await Promise.all(ranges.map((first) => write(dir, first, 200, 60_000)));
  expect(sealed.map((numbers) => numbers.length)).toEqual([200, 200, 200]);
  const store = SegmentStore.open(dir, { bytesMax: 1e9 });
  expect(Array.from({ length: 400 }, (_, number) => number).filter((number) => !isWhole(store, number))).toEqual([]);
  expect(store.stats().entries).toBe(400);
  expect(store.verify()).toMatchObject({ entries: 400, damaged: [] });
});
