// An index killed at random moments: the store verifies, the next run completes, and what was sealed is not read again.
// Refuses to choose the moments itself: a seed does, and is printed.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { mainPath } from '../harness/client.js';
import { temporaryFolder } from '../harness/folders.js';
import { runKedge, tinyCache, tinyModel } from '../harness/tiny-cache.js';

const kills = 20;

/** Mulberry32: the same seed kills at the same moments. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const seed = Number(process.env.KEDGE_SEED ?? Date.now() % 1e9);

it(`an index killed ${kills} times loses nothing that was stored (KEDGE_SEED=${seed})`, async () => {
  const random = randomOf(seed);
  const cache = await tinyCache();
  const root = temporaryFolder();
  mkdirSync(join(root, 'src'));
  for (let file = 0; file < 20; file += 1) writeFileSync(join(root, 'src', `file${file}.ts`), `export function f${file}() {\n${`  call(${file}, value);\n`.repeat(60)}}\n`);

  const startedMs = performance.now();
  const whole = runKedge(await tinyCache(), root, 'index', '--model', tinyModel, '--json');
  const runMs = performance.now() - startedMs;
  const { segments } = JSON.parse(whole.stdout) as { segments: number };

  for (let round = 0; round < kills; round += 1) {
    const child = spawn(process.execPath, [mainPath, 'index', '--model', tinyModel, '--json'], { cwd: root, env: { ...process.env, KEDGE_CACHE_DIR: cache }, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('close', resolve));
    await sleep(random() * runMs);
    child.kill('SIGKILL');
    await ended;
    const verified = runKedge(cache, root, 'cache', 'verify', '--json');
    expect([verified.code, (JSON.parse(verified.stdout) as { damaged: unknown[] }).damaged], `after kill ${round}`).toEqual([0, []]);
  }
  const { entries } = JSON.parse(runKedge(cache, root, 'cache', 'stats', '--json').stdout) as { entries: number };
  const last = JSON.parse(runKedge(cache, root, 'index', '--model', tinyModel, '--json').stdout) as { segments: number; segmentsEncoded: number; segmentsReused: number };
  expect(last).toMatchObject({ segments, segmentsReused: entries, segmentsEncoded: segments - entries });
  expect(JSON.parse(runKedge(cache, root, 'index', '--model', tinyModel, '--json').stdout)).toMatchObject({ segments, segmentsEncoded: 0 });
}, 900_000);
