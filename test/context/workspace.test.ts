// Changes through the one door: what is read, parsed and found again, and that a snapshot that was taken stays as it was.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemDisk, type Disk } from '../../context/disk.js';
import { outlineOf, watch, Workspace, type FileChange } from '../../context/index.js';
import { clockStepMs } from '../../context/watch.js';
import { layOut } from '../harness/fixture.js';

function counting(): { disk: Disk; reads: string[] } {
  const reads: string[] = [];
  return { reads, disk: { ...systemDisk, read: (path) => (reads.push(path), systemDisk.read(path)) } };
}

const source = `--- a.ts\nimport { b } from './b';\n--- b.ts\nexport const b = 1;\n--- c.ts\nexport const c = 1;\n`;

test('a file is read when it is asked for, and once', () => {
  const { root } = layOut(source);
  const { disk, reads } = counting();
  const { snapshot } = new Workspace([root], { disk });
  const sources = (): string[] => reads.filter((path) => path.endsWith('.ts'));
  expect(sources()).toEqual([]);
  snapshot.read(join(root, 'a.ts'));
  snapshot.outline(join(root, 'a.ts'));
  snapshot.read(join(root, 'a.ts'));
  expect(sources()).toEqual([join(root, 'a.ts')]);
});

test('a snapshot stays; an edit, a close and a change on disk make new ones', () => {
  const { root } = layOut(source);
  const workspace = new Workspace([root]);
  const path = join(root, 'b.ts');
  const first = workspace.snapshot;
  expect(first.read(path)).toContain('b = 1');
  const edited = workspace.apply([{ kind: 'open', path, text: 'edited' }]);
  expect([first.read(path), edited.read(path)]).toEqual(['export const b = 1;\n', 'edited']);
  expect(workspace.apply([{ kind: 'open', path, text: 'edited' }])).toBe(edited);
  writeFileSync(path, 'on disk');
  const saved = workspace.apply([{ kind: 'disk', path }]);
  expect(saved.read(path)).toBe('edited');
  expect(workspace.apply([{ kind: 'close', path }]).read(path)).toBe('on disk');
  expect(edited.read(path)).toBe('edited');
});

describe('what was saved counts once the file is closed, though nothing told of it', () => {
  const closes: Record<string, [before: string | undefined, path: string]> = {
    'a file that was read before': ['export const b = 1;\n', 'b.ts'],
    'a new file': [undefined, 'new.ts'],
    'a new file in a new folder': [undefined, 'new/b.ts'],
  };
  for (const [name, [before, file]] of Object.entries(closes))
    test(name, () => {
      const { root } = layOut(source);
      const workspace = new Workspace([root]);
      const path = join(root, file);
      const found = (): string | undefined => workspace.snapshot.resolveSpecifier(join(root, 'a.ts'), `./${file.replace('.ts', '')}`);
      expect([workspace.snapshot.read(path), found()]).toEqual([before, before && path]);
      workspace.apply([{ kind: 'open', path, text: before ?? '' }]);
      workspace.apply([{ kind: 'open', path, text: 'saved' }]);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, 'saved');
      workspace.apply([{ kind: 'close', path }]);
      expect([workspace.snapshot.read(path), found()]).toEqual(['saved', path]);
    });
});

test('an open file that comes to be on disk is found', () => {
  const { root } = layOut(source);
  const workspace = new Workspace([root]);
  const path = join(root, 'new.ts');
  workspace.apply([{ kind: 'open', path, text: 'saved' }]);
  const found = (): string | undefined => workspace.snapshot.resolveSpecifier(join(root, 'a.ts'), './new');
  expect([workspace.snapshot.read(path), found()]).toEqual(['saved', undefined]);
  writeFileSync(path, 'saved');
  workspace.apply([{ kind: 'disk', path }]);
  expect(found()).toBe(path);
});

test('an open file that is too large for the disk is completed in, and is nobody\'s context', () => {
  const { root } = layOut(source);
  const path = join(root, 'b.ts');
  const text = `export const b = '${'x'.repeat(1_048_577)}';\n`;
  const snapshot = new Workspace([root]).apply([{ kind: 'open', path, text }]);
  expect([snapshot.own(path), snapshot.read(path), snapshot.pieces(path, 'passage')]).toEqual([text, undefined, []]);
});

test('where nobody watches, what changed on disk counts at the next look', () => {
  const { root } = layOut(source);
  const snapshot = new Workspace([]).apply([{ kind: 'roots', roots: [root], loose: [root] }]);
  const path = join(root, 'b.ts');
  const known = (): unknown => [snapshot.read(path), snapshot.outline(path)?.declarations[0].names, snapshot.wordedPieces(path, false)?.map(({ piece }) => piece.segment.text)];
  expect(known()).toEqual(['export const b = 1;\n', ['b'], ['export const b = 1;\n']]);
  writeFileSync(path, 'export const other = 2;\n');
  expect(known()).toEqual(['export const other = 2;\n', ['other'], ['export const other = 2;\n']]);
  rmSync(path);
  expect(known()).toEqual([undefined, undefined, []]);
});

test('a change on disk that changes nothing is dropped', () => {
  const { root } = layOut(source);
  const workspace = new Workspace([root]);
  const path = join(root, 'b.ts');
  workspace.snapshot.read(path);
  writeFileSync(path, 'export const b = 1;\n');
  expect(workspace.apply([{ kind: 'disk', path }])).toBe(workspace.snapshot);
  const before = workspace.snapshot;
  writeFileSync(path, 'export const b = 2;\n');
  expect(workspace.apply([{ kind: 'disk', path }])).not.toBe(before);
  expect(workspace.snapshot.read(path)).toContain('b = 2');
});

describe('what a change on disk comes to', () => {
  const source = '--- .gitignore\ndist/\n*.log\n--- a.ts\n--- b.ts\nb\n--- open.ts\no\n--- data/metrics.json\n{}\n--- dist/c.js\n--- dist/tsconfig.json\n{}\n--- node_modules/x/package.json\n{}\n--- .git/index.lock\n--- .git/info/exclude\n--- sub/d.ts\n--- lib/chart.js/index.js\n--- unread/e.ts\n--- unread/f.js/f.js\n';
  /** `text`: null for what is deleted, undefined for a folder that is made. */
  const changes: Record<string, [path: string, text: string | null | undefined, comesTo: 'nothing' | 'another text' | 'other places', times?: number]> = {
    "git's lock": ['.git/index.lock', null, 'nothing'],
    "git's own list of what is ignored": ['.git/info/exclude', 'b.ts\n', 'other places'],
    'an installed package': ['node_modules/x/package.json', null, 'nothing'],
    'what npm writes last': ['node_modules/.package-lock.json', '{}', 'other places'],
    'what is built': ['dist/c.js', null, 'nothing'],
    'the folder of what is built': ['dist', null, 'nothing'],
    'compiler settings that are made': ['dist/tsconfig.json', '{ }', 'other places'],
    'data': ['data/metrics.json', '{ "a": 1 }', 'nothing'],
    'new data': ['data/more.json', '{}', 'nothing'],
    'data that is gone': ['data/metrics.json', null, 'nothing'],
    'the same text': ['b.ts', 'b\n', 'nothing'],
    'another text': ['b.ts', 'c\n', 'another text'],
    'another text, twice': ['b.ts', 'c\n', 'another text', 2],
    'an open file that is saved': ['open.ts', 'typed\n', 'nothing'],
    'a new file': ['new.ts', '', 'other places'],
    'a file that is gone': ['b.ts', null, 'other places'],
    'a file that came and went': ['tmp.ts', null, 'nothing'],
    'a folder that is gone': ['sub', null, 'other places'],
    'a folder with the name of a source that is gone': ['lib/chart.js', null, 'other places'],
    'a folder with the name of a source that nobody looked into': ['unread/f.js', null, 'nothing'],
    'a folder that nobody looked into': ['unread', null, 'nothing'],
    'a new folder': ['other', undefined, 'other places'],
  };
  for (const [name, [file, text, comesTo, times = 1]] of Object.entries(changes))
    test(name, () => {
      const { root } = layOut(source);
      const { disk, reads } = counting();
      const workspace = new Workspace([root], { disk });
      workspace.apply([{ kind: 'open', path: join(root, 'open.ts'), text: 'typed\n' }]);
      for (const one of ['a.ts', 'b.ts', 'sub/d.ts', 'lib/chart.js/index.js']) workspace.snapshot.read(join(root, one));
      const path = join(root, file);
      if (text === null) rmSync(path, { recursive: true, force: true });
      else if (text === undefined) mkdirSync(path);
      else writeFileSync(path, text);
      reads.length = 0;
      const before = workspace.snapshot;
      for (let i = 0; i < times; i++) workspace.apply([{ kind: 'disk', path }]);
      const after = workspace.snapshot;
      after.isReadable(join(root, 'a.ts'));
      const isPlacedAnew = reads.includes(join(root, '.gitignore'));
      expect(isPlacedAnew ? 'other places' : after === before ? 'nothing' : 'another text').toBe(comesTo);
    });
});

test('however many files are open, each is parsed once', () => {
  const names = Array.from({ length: 12 }, (_, i) => `f${i}.ts`);
  const { root } = layOut(names.map((name) => `--- ${name}\nexport const a = 1;\n// ${name}\n`).join(''));
  const workspace = new Workspace([root]);
  const outlines = (): unknown[] => names.map((name) => workspace.snapshot.outline(join(root, name)));
  const onDisk = workspace.snapshot.outline(join(root, 'f0.ts'));
  workspace.apply(names.map((name) => ({ kind: 'open', path: join(root, name), text: `export const a = 1;\n// ${name}\n` })));
  const first = outlines();
  expect(first[0]).toBe(onDisk);
  outlines().forEach((outline, i) => expect(outline).toBe(first[i]));
});

test('what is known of other files outlasts the versions of an open one', () => {
  const { root } = layOut(source);
  const parsed: string[] = [];
  const workspace = new Workspace([root], { parse: (path, text) => (parsed.push(path.slice(root.length + 1)), outlineOf(path, text)) });
  const outlined = (name: string): unknown => workspace.snapshot.outline(join(root, name));
  const pieces = (name: string): unknown => workspace.snapshot.pieces(join(root, name), 'outline');
  const before = [outlined('c.ts'), pieces('c.ts')];
  for (let version = 0; version < 20; version++) {
    workspace.apply([{ kind: 'open', path: join(root, 'b.ts'), text: `export const b = ${version};\nexport const long = \`${'filler\n'.repeat(120_000)}\`;\n` }]);
    pieces('b.ts');
  }
  expect([outlined('c.ts') === before[0], pieces('c.ts') === before[1], parsed]).toEqual([true, true, ['c.ts']]);
});

test('what is no text is not read again until it changes', () => {
  const { root } = layOut('--- clip.ts\n\0\n');
  const { disk, reads } = counting();
  const workspace = new Workspace([root], { disk });
  const path = join(root, 'clip.ts');
  const read = (): string | undefined => workspace.snapshot.read(path);
  expect([read(), read(), reads.filter((one) => one === path).length]).toEqual([undefined, undefined, 1]);
  expect(workspace.apply([{ kind: 'disk', path }])).toBe(workspace.snapshot);
  writeFileSync(path, 'text');
  workspace.apply([{ kind: 'disk', path }]);
  expect(read()).toBe('text');
});

test('what is written while a file is ignored counts once it is allowed again', () => {
  const { root } = layOut(source);
  const workspace = new Workspace([root]);
  const write = (name: string, text: string): string | undefined => {
    writeFileSync(join(root, name), text);
    return workspace.apply([{ kind: 'disk', path: join(root, name) }]).read(join(root, 'b.ts'));
  };
  workspace.snapshot.read(join(root, 'b.ts'));
  expect([write('.gitignore', 'b.ts\n'), write('b.ts', 'written'), write('.gitignore', '')]).toEqual([undefined, undefined, 'written']);
});

test('where changes were missed, everything is looked at anew', () => {
  const { root } = layOut(source);
  const workspace = new Workspace([root]);
  const known = (): unknown[] => [workspace.snapshot.read(join(root, 'b.ts')), workspace.snapshot.resolveSpecifier(join(root, 'a.ts'), './new')];
  expect(known()).toEqual(['export const b = 1;\n', undefined]);
  for (const name of ['b.ts', 'new.ts']) writeFileSync(join(root, name), 'written');
  workspace.apply([{ kind: 'missed' }]);
  expect(known()).toEqual(['written', join(root, 'new.ts')]);
});

test('only what changed is parsed again', () => {
  const { root } = layOut(source);
  const workspace = new Workspace([root]);
  const outlines = (): unknown[] => ['a.ts', 'b.ts', 'c.ts'].map((name) => workspace.snapshot.outline(join(root, name)));
  const [a, b, c] = outlines();
  writeFileSync(join(root, 'b.ts'), 'export const b = 2;\n');
  workspace.apply(['a.ts', 'b.ts', 'c.ts'].map((name) => ({ kind: 'disk', path: join(root, name) })));
  const [a2, b2, c2] = outlines();
  expect(a2).toBe(a);
  expect(c2).toBe(c);
  expect(b2).not.toBe(b);
});

describe('files that come and go are found and lost', () => {
  const finds: Record<string, [source: string, specifier: string, changes: Record<string, string | null | { readonly to: string }>, before: string | undefined, after: string | undefined]> = {
    'a new file': ['--- a.ts\n', './new', { 'new.ts': 'x' }, undefined, 'new.ts'],
    'a deleted file': ['--- a.ts\n--- old.ts\nx\n', './old', { 'old.ts': null }, 'old.ts', undefined],
    'a deleted folder with the name of a source': ['--- a.ts\n--- lib/chart.js/index.js\nx\n', './lib/chart.js/index', { 'lib/chart.js': null }, 'lib/chart.js/index.js', undefined],
    'a new link': ['--- a.ts\n--- common/shared.ts\n', './shared', { 'shared.ts': { to: 'common/shared.ts' } }, undefined, 'common/shared.ts'],
    'a link in the place of the same text': ['--- a.ts\n--- b.ts\nx\n--- c.ts\nx\n', './b', { 'b.ts': { to: 'c.ts' } }, 'b.ts', 'c.ts'],
    'a link that leads elsewhere': ['--- a.ts\n--- one.ts\n--- two.ts\n--- b.ts -> one.ts\n', './b', { 'b.ts': { to: 'two.ts' } }, 'one.ts', 'two.ts'],
    'a link that is gone': ['--- a.ts\n--- one.ts\n--- b.ts -> one.ts\n', './b', { 'b.ts': null }, 'one.ts', undefined],
    'a link to a folder that is gone': ['--- a.ts\n--- one/b.ts\n--- two -> one\n', './two/b', { two: null }, 'one/b.ts', undefined],
    'another tsconfig': ['--- a.ts\n--- src/b.ts\n', '@/b', { 'tsconfig.json': '{"compilerOptions":{"paths":{"@/*":["./src/*"]}}}' }, undefined, 'src/b.ts'],
    'another file that a tsconfig extends': ['--- a.ts\n--- src/b.ts\n--- tsconfig.json\n{"extends":"./shared/base.json"}\n--- shared/base.json\n{}\n', '@/b', { 'shared/base.json': '{"compilerOptions":{"paths":{"@/*":["../src/*"]}}}' }, undefined, 'src/b.ts'],
    'another .gitignore': ['--- a.ts\n--- b.ts\n', './b', { '.gitignore': 'b.ts\n' }, 'b.ts', undefined],
  };
  for (const [name, [files, specifier, changes, before, after]] of Object.entries(finds))
    test(name, () => {
      const { root } = layOut(files);
      const workspace = new Workspace([root]);
      const found = (): string | undefined => workspace.snapshot.resolveSpecifier(join(root, 'a.ts'), specifier)?.slice(root.length + 1);
      // What is known to be there is not merely new.
      workspace.snapshot.listing(root);
      for (const path of Object.keys(changes)) workspace.snapshot.read(join(root, path));
      expect(found()).toBe(before);
      for (const [path, text] of Object.entries(changes)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        if (typeof text !== 'string') rmSync(join(root, path), { recursive: true, force: true });
        if (typeof text === 'string') writeFileSync(join(root, path), text);
        else if (text) symlinkSync(text.to, join(root, path));
        workspace.apply([{ kind: 'disk', path: join(root, path) }]);
      }
      expect(found()).toBe(after);
    });
});

test('folders are added and removed', () => {
  const { root } = layOut('--- one/a.ts\na\n--- two/b.ts\nb\n');
  const workspace = new Workspace([join(root, 'one')]);
  const read = (): unknown[] => [workspace.snapshot.read(join(root, 'one/a.ts')), workspace.snapshot.read(join(root, 'two/b.ts'))];
  expect(read()).toEqual(['a\n', undefined]);
  workspace.apply([{ kind: 'roots', roots: [join(root, 'one'), join(root, 'two')] }]);
  expect(read()).toEqual(['a\n', 'b\n']);
  workspace.apply([{ kind: 'roots', roots: [join(root, 'two')] }]);
  expect(read()).toEqual([undefined, 'b\n']);
});

test.skipIf(process.platform === 'win32')('a file that becomes a link out of the workspace is read no more', () => {
  const { root } = layOut(source);
  const elsewhere = layOut('--- credentials\n[default]\n').root;
  const workspace = new Workspace([root]);
  const path = join(root, 'b.ts');
  expect([workspace.snapshot.read(path), workspace.snapshot.resolveSpecifier(join(root, 'a.ts'), './b')]).toEqual(['export const b = 1;\n', path]);
  rmSync(path);
  symlinkSync(join(elsewhere, 'credentials'), path);
  const after = workspace.apply([{ kind: 'disk', path }]);
  expect([after.read(path), after.own(path), after.pieces(path, 'passage'), after.resolveSpecifier(join(root, 'a.ts'), './b')]).toEqual([undefined, undefined, [], undefined]);
});

test('a root that is a symbolic link is the folder it leads to', () => {
  const { root } = layOut('--- real/a.ts\na\n--- link -> real\n');
  const workspace = new Workspace([join(root, 'link')]);
  expect(workspace.snapshot.read(join(root, 'link/a.ts'))).toBe('a\n');
  workspace.apply([{ kind: 'open', path: join(root, 'link/a.ts'), text: 'open' }]);
  expect(workspace.snapshot.read(join(root, 'real/a.ts'))).toBe('open');
});

describe('a file is named from its repository', () => {
  const names: Record<string, [source: string, root: string, file: string, name: string]> = {
    'the git repository': ['--- .git/HEAD\n--- pkg/package.json\n--- pkg/src/a.ts\n', 'pkg/src', 'pkg/src/a.ts', 'pkg/src/a.ts'],
    'the topmost manifest': ['--- package.json\n--- pkg/package.json\n--- pkg/src/a.ts\n', 'pkg', 'pkg/src/a.ts', 'pkg/src/a.ts'],
    'the workspace': ['--- src/a.ts\n', '.', 'src/a.ts', 'src/a.ts'],
    "a dependency's package": ['--- .git/HEAD\n--- node_modules/x/package.json\n--- node_modules/x/lib/a.ts\n', 'node_modules/x', 'node_modules/x/lib/a.ts', 'lib/a.ts'],
    'not the repository that ignores it': ['--- .git/HEAD\n--- .gitignore\nout/\n--- out/one/package.json\n--- out/one/a.ts\n', 'out/one', 'out/one/a.ts', 'a.ts'],
  };
  for (const [name, [files, folder, file, expected]] of Object.entries(names))
    test(name, () => {
      const { root } = layOut(files);
      expect(new Workspace([join(root, folder)]).snapshot.nameOf(join(root, file))).toBe(expected);
    });
});

test('the watcher tells a burst as one batch, and nothing of what is ignored', async () => {
  const { root } = layOut('--- .gitignore\nout/\n--- a.ts\na\n--- b.ts\nb\n--- out/c.ts\n--- node_modules/d/d.ts\n');
  const batches: FileChange[][] = [];
  await sleep(2 * clockStepMs);
  const watcher = watch([root], (changes) => batches.push(changes), (error) => expect(error).toBeUndefined());
  await watcher.ready;
  for (const name of ['a.ts', 'b.ts', 'new.py', 'notes.md', 'out/c.ts', 'node_modules/d/d.ts']) writeFileSync(join(root, name), 'changed');
  while (batches.flat().length < 3) await sleep(20);
  await watcher.close();
  expect(batches.flat().map((change) => change.kind === 'disk' && change.path.slice(root.length + 1)).sort()).toEqual(['a.ts', 'b.ts', 'new.py']);
  expect(batches.length).toBeLessThan(3);
});

test('the watcher tells what changed while it was looking through the folders', async () => {
  const { root } = layOut(`${source}--- sub/d.ts\n`);
  await sleep(2 * clockStepMs);
  const told: string[] = [];
  const watcher = watch([root], (changes) => told.push(...changes.map((change) => (change.kind === 'disk' ? change.path.slice(root.length + 1) : change.kind))), (error) => expect(error).toBeUndefined());
  for (const name of ['a.ts', 'sub/new.ts']) writeFileSync(join(root, name), 'changed');
  await watcher.ready;
  while (told.length < 2) await sleep(20);
  await watcher.close();
  expect(told.sort()).toEqual(['a.ts', 'sub/new.ts']);
});

test('the watcher watches what an ignore file no longer names, and no longer what it names', async () => {
  const { root } = layOut('--- .gitignore\nout/\n--- a.ts\n--- out/deep/c.ts\n--- sub/d.ts\n');
  await sleep(2 * clockStepMs);
  const told = new Set<string>();
  const watcher = watch([root], (changes) => changes.forEach((change) => told.add(change.kind === 'disk' ? change.path.slice(root.length + 1) : change.kind)), (error) => expect(error).toBeUndefined());
  await watcher.ready;
  writeFileSync(join(root, '.gitignore'), 'sub/\n');
  const write = (name: string): void => writeFileSync(join(root, name), String(told.size) + String(performance.now()));
  while (!told.has('out/deep/c.ts')) {
    write('out/deep/c.ts');
    await sleep(100);
  }
  await sleep(200);
  told.clear();
  write('sub/d.ts');
  while (!told.has('a.ts')) {
    write('a.ts');
    await sleep(100);
  }
  await watcher.close();
  expect([...told]).toEqual(['a.ts']);
});

test('the watcher looks into folders where an ignore file allows only some files', async () => {
  const { root } = layOut('--- .gitignore\n*\n!*/\n!*.py\n--- src/deep/a.py\n--- src/deep/b.ts\n');
  await sleep(2 * clockStepMs);
  const told = new Set<string>();
  const watcher = watch([root], (changes) => changes.forEach((change) => told.add(change.kind === 'disk' ? change.path.slice(root.length + 1) : change.kind)), (error) => expect(error).toBeUndefined());
  await watcher.ready;
  for (const name of ['src/deep/a.py', 'src/deep/b.ts']) writeFileSync(join(root, name), 'changed');
  for (let i = 0; i < 100 && told.size === 0; i++) await sleep(20);
  await watcher.close();
  expect([...told]).toEqual(['src/deep/a.py']);
});

test('what is excluded is so from the folder whose patterns they are, where that holds the root', () => {
  const { root } = layOut('--- sub/a.ts\n--- sub/b.ts\n--- sub/sub/a.ts\n');
  const sub = join(root, 'sub');
  const readable = (workspace: Workspace): string[] => ['a.ts', 'b.ts', 'sub/a.ts'].filter((name) => workspace.snapshot.isReadable(join(sub, name)));
  const workspace = new Workspace([sub], { exclude: ['/sub/a.ts'], excludeFrom: root });
  expect(readable(workspace)).toEqual(['b.ts', 'sub/a.ts']);
  for (const from of [join(root, 'other'), undefined]) {
    workspace.apply([{ kind: 'exclude', patterns: ['/sub/a.ts'], from }]);
    expect(readable(workspace)).toEqual(['a.ts', 'b.ts']);
  }
});

test('what is excluded is no context from then on, secrets never are, and a buffer is still its own', () => {
  const { root } = layOut(`${source}--- .env\nKEY=1\n`);
  const workspace = new Workspace([root], { exclude: ['b.ts'] });
  const readable = (): string[] => ['a.ts', 'b.ts', 'c.ts', '.env'].filter((name) => workspace.snapshot.isReadable(join(root, name)));
  expect(readable()).toEqual(['a.ts', 'c.ts']);
  workspace.apply([{ kind: 'exclude', patterns: ['c.*', '!.env', '!b.ts'] }]);
  expect(readable()).toEqual(['a.ts', 'b.ts']);
  const path = join(root, 'c.ts');
  expect(workspace.apply([{ kind: 'open', path, text: 'typed' }]).own(path)).toBe('typed');
});
