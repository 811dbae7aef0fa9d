// Outlines across restarts: what is parsed is counted. Damage, other versions and other owners only cost time.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { asideOf, isAside } from '../../base/aside.js';
import { Workspace } from '../../context/index.js';
import { outlineOf } from '../../context/parse.js';
import { surveyFilesMax } from '../../context/survey.js';
import { Turns } from '../../context/turns.js';
import { systemDisk } from '../../context/disk.js';
import { layOut } from '../harness/fixture.js';
import { temporaryFolder } from '../harness/folders.js';

const source = `--- a.ts\nimport { b } from './b';\n--- b.ts\nexport const b = 1;\n--- sub/c.py\nimport d\n--- sub/d.py\nclass D: pass\n--- notes.md\n--- .gitignore\nout/\n--- out/e.ts\n--- node_modules/f/f.ts\n--- credentials.ts\n--- secrets/h.ts\n--- forgot-password/i.ts\n--- .aws/g.ts\n`;
const all = ['a.ts', 'b.ts', 'credentials.ts', 'forgot-password/i.ts', 'secrets/h.ts', 'sub/c.py', 'sub/d.py'];

/** One run of a program: its survey to the end. */
async function run(root: string, dir: string, change?: (workspace: Workspace) => void): Promise<{ parsed: string[]; importers: (path: string) => string[] }> {
  const parsed: string[] = [];
  const named = (path: string): string => path.slice(root.length + 1);
  const workspace = new Workspace([root], { parse: (path, text) => (parsed.push(named(path)), outlineOf(path, text)) });
  const survey = workspace.surveyed(dir, new Turns());
  survey.start();
  await survey.idle();
  if (change) {
    change(workspace);
    await survey.idle();
  }
  await survey.close();
  return { parsed: parsed.sort(), importers: (path) => workspace.snapshot.importersOf(join(root, path)).map(named) };
}

const fileIn = (dir: string): string => join(dir, readdirSync(dir)[0]);

test('a folder of a file that belongs to no project is not walked', async () => {
  const { root } = layOut(`${source}--- p/setup.py\n--- p/far.py\n`);
  for (const isLoose of [true, false]) {
    let parsed = 0;
    const workspace = new Workspace([], { parse: () => ((parsed += 1), undefined) });
    const survey = workspace.surveyed(temporaryFolder(), new Turns());
    workspace.apply([{ kind: 'roots', roots: [root], loose: isLoose ? [root] : [] }]);
    await survey.idle();
    await survey.close();
    expect([parsed > 0, workspace.snapshot.resolveModule(join(root, 'sub/c.py'), 'far') !== undefined]).toEqual([!isLoose, !isLoose]);
  }
});

test('a restart parses only what changed, and knows who imports what', async () => {
  const { root } = layOut(source);
  const dir = join(temporaryFolder(), 'outlines');
  const first = await run(root, dir);
  expect(first.parsed).toEqual(all);
  const again = await run(root, dir);
  expect(again.parsed).toEqual([]);
  expect([again.importers('b.ts'), again.importers('sub/d.py')]).toEqual([['a.ts'], ['sub/c.py']]);
  writeFileSync(join(root, 'b.ts'), 'export const b = 22;\n');
  writeFileSync(join(root, 'new.ts'), "import './b';\n");
  rmSync(join(root, 'sub/d.py'));
  const third = await run(root, dir);
  expect(third.parsed).toEqual(['b.ts', 'new.ts']);
  expect(third.importers('b.ts').sort()).toEqual(['a.ts', 'new.ts']);
  expect((await run(root, dir)).parsed).toEqual([]);
});

test('what nobody needs any more goes: roots not opened for months, and what a dead writer left', async () => {
  const { root } = layOut(source);
  const dir = join(temporaryFolder(), 'outlines');
  await run(root, dir);
  const own = fileIn(dir);
  const { pid } = spawnSync(process.execPath, ['--version']);
  const [old, lately, left, written] = [join(dir, 'a.outlines'), join(dir, 'b.outlines'), asideOf(own, pid), asideOf(own)];
  for (const path of [old, lately, left, written]) writeFileSync(path, '');
  const months = Date.now() / 1000 - 61 * 24 * 3600;
  for (const path of [own, old]) utimesSync(path, months, months);
  expect((await run(root, dir)).parsed).toEqual([]);
  await run(layOut(source).root, dir);
  expect([own, old, lately, left, written].map((path) => existsSync(path))).toEqual([true, false, true, false, true]);
});

test('the same text under another time is not parsed', async () => {
  const { root } = layOut(source);
  const dir = temporaryFolder();
  await run(root, dir);
  utimesSync(join(root, 'a.ts'), 1, 1);
  expect((await run(root, dir)).parsed).toEqual([]);
});

test('what a snapshot asks for is not parsed either', async () => {
  const { root } = layOut(source);
  const dir = temporaryFolder();
  await run(root, dir);
  const { parsed } = await run(root, dir, (workspace) => expect(workspace.snapshot.outline(join(root, 'sub/d.py'))?.declarations[0].names).toEqual(['D']));
  expect(parsed).toEqual([]);
});

test('a change on disk is outlined again while the program runs', async () => {
  const { root } = layOut(source);
  const { parsed, importers } = await run(root, temporaryFolder(), (workspace) => {
    writeFileSync(join(root, 'sub/d.py'), 'import c\n');
    workspace.apply([{ kind: 'disk', path: join(root, 'sub/d.py') }]);
  });
  expect(parsed).toEqual([...all, 'sub/d.py']);
  expect(importers('sub/c.py')).toEqual(['sub/d.py']);
});

test('what changes while outlines are written is outlined again, too', async () => {
  const { root } = layOut(Array.from({ length: 64 }, (_, i) => `--- f${i}.ts\n`).join(''));
  const dir = temporaryFolder();
  const path = join(root, 'f0.ts');
  const parsed: string[] = [];
  const workspace = new Workspace([root], { parse: (file, text) => (parsed.push(text), outlineOf(file, text)) });
  const turns = new Turns();
  const survey = workspace.surveyed(dir, turns);
  let now = 0;
  // Each slice is over as soon as it is looked at.
  const time = vi.spyOn(performance, 'now').mockImplementation(() => (now += 1000));
  vi.spyOn(turns, 'pause').mockImplementation(() => {
    if (readdirSync(dir).some(isAside)) {
      writeFileSync(path, 'late();\n');
      workspace.apply([{ kind: 'disk', path }]);
    }
    return Promise.resolve();
  });
  survey.start();
  await survey.idle();
  time.mockRestore();
  expect([parsed.at(-1), survey.pending]).toEqual(['late();\n', 0]);
  await survey.close();
});

test('the file is the user\'s alone and names no place of the machine', async () => {
  const { root } = layOut(source);
  const dir = temporaryFolder();
  await run(root, dir);
  expect(readdirSync(dir)).toHaveLength(1);
  expect(statSync(fileIn(dir)).mode & 0o777).toBe(0o600);
  expect(readFileSync(fileIn(dir), 'utf8')).not.toContain(root);
});

describe('what cannot be trusted is made anew', () => {
  const damages: Record<string, [damage: (bytes: Buffer) => Buffer | string, parsedAgain: string[]]> = {
    'a file cut short': [(bytes) => bytes.subarray(0, bytes.byteLength - 10), ['sub/d.py']],
    'an empty file': [() => '', all],
    'another version': [(bytes) => bytes.toString('utf8').replace(/"kedge outlines",\d+/, '"kedge outlines",0'), all],
    'something else altogether': [() => Buffer.alloc(100_000, 7), all],
    'a line that is no JSON': [(bytes) => bytes.toString('utf8').replace(/\n\["b\.ts".*\n/, '\n["b.ts", oops\n'), ['b.ts']],
    'a line of other fields': [(bytes) => bytes.toString('utf8').replace(/\n\["b\.ts".*\n/, '\n["b.ts",1]\n'), ['b.ts']],
    'a flipped byte inside an outline': [(bytes) => bytes.toString('utf8').replace(/(\n\["b\.ts",[^\n]*",")(.{20})(.)/, (_, head, body, one) => `${head}${body}${one === 'A' ? 'B' : 'A'}`), ['b.ts']],
  };
  for (const [name, [damage, parsedAgain]] of Object.entries(damages))
    test(name, async () => {
      const { root } = layOut(source);
      const dir = temporaryFolder();
      await run(root, dir);
      writeFileSync(fileIn(dir), damage(readFileSync(fileIn(dir))));
      const { parsed, importers } = await run(root, dir);
      expect(parsed).toEqual(parsedAgain);
      expect(importers('b.ts')).toEqual(['a.ts']);
      expect((await run(root, dir)).parsed).toEqual([]);
    });

  test('a folder that cannot be written only costs the next start', async () => {
    const { root } = layOut(source);
    const dir = join(temporaryFolder(), 'file');
    writeFileSync(dir, '');
    expect((await run(root, dir)).parsed).toEqual(all);
    expect((await run(root, dir)).parsed).toEqual(all);
  });
});

test('a project without end is walked as far as the bound, and nothing waits for it', async () => {
  const { root } = layOut('--- a.ts\nimport "./b";\n');
  mkdirSync(join(root, 'many'));
  let listed = 0;
  const [sample] = systemDisk.list(root)!;
  /** Each folder holds a thousand files and another folder. */
  const entries = (): ReturnType<typeof systemDisk.list> => {
    listed += 1;
    const [folder] = systemDisk.list(root)!.filter((entry) => entry.isDirectory());
    return [...Array.from({ length: 1000 }, (_, i) => Object.assign(Object.create(Object.getPrototypeOf(sample) as object), sample, { name: `f${i}.ts` }) as typeof sample), folder];
  };
  let parsed = 0;
  const workspace = new Workspace([root], { disk: { ...systemDisk, list: (dir) => (dir.startsWith(join(root, 'many')) ? entries() : systemDisk.list(dir)) }, parse: () => ((parsed += 1), undefined) });
  const turns = new Turns();
  const survey = workspace.surveyed(temporaryFolder(), turns);
  survey.start();
  await turns.first(async () => {
    expect(workspace.snapshot.outline(join(root, 'a.ts'))).toBeUndefined();
    expect(parsed).toBe(1);
    return Promise.resolve();
  });
  await survey.idle();
  expect(listed).toBe(surveyFilesMax / 1000);
  await survey.close();
});
