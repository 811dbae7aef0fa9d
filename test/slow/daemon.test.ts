// The spawned daemon with a model: somebody types, every answer comes, nothing but protocol is written, and memory stays within its bound.
// Refuses to judge what is offered.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelsDir } from '../../base/paths.js';
import { findModel, isReady } from '../../engine/index.js';
import { packageRoot } from '../../base/package.js';
import { spawnDaemon, type SpawnedDaemon } from '../harness/client.js';
import { temporaryFolder } from '../harness/folders.js';
import { describeIf } from '../harness/require.js';
import { tinyCache, tinyModel } from '../harness/tiny-cache.js';

/** Types `text` at the end of `path`, one character an edit, and asks for a completion after each. */
async function typeInto({ client }: SpawnedDaemon, path: string, before: string, text: string): Promise<void> {
  await client.open(path, before);
  let line = before.split('\n').length - 1;
  let character = before.length - before.lastIndexOf('\n') - 1;
  for (const [index, typed] of [...text].entries()) {
    const at = { line, character };
    await client.change(path, index + 2, { range: { start: at, end: at }, text: typed });
    if (typed === '\n') [line, character] = [line + 1, 0];
    else character += typed.length;
    expect((await client.complete(path, line, character)).isIncomplete).toBe(true);
  }
}

async function end({ client, ended, strayOutput, stderr }: SpawnedDaemon): Promise<void> {
  await client.connection.sendRequest('shutdown');
  await client.connection.sendNotification('exit');
  expect([await ended, strayOutput(), stderr()]).toEqual([0, '', '']);
}

/** Most memory that the process ever held, as Linux counts it. */
const peakBytes = (pid: number): number => 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);

describe('the daemon with the tiny model', () => {
  it('answers every keystroke, in TypeScript and Python', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, '.git'));
    writeFileSync(join(root, 'user.ts'), 'export class User {\n  rename(to: string): void {}\n}\n');
    writeFileSync(join(root, 'order.py'), 'def total(order):\n    return sum(order.prices)\n');
    const daemon = spawnDaemon({ KEDGE_CACHE_DIR: await tinyCache() });
    await daemon.client.initialize({ root, initializationOptions: { model: tinyModel, completionTokensMax: 8 } });
    await typeInto(daemon, join(root, 'main.ts'), 'import { User } from \'./user\';\n\nconst user = new User();\n', 'user.re(\n');
    await typeInto(daemon, join(root, 'main.py'), 'from order import total\n\n', 'print(tot');
    const warnings = daemon.client.messages('window/logMessage').filter((params) => (params as { type: number }).type === 1);
    expect([warnings, daemon.client.messages('window/showMessage')]).toEqual([[], []]);
    await end(daemon);
  });

  it('ends as it is told to, whatever its threads load or run just then', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, '.git'));
    const path = join(root, 'main.ts');
    const dir = await tinyCache();
    for (let ms = 0; ms <= 600; ms += 40) {
      const daemon = spawnDaemon({ KEDGE_CACHE_DIR: dir });
      await daemon.client.initialize({ root, initializationOptions: { model: tinyModel } });
      await daemon.client.open(path, 'const user = ');
      daemon.client.complete(path, 0, 13).catch(() => {});
      await sleep(ms);
      await end(daemon);
    }
  });
});

const model = findModel(undefined, process.env);
const present = process.platform === 'linux' && model !== undefined && isReady(model);

describeIf(present, 'the default model, converted, on Linux', () => {
  const dir = mkdtempSync(join(tmpdir(), 'kedge-daemon-'));
  const rssBytesMax = 1.1e9;
  const completions = 50;

  beforeAll(() => symlinkSync(modelsDir(process.env), join(dir, 'models')));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it(`holds at most ${rssBytesMax / 1e9} GB after ${completions} completions`, async () => {
    const root = join(packageRoot, 'examples', 'harbour');
    const path = join(root, 'berthing', 'arrivals.ts');
    const daemon = spawnDaemon({ KEDGE_CACHE_DIR: dir });
    await daemon.client.initialize({ root });
    const text = readFileSync(path, 'utf8');
    const line = text.split('\n').length - 1;
    await daemon.client.open(path, text);
    let items = 0;
    for (let version = 2; items < completions; version += 1) {
      const range = { start: { line, character: 0 }, end: { line, character: 999 } };
      await daemon.client.change(path, version, { range, text: `const next${version} = ` });
      items += (await daemon.client.complete(path, line, 999)).items.length;
    }
    expect(peakBytes(daemon.child.pid!)).toBeLessThanOrEqual(rssBytesMax);
    await end(daemon);
  }, 1_200_000);
});
