// A repository behind its worker thread: the same plans as in this one, counts asked back for, changes watched, and no thread left behind.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { packageFile } from '../../base/package.js';
import { layOut } from '../harness/fixture.js';
import { testDir } from '../harness/folders.js';

/** Runs `script` in a process of its own, which must end by itself: `open` is the built repository. */
function run(root: string, script: string): string[] {
  const door = pathToFileURL(packageFile('dist', 'context', 'index.js')).href;
  const head = `
    import { join } from 'node:path';
    const { openRepository } = await import(${JSON.stringify(door)});
    const root = ${JSON.stringify(root)};
    const open = (more) => openRepository({ roots: [root], ...more });
    const say = (value) => console.log(JSON.stringify(value));
    const countTokens = async (texts) => texts.map((text) => Math.ceil(text.length / 4));
    const options = { contextTokensMax: 8000, prefixTokensMax: 256, suffixTokensMax: 32, importTokensMax: 256, countTokens };
  `;
  const path = join(testDir('script'), 'script.mjs');
  writeFileSync(path, head + script);
  const { status, stdout, stderr } = spawnSync(process.execPath, [path], { encoding: 'utf8', timeout: 100_000 });
  return [...stdout.trim().split('\n').filter(Boolean), ...(status === 0 && stderr === '' ? [] : [`exit ${status}`, stderr])];
}

const source = `--- a.ts\nimport { b } from './b';\nb‸\n--- b.ts\nexport const b = 1;\n`;

it('plans as in the same thread, after what was applied, and closes', () => {
  const { root, cursor } = layOut(source);
  const lines = run(root, `
    const cursor = ${JSON.stringify(cursor)};
    const [worker, local] = [open(), open({ inProcess: true })];
    for (const one of [worker, local]) one.apply([{ kind: 'open', path: join(root, 'b.ts'), text: 'export const b = 22;\\n' }]);
    const [planned, expected] = await Promise.all([worker, local].map((one) => one.prepare(cursor, options)));
    say(JSON.stringify(planned) === JSON.stringify(expected));
    say(planned.plan.segments.map((one) => one.segment.text));
    say(await worker.importersOf(join(root, 'b.ts')).then((paths) => paths.map((path) => path.slice(root.length + 1))));
    await worker.close();
    await worker.close();
    say(await worker.outlined().catch((error) => error.message));
  `);
  expect(lines).toEqual(['true', '["export const b = 22;\\n"]', '["a.ts"]', '"the repository is closed"']);
});

it('asks back for token counts, and says why where they fail; an abort is not waited for', () => {
  const { root, cursor } = layOut(source);
  const lines = run(root, `
    const cursor = ${JSON.stringify(cursor)};
    const repository = open();
    const asked = [];
    const counting = (texts) => (asked.push(texts.length), countTokens(texts));
    const first = await repository.prepare(cursor, { ...options, countTokens: counting });
    const before = asked.length;
    await repository.prepare(cursor, { ...options, countTokens: counting });
    say([before > 0, asked.length - before]);
    say(await repository.prepare(cursor, { ...options, countTokens: () => Promise.reject(new Error('no model')) }).catch((error) => error.message));
    say(await repository.prepare({ path: join(root, 'none.ts'), offset: 0 }, options).catch((error) => [error.name, error.message.includes('cannot be completed')]));
    const abort = new AbortController();
    const never = repository.prepare(cursor, { ...options, countTokens: () => new Promise(() => {}) }, abort.signal).catch((error) => error.message);
    abort.abort(new Error('typed on'));
    say(await never);
  `);
  expect(lines).toEqual(['[true,0]', '"no model"', '["UserError",true]', '"typed on"']);
});

it('goes on with all it was told on another thread where its own breaks, and says why', () => {
  const { root, cursor } = layOut(`${source}--- other/b.ts\nexport const b = 3;\n`);
  const lines = run(root, `
    const cursor = ${JSON.stringify(cursor)};
    const broken = [];
    const repository = open({ onBroken: (error) => broken.push(error.message) });
    const texts = () => repository.prepare(cursor, options).then(({ plan }) => plan.segments.map(({ segment }) => segment.text));
    repository.apply([{ kind: 'open', path: join(root, 'b.ts'), text: 'export const b = 22;\\n' }, { kind: 'open', path: join(root, 'gone.ts'), text: '' }, { kind: 'close', path: join(root, 'gone.ts') }]);
    say(await texts());
    // No editor can say this: it stands for whatever breaks the thread.
    const breaking = () => repository.apply([{ kind: 'open', path: join(root, 'c.ts'), text: 7 }, { kind: 'close', path: join(root, 'c.ts') }]);
    breaking();
    say(await Promise.all([texts(), texts()]));
    say([broken.length, broken[0].length > 0]);
    repository.apply([{ kind: 'open', path: join(root, 'c.ts'), text: 7 }]);
    say(await texts().catch((error) => [error.name, error.message.includes('twice')]));
    repository.apply([{ kind: 'close', path: join(root, 'c.ts') }]);
    say((await texts()).length);
    await repository.close();
    say(await texts().catch((error) => error.message));
  `);
  expect(lines).toEqual(['["export const b = 22;\\n"]', '[["export const b = 22;\\n"],["export const b = 22;\\n"]]', '[1,true]', '["UserError",true]', '1', '"the repository is closed"']);
});

it('watches on a thread of its own', () => {
  const { root } = layOut(source);
  const lines = run(root, `
    import { writeFileSync } from 'node:fs';
    const repository = open();
    const changed = new Promise((resolve) => (globalThis.resolve = resolve));
    const watcher = repository.watch([root], globalThis.resolve, (error) => say(String(error)));
    await watcher.ready;
    writeFileSync(join(root, 'b.ts'), 'changed');
    const holding = setInterval(() => {}, 1000);
    say((await changed).map((change) => [change.kind, change.path.slice(root.length + 1)]));
    clearInterval(holding);
    await watcher.close();
    await repository.close();
  `);
  expect(lines).toEqual(['[["disk","b.ts"]]']);
});

it('outlines the workspace by itself, keeps the outlines, and ends in the midst of it', () => {
  const { root } = layOut(`${source}${Array.from({ length: 200 }, (_, i) => `--- many/f${i}.ts\nimport { b } from '../b';\nexport const f${i} = b;\n`).join('')}`);
  const outlinesDir = JSON.stringify(testDir('outlines'));
  const until = `
    const repository = open({ outlinesDir: ${outlinesDir} });
    say((await repository.outlined()).pending > 0);
    let known;
    do known = await repository.outlined(); while (known.files < 202 || known.pending > 0);
    say([known, (await repository.importersOf(join(root, 'b.ts'))).length]);
    await repository.close();
  `;
  expect(run(root, `open({ outlinesDir: ${outlinesDir} }); setTimeout(() => process.exit(0), 1200); say('walking');`)).toEqual(['"walking"']);
  for (let i = 0; i < 2; i++) expect(run(root, until)).toEqual(['true', '[{"files":202,"pending":0},201]']);
});

it('never outlives its owner, loading, parsing or not, and may be opened and closed many times', () => {
  const { root } = layOut(`--- a.ts\n${'export function f(a: number) { return [a, a]; }\n'.repeat(1500)}`);
  const cursor = JSON.stringify({ path: join(root, 'a.ts'), offset: 10 });
  expect(run(root, `open(); open().watch([root], () => {}, () => {}); say('idle');`)).toEqual(['"idle"']);
  for (const ms of [0, 30, 60, 80, 100, 120, 140, 170]) expect(run(root, `open(); open(); setTimeout(() => process.exit(0), ${ms}); say('loading');`)).toEqual(['"loading"']);
  for (const ms of [1, 20, 40, 60, 80, 100]) {
    expect(run(root, `
      const repository = open();
      await repository.outlined();
      for (let i = 0; i < 50; i++) {
        repository.apply([{ kind: 'open', path: join(root, 'a.ts'), text: 'export const text = 1;\\n'.repeat(2000 + 100 * i) }]);
        repository.prepare(${cursor}, options).catch(() => {});
      }
      setTimeout(() => process.exit(0), ${ms});
      say('parsing');
    `)).toEqual(['"parsing"']);
  }
  expect(run(root, `
    for (let i = 0; i < 4; i++) {
      const repository = open();
      const planned = repository.prepare(${cursor}, options).catch((error) => error.message);
      if (i % 2 === 0) await planned;
      await repository.close();
    }
    say('done');
  `)).toEqual(['"done"']);
});
