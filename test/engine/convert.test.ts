// What a conversion leaves behind. Refuses to look at what it writes: parity and the engine's tests do.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { asideOf } from '../../base/aside.js';
import { noProgress } from '../../base/progress.js';
import { openGguf } from '../../engine/gguf/read.js';
import { convertModel } from '../../engine/graph/convert.js';
import { testDir } from '../harness/folders.js';
import { writeTinyGguf } from '../harness/tiny-gguf.js';

it('deletes what a conversion left that was killed, and nothing of one that runs', async () => {
  const dir = testDir('convert');
  const gguf = join(dir, 'model.gguf');
  writeTinyGguf(gguf, { architecture: 'qwen2', seed: 1 });
  const converted = join(dir, 'converted');
  const { pid } = spawnSync(process.execPath, ['--version']);
  const [left, running] = [asideOf(converted, pid), asideOf(converted)];
  for (const path of [left, running]) mkdirSync(path);
  await convertModel(await openGguf(gguf), converted, { onProgress: noProgress });
  expect([converted, left, running].map((path) => existsSync(path))).toEqual([true, false, true]);
});
