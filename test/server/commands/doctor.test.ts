// `kedge doctor` on the tiny model and on broken machines: every part is named, and what to do. Refuses to judge speeds.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { modelsDir, type Env } from '../../../base/paths.js';
import type { Check } from '../../../server/checks.js';
import { addDoctorCommand, speedChecks, storeFacts } from '../../../server/commands/doctor.js';
import { kvBytesOf, type Measured } from '../../../server/commands/measure.js';
import { defaultConfig } from '../../../server/config.js';
import { runCommand } from '../../harness/command.js';
import { layOut } from '../../harness/fixture.js';
import { temporaryFolder } from '../../harness/folders.js';
import { runKedge, tinyCache, tinyModel } from '../../harness/tiny-cache.js';

interface Report {
  readonly ok: boolean;
  readonly checks: Check[];
  readonly measured: Record<string, number> | null;
}

afterEach(() => (process.exitCode = undefined));

/** On which nothing is installed and nothing runs. */
const machine = (): Env => {
  const home = temporaryFolder();
  return { HOME: home, KEDGE_CACHE_DIR: home, XDG_RUNTIME_DIR: home };
};

const good: Measured = { openMs: 1, readTokens: 1, readTokensPerSecond: 500, prefillTokensPerSecond: 500, firstTokenMs: 100, decodeMsPerToken: 10, rssModelBytes: 1, rssPeakBytes: 1, kvBytes: 1, storedBytesPerToken: 1 };

describe('kedge doctor', () => {
  it('checks and measures every part', async () => {
    const cache = await tinyCache();
    const { code, stdout } = runKedge(cache, cache, 'doctor', '--model', tinyModel, '--json');
    const report = JSON.parse(stdout) as Report;
    expect(report.checks.map(({ name }) => name)).toEqual(['Node', 'runtime', 'store', 'settings', 'watches', 'daemons', 'editors', 'model', 'speed of reading', 'speed of completing', 'memory', 'memory of context']);
    expect([code, report.ok]).toEqual([0, true]);
    for (const [name, value] of Object.entries(report.measured!)) expect(value, name).toBeGreaterThanOrEqual(0);
    for (const { state, todo } of report.checks) expect(state === 'ok' || todo !== undefined).toBe(true);
  });

  it('finds a model file that changed', async () => {
    const cache = await tinyCache();
    const path = join(modelsDir({ KEDGE_CACHE_DIR: cache }), tinyModel, 'model.gguf');
    chmodSync(path, 0o600);
    writeFileSync(path, 'GGUF, but not that one');
    const { code, stdout } = runKedge(cache, cache, 'doctor', '--model', tinyModel, '--json');
    const report = JSON.parse(stdout) as Report;
    expect([code, report.ok, report.measured]).toEqual([1, false, null]);
    expect(report.checks.find(({ name }) => name === 'model')).toMatchObject({ state: 'failed', todo: 'kedge model remove tiny, then kedge model pull tiny' });
  });

  it('tells what it checked where measuring fails', async () => {
    const cache = await tinyCache();
    const { code, stdout } = runKedge(cache, cache, 'doctor', '--model', tinyModel, '--threads', '0', '--json');
    const report = JSON.parse(stdout) as Report;
    expect([code, report.ok, report.measured, report.checks.length]).toEqual([1, false, null, 9]);
    expect(report.checks.at(-1)).toMatchObject({ name: 'speed', state: 'failed', what: expect.stringContaining('--threads 0') as string });
  });

  it('checks the settings of the project that a folder is of', async () => {
    const { root } = layOut('--- kedge.json\n{ "multiline": 1 }\n--- src/a.ts\n');
    const { out } = await runCommand(addDoctorCommand, machine(), 'doctor', join(root, 'src'), '--json');
    expect((JSON.parse(out) as Report).checks.find(({ name }) => name === 'settings')).toMatchObject({ state: 'warning', what: expect.stringContaining(`${join(root, 'kedge.json')}:1`) as string });
  });

  it('has a folder that is there', async () => {
    await expect(runCommand(addDoctorCommand, machine(), 'doctor', join(temporaryFolder(), 'missing'))).rejects.toThrow('is not a folder');
  });

  it('finds a store that cannot be written', () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    expect(storeFacts(join(file, 'store'), 1e9)).toMatchObject({ error: expect.stringContaining('store is not a folder') as string });
    const dir = join(temporaryFolder(), 'store');
    mkdirSync(dir);
    expect(storeFacts(dir, 1e9)).toMatchObject({ dir, entries: 0, bytes: 0, bytesMax: 1e9 });
  });

  it('says what to do about each figure beyond its bound', () => {
    // A larger model stores more of each token: nothing is to be done about that.
    expect(speedChecks({ ...good, storedBytesPerToken: 9000 }, defaultConfig()).map(({ state }) => state)).toEqual(['ok', 'ok', 'ok', 'ok']);
    const bad = speedChecks({ ...good, readTokensPerSecond: 1, firstTokenMs: 9000, rssPeakBytes: 3e9, kvBytes: 9e7 }, defaultConfig());
    expect(bad.map(({ state, todo }) => [state, todo !== undefined])).toEqual(Array(4).fill(['warning', true]));
  });

  it.each([
    [{}, 'prefixTokensMax'],
    [{ residentShare: 0.1 }, 'residentShare'],
    [{ contextTokensMax: 24_000 }, 'contextTokensMax'],
  ])('names a setting that lessens the memory of context where %j is set', (set, named) => {
    expect(speedChecks({ ...good, kvBytes: 9e7 }, { ...defaultConfig(), ...set }).find(({ name }) => name === 'memory of context')?.todo).toContain(named);
  });

  // Of a sample whose 200 tokens hold 50 rows of a kilobyte when composed whole, beside a window of 10 KB.
  it.each([
    [8000, 0.05, 400],
    [8000, 0.1, 800],
    [8000, 0.01, 400],
    [8000, 0.5, 2000],
    [24_000, 0.05, 1200],
    [1000, 0.05, 250],
    [0, 0.05, 0],
  ])('counts for at most %i tokens with a share of %d the rows that are held: %i', (contextTokensMax, residentShare, rows) => {
    const kv = { contextTokens: 200, rowsResident: 50, bytesResident: 60_000, denseBytesFp16: 1_000_000, byteReduction: 0.95 };
    expect(kvBytesOf(kv, { contextTokensMax, residentShare })).toBeCloseTo(10_000 + 1000 * rows);
  });
});
