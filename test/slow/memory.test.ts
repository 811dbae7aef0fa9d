// What the product may hold in memory and on disk, measured on the real model: the process after fifty completions, rows for 8,000 tokens.
// Refuses to guess where the system does not tell a process's size.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { packageFile } from '../../base/package.js';
import { modelsDir } from '../../base/paths.js';
import { findModel, isReady } from '../../engine/index.js';
import { mainPath, spawnDaemon } from '../harness/client.js';
import { describeIf } from '../harness/require.js';

const residentBytesMax = 1.1e9;
const kvBytesMax = 50e6;
const storedBytesPerTokenMax = 3400;
const completions = 50;

const model = findModel(undefined, process.env);
const present = model !== undefined && isReady(model) && existsSync('/proc/self/status');
const dir = mkdtempSync(join(tmpdir(), 'kedge-memory-'));

afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The models of this machine, a store of the test's own. */
async function cache(): Promise<Record<string, string>> {
  const own = join(dir, 'cache');
  await mkdir(own, { recursive: true });
  if (!existsSync(join(own, 'models'))) symlinkSync(modelsDir(), join(own, 'models'));
  return { KEDGE_CACHE_DIR: own };
}

const residentBytes = (pid: number): number => 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);

describeIf(present, 'the default model, pulled and converted, on a system with /proc', () => {
  it(`stays under 1.1 GB in a daemon after ${completions} completions in several files`, async () => {
    const root = join(dir, 'harbour');
    cpSync(packageFile('examples', 'harbour'), root, { recursive: true });
    const { client, child, ended } = spawnDaemon(await cache());
    await client.initialize({ root });
    const files = ['berthing', 'cargo'].flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name))).filter((path) => /\.(ts|py)$/.test(path)).slice(0, 8);
    let answered = 0;
    for (let i = 0; i < completions; i++) {
      const path = files[i % files.length];
      const lines = readFileSync(path, 'utf8').split('\n');
      if (i < files.length) await client.open(path, lines.join('\n'), path.endsWith('.py') ? 'python' : 'typescript');
      const line = Math.floor((i / completions) * lines.length);
      const { items } = await client.complete(path, line, lines[line].length);
      answered += items.length;
    }
    expect(answered).toBeGreaterThan(0);
    expect(residentBytes(child.pid!)).toBeLessThan(residentBytesMax);
    await client.connection.sendRequest('shutdown');
    await client.connection.sendNotification('exit');
    expect(await ended).toBe(0);
  });

  it('says in doctor that rows, stored and resident, keep their bounds', async () => {
    const { stdout, status } = spawnSync(process.execPath, [mainPath, 'doctor', '--json'], { encoding: 'utf8', env: { ...process.env, ...(await cache()) } });
    const report = JSON.parse(stdout) as { measured: { kvBytesAt8k: number; storedBytesPerToken: number; rssPeakBytes: number } };
    expect(status).toBe(0);
    expect(report.measured.kvBytesAt8k).toBeLessThan(kvBytesMax);
    expect(report.measured.storedBytesPerToken).toBeLessThan(storedBytesPerTokenMax);
    expect(report.measured.rssPeakBytes).toBeLessThan(residentBytesMax);
  });
});
