// The engine behind its worker thread: the same answers as in this one, errors as they were thrown, and no thread left behind.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { packageFile } from '../../base/package.js';
import { testDir, tinyModel } from '../harness/tiny-model.js';

/** Runs `script` in a process of its own, which must end by itself: `open` is the built engine's worker. */
function run(script: string): { status: number | null; lines: string[] } {
  const client = pathToFileURL(packageFile('dist', 'engine', 'client.js')).href;
  const text = `const { EngineClient } = await import(${JSON.stringify(client)});\nconst open = (options) => EngineClient.open({ storeBytesMax: 1e8, threads: 1, ...options });\nconst say = (value) => console.log(JSON.stringify(value));\n${script}`;
  const path = join(testDir('script'), 'script.mjs');
  writeFileSync(path, text);
  const { status, stdout, stderr } = spawnSync(process.execPath, [path], { encoding: 'utf8' });
  return { status, lines: [...stdout.trim().split('\n'), ...(status === 0 ? [] : [stderr])] };
}

it('answers, reports progress, cancels and ends', async () => {
  const options = JSON.stringify({ convertedDir: await tinyModel({ architecture: 'qwen2', seed: 3 }), storeDir: testDir('store') });
  const { status, lines } = run(`
    const engine = await open(${options});
    const text = 'export function lift(value) {\\n  return value;\\n}\\n';
    const segments = [{ path: 'a.ts', text, ranges: [], digest: 'a' }];
    const progress = [];
    const report = await engine.read({ client: 'test', priority: 'reading', segments }, undefined, (done, total) => progress.push([done, total]));
    say([report.segmentsEncoded, progress.length, progress.at(-1)[0] === progress.at(-1)[1]]);
    const abort = new AbortController();
    const request = { client: 'test', document: 'd', prompt: { path: 'b.ts', importBlock: '', prefix: 'lift(', suffix: '' }, context: { form: 'none' }, stop: 'line', tokensMax: 4, decodeMsMax: 0, waitMsMax: 0, confidenceFloor: 0 };
    const running = engine.complete(request, abort.signal).catch((error) => error.message);
    abort.abort(new Error('typed on'));
    say(await running);
    say((await engine.complete(request)).complete);
    await engine.close();
    say(await engine.info().catch((error) => error.message));
  `);
  expect(lines).toEqual(['[1,1,true]', '"typed on"', 'true', '"the engine has ended"']);
  expect(status).toBe(0);
});

it('ends its thread when the model cannot be opened, and says why', () => {
  const dir = testDir('broken');
  mkdirSync(join(dir, 'converted'));
  writeFileSync(join(dir, 'converted', 'manifest.json'), '{"version": 0}');
  const { status, lines } = run(`say(await open(${JSON.stringify({ convertedDir: join(dir, 'converted'), storeDir: dir })}).catch((error) => [error.name, error.message.includes('kedge model pull')]));`);
  expect(lines).toEqual(['["UserError",true]']);
  expect(status).toBe(0);
});
