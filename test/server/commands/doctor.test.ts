// `kedge doctor` on the tiny model and on broken machines: every part is named, and what to do. Refuses to judge speeds.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { modelsDir } from '../../../base/paths.js';
import { nodeCheck, speedChecks, storeCheck } from '../../../server/commands/doctor.js';
import type { Measured } from '../../../server/commands/measure.js';
import { temporaryFolder } from '../../harness/fixture.js';
import { runKedge, tinyCache, tinyModel } from '../../harness/tiny-cache.js';

interface Report {
  readonly ok: boolean;
  readonly checks: { readonly part: string; readonly status: string; readonly found: string; readonly todo?: string }[];
  readonly measured: Record<string, number> | null;
}

describe('kedge doctor', () => {
  it('checks and measures every part', async () => {
    const cache = await tinyCache();
    const { code, stdout } = runKedge(cache, cache, 'doctor', '--model', tinyModel, '--json');
    const report = JSON.parse(stdout) as Report;
    expect(report.checks.map(({ part }) => part)).toEqual(['Node', 'runtime', 'store', 'model', 'speed of reading', 'speed of completing', 'memory', 'memory of context']);
    expect([code, report.ok]).toEqual([0, true]);
    for (const [name, value] of Object.entries(report.measured!)) expect(value, name).toBeGreaterThanOrEqual(0);
    for (const { status, todo } of report.checks) expect(status === 'ok' || todo !== undefined).toBe(true);
  });

  it('finds a model file that changed', async () => {
    const cache = await tinyCache();
    const path = join(modelsDir({ KEDGE_CACHE_DIR: cache }), tinyModel, 'model.gguf');
    chmodSync(path, 0o600);
    writeFileSync(path, 'GGUF, but not that one');
    const { code, stdout } = runKedge(cache, cache, 'doctor', '--model', tinyModel, '--json');
    const report = JSON.parse(stdout) as Report;
    expect([code, report.ok, report.measured]).toEqual([1, false, null]);
    expect(report.checks.find(({ part }) => part === 'model')).toMatchObject({ status: 'failed', todo: 'kedge model remove tiny, then kedge model pull tiny' });
  });

  it('finds a store that cannot be written', () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    expect(storeCheck(join(file, 'store'))).toMatchObject({ part: 'store', status: 'failed', todo: expect.stringContaining('KEDGE_CACHE_DIR') as string });
    const dir = join(temporaryFolder(), 'store');
    mkdirSync(dir);
    expect(storeCheck(dir).status).not.toBe('failed');
  });

  it('knows which Node is too old', () => {
    for (const [version, status] of [['18.20.0', 'failed'], ['20.18.9', 'failed'], ['20.19.0', 'ok'], ['22.0.0', 'ok'], ['24.1.0', 'ok']]) expect(nodeCheck(version).status, version).toBe(status);
  });

  it('says what to do about each figure beyond its bound', () => {
    const good: Measured = { openMs: 1, readTokens: 1, readTokensPerSecond: 500, prefillTokensPerSecond: 500, firstTokenMs: 100, decodeMsPerToken: 10, rssModelBytes: 1, rssPeakBytes: 1, kvBytesAt8k: 1, storedBytesPerToken: 1 };
    expect(speedChecks(good).map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'ok']);
    const bad = speedChecks({ ...good, readTokensPerSecond: 1, firstTokenMs: 9000, rssPeakBytes: 3e9, kvBytesAt8k: 9e7 });
    expect(bad.map(({ status, todo }) => [status, todo !== undefined])).toEqual(Array(4).fill(['warning', true]));
  });
});
