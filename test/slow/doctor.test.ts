// What the product may hold in memory and on disk, as doctor measures it on the real model.
import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { modelsDir } from '../../base/paths.js';
import { findModel, isReady } from '../../engine/index.js';
import { mainPath } from '../harness/client.js';
import { describeIf } from '../harness/require.js';
import { testDir } from '../harness/folders.js';

const residentBytesMax = 1.1e9;
const kvBytesMax = 50e6;
const storedBytesPerTokenMax = 3400;

const model = findModel(undefined, process.env);
const present = model !== undefined && isReady(model);

describeIf(present, 'the default model, converted', () => {
  it('keeps rows, stored and resident, and the process within their bounds', () => {
    const cache = testDir('doctor');
    symlinkSync(modelsDir(), join(cache, 'models'));
    const { stdout, status } = spawnSync(process.execPath, [mainPath, 'doctor', '--json'], { encoding: 'utf8', env: { ...process.env, KEDGE_CACHE_DIR: cache } });
    const report = JSON.parse(stdout) as { measured: { kvBytes: number; storedBytesPerToken: number; rssPeakBytes: number } };
    expect(status).toBe(0);
    expect(report.measured.kvBytes).toBeLessThan(kvBytesMax);
    expect(report.measured.storedBytesPerToken).toBeLessThan(storedBytesPerTokenMax);
    expect(report.measured.rssPeakBytes).toBeLessThan(residentBytesMax);
  });
});
