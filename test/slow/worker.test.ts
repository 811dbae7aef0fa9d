// The engine behind its worker thread: converts there, answers as in this one, throws the same errors, and leaves no thread behind.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { packageFile } from '../../base/package.js';
import { testDir } from '../harness/folders.js';
import { writeTinyGguf } from '../harness/tiny-gguf.js';

/** Runs `script` in a process of its own, which must end by itself: `open` is the built engine's worker. */
function run(script: string): { status: number | null; lines: string[] } {
  const client = pathToFileURL(packageFile('dist', 'engine', 'client.js')).href;
  const text = `const { EngineClient } = await import(${JSON.stringify(client)});\nconst open = (options, onProgress = () => {}) => EngineClient.open({ storeBytesMax: 1e8, threads: 1, ...options }, onProgress);\nconst say = (value) => console.log(JSON.stringify(value));\n${script}`;
  const path = join(testDir('script'), 'script.mjs');
  writeFileSync(path, text);
  const { status, stdout, stderr } = spawnSync(process.execPath, [path], { encoding: 'utf8' });
  return { status, lines: [...stdout.trim().split('\n'), ...(status === 0 ? [] : [stderr])] };
}

/** A GGUF that lies installed and was never converted. */
function installed(write: (path: string) => void): string {
  const dir = testDir('installed');
  const ggufPath = join(dir, 'model.gguf');
  write(ggufPath);
  return JSON.stringify({ model: { name: 'tiny', dir, ggufPath, convertedDir: join(dir, 'converted'), file: 'tiny.gguf', bytes: 1, sha256: '', architecture: 'qwen2' }, storeDir: testDir('store') });
}

it('converts while its caller goes on, answers, reports progress, cancels and ends', () => {
  const { status, lines } = run(`
    const ticks = [];
    const timer = setInterval(() => ticks.push(1), 5);
    const steps = [];
    const engine = await open(${installed((path) => writeTinyGguf(path, { architecture: 'qwen2', seed: 3 }))}, (step) => steps.push(step));
    clearInterval(timer);
    say([steps.length > 2, steps.at(-1).done === steps.at(-1).total, ticks.length > 2]);
    const text = 'export function lift(value) {\\n  return value;\\n}\\n';
    const segments = [{ path: 'a.ts', text, ranges: [], digest: 'a' }];
    const progress = [];
    const report = await engine.read({ client: 'test', priority: 'reading', segments: segments.map((segment) => [segment]) }, undefined, (done, total) => progress.push([done, total]));
    say([report.segmentsEncoded, progress.length, progress.at(-1)[0] === progress.at(-1)[1]]);
    const abort = new AbortController();
    const request = { client: 'test', document: 'd', prompt: { path: 'b.ts', importBlock: '', prefix: 'lift(', suffix: '', following: '' }, context: { form: 'none' }, stop: 'line', tokensMax: 4, decodeMsMax: 0, waitMsMax: 0, confidenceFloor: 0 };
    const running = engine.complete(request, abort.signal).catch((error) => error.message);
    abort.abort(new Error('typed on'));
    say(await running);
    say((await engine.complete(request)).complete);
    await engine.close();
    say(await engine.info().catch((error) => error.message));
  `);
  expect(lines).toEqual(['[true,true,true]', '[1,1,true]', '"typed on"', 'true', '"the engine has ended"']);
  expect(status).toBe(0);
});

it('ends its thread when the model cannot be opened, and says why', () => {
  const { status, lines } = run(`say(await open(${installed((path) => writeFileSync(path, 'no model'))}).catch((error) => [error.name, error.message.includes('model.gguf')]));`);
  expect(lines).toEqual(['["UserError",true]']);
  expect(status).toBe(0);
});
