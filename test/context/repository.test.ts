// A repository's calls in this thread: changes before plans, what somebody waits for first, aborts, and what a snapshot says of files.
import { writeFileSync } from 'node:fs';
import { join, parse } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LocalRepository, type PlanOptions } from '../../context/index.js';
import { layOut } from '../harness/fixture.js';

const countTokens = (texts: readonly string[]): Promise<number[]> => Promise.resolve(texts.map((t) => Math.ceil(t.length / 4)));
const options: PlanOptions = { contextTokensMax: 8000, prefixTokensMax: 256, suffixTokensMax: 32, importTokensMax: 256, countTokens };

const opened = (source: string): { root: string; repository: LocalRepository; at: (path: string) => string; cursor: { path: string; offset: number } } => {
  const { root, cursor } = layOut(source);
  return { root, repository: new LocalRepository({ roots: [root] }), at: (path) => join(root, path), cursor };
};

test('a plan counts with what was applied before it was asked for', async () => {
  const { repository, at, cursor } = opened(`--- a.ts\nimport { b } from './b';\nb‸\n--- b.ts\nexport const b = 1;\n`);
  void repository.apply([{ kind: 'open', path: at('b.ts'), text: 'export const b = 2;\n' }]);
  const planned = repository.prepare(cursor, options);
  void repository.apply([{ kind: 'open', path: at('b.ts'), text: 'export const b = 3;\n' }]);
  expect((await planned).plan.segments.map(({ segment }) => segment.text)).toEqual(['export const b = 2;\n']);
});

test('what is asked for at a cursor comes before what is read ahead', async () => {
  const many = Array.from({ length: 20 }, (_, i) => `b${i}`);
  const { repository, cursor } = opened(`--- a.ts\n${many.map((b) => `import { ${b} } from './${b}';\n`).join('')}b0‸\n${many.map((b) => `--- ${b}.ts\nexport const ${b} = 1;\n`).join('')}`);
  const order: string[] = [];
  const reading = repository.prepare(cursor, { ...options, priority: 'reading' }).then(() => order.push('reading'));
  const completion = repository.prepare(cursor, options).then(() => order.push('completion'));
  await Promise.all([reading, completion]);
  expect(order).toEqual(['completion', 'reading']);
});

test('it tells whether a change may make another plan', async () => {
  const { repository, at } = opened('--- a.ts\n--- metrics.json\n{}\n');
  repository.workspace.snapshot.read(at('a.ts'));
  const told = (path: string): Promise<boolean> => {
    writeFileSync(at(path), `// ${path}\n`);
    return repository.apply([{ kind: 'disk', path: at(path) }]);
  };
  expect([await told('metrics.json'), await told('a.ts'), await told('new.ts')]).toEqual([false, true, true]);
});

test('an aborted plan rejects with the reason', async () => {
  const { repository, cursor } = opened(`--- a.ts\nimport { b } from './b';\nb‸\n--- b.ts\nexport const b = 1;\n`);
  const abort = new AbortController();
  const planned = repository.prepare(cursor, options, abort.signal);
  abort.abort(new Error('typed on'));
  await expect(planned).rejects.toThrow('typed on');
});

describe('what a snapshot says of files', () => {
  const { repository, at, root } = opened('--- src/a.ts\n--- src/b.md\n# b\n--- src/.env\nA=1\n--- src/sub/c.ts\n--- .gitignore\n*.gen.ts\n--- src/x.gen.ts\n--- src/link.ts -> a.ts\n');
  const names = (paths: readonly string[]): string[] => paths.map((path) => path.slice(root.length + 1));

  test('the readable files of a folder, by name', () => expect(names(repository.workspace.snapshot.filesIn(at('src'), () => true))).toEqual(['src/a.ts', 'src/b.md']));
  test('a file of no known language is read', () => expect(repository.workspace.snapshot.read(at('src/b.md'))).toBe('# b\n'));
  test('a file that nobody watches is found and read anew', () => {
    writeFileSync(at('src/new.md'), 'new');
    const { snapshot } = repository.workspace;
    expect(names(snapshot.filesIn(at('src'), (name) => name.endsWith('.md')))).toContain('src/new.md');
    expect(snapshot.read(at('src/new.md'))).toBe('new');
    writeFileSync(at('src/new.md'), 'newer');
    expect(snapshot.read(at('src/new.md'))).toBe('newer');
  });
  test('what was edited or is open, the last first; what was only looked at is forgotten', () => {
    const touch = (path: string, text: string): void => void repository.apply([{ kind: 'open', path: at(path), text }]);
    touch('src/a.ts', '1');
    touch('src/b.md', '1');
    touch('src/a.ts', '2');
    touch('src/sub/c.ts', '1');
    expect(names(repository.workspace.snapshot.recent())).toEqual(['src/sub/c.ts', 'src/a.ts', 'src/b.md']);
    void repository.apply(['src/a.ts', 'src/b.md'].map((path) => ({ kind: 'close', path: at(path) })));
    const { snapshot } = repository.workspace;
    expect(names(snapshot.recent())).toEqual(['src/sub/c.ts', 'src/a.ts']);
    expect(['src/a.ts', 'src/sub/c.ts'].map((path) => snapshot.isOpen(at(path)))).toEqual([false, true]);
  });
});

const importers: Record<string, [source: string, of: string, expected: string[]]> = {
  'relative, by index, and as another extension': [`--- a.ts\nimport './lib';\n--- b.ts\nimport { x } from './lib/index.js';\n--- lib/c.ts\nexport * from '.';\n--- d.ts\nimport './other/lib';\n--- lib/index.ts\n--- other/lib.ts\n`, 'lib/index.ts', ['a.ts', 'b.ts', 'lib/c.ts']],
  'by tsconfig paths and package imports': [`--- tsconfig.json\n{ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }\n--- package.json\n{ "imports": { "#b": "./src/b.ts" } }\n--- a.ts\nimport '@/b';\n--- c.ts\nimport '#b';\n--- src/b.ts\n`, 'src/b.ts', ['a.ts', 'c.ts']],
  'by the name of a package of the workspace': [`--- package.json\n{}\n--- app/a.ts\nimport '@x/kit';\n--- lib/package.json\n{ "author": { "name": "Ann" }, "name": "@x/kit", "main": "dist/index.js" }\n--- lib/src/index.ts\n--- node_modules/@x/kit -> ../../lib\n`, 'lib/src/index.ts', ['app/a.ts']],
  'Python: module, name from a package, relative, and a package itself': [
    `--- app/__init__.py\n--- app/user.py\n--- app/one.py\nfrom app import user\n--- app/two.py\nfrom .user import User\n--- app/three.py\nfrom . import user\n--- main.py\nimport app.user\n--- other.py\nfrom user import x\n`,
    'app/user.py', ['app/one.py', 'app/three.py', 'app/two.py', 'main.py'],
  ],
  'Python: a package': [`--- app/__init__.py\n--- app/one.py\nfrom . import x\n--- main.py\nfrom app import y\n`, 'app/__init__.py', ['app/one.py', 'main.py']],
};
for (const [name, [source, of, expected]] of Object.entries(importers))
  test(`importers: ${name}`, async () => {
    const { root, fixture } = layOut(source);
    const repository = new LocalRepository({ roots: [root] });
    for (const path of fixture.files.keys()) repository.workspace.snapshot.outline(join(root, path));
    expect((await repository.importersOf(join(root, of))).map((path) => path.slice(root.length + 1)).sort()).toEqual(expected);
  });

test('importers: what no longer imports is none', () => {
  const { repository, at } = opened(`--- a.ts\nimport './b';\n--- b.ts\n`);
  repository.workspace.snapshot.outline(at('a.ts'));
  repository.workspace.apply([{ kind: 'open', path: at('a.ts'), text: '' }]).outline(at('a.ts'));
  expect(repository.workspace.snapshot.importersOf(at('b.ts'))).toEqual([]);
});

test('importers: a whole disk as the root is looked through upwards once', () => {
  const { root } = opened('--- a.ts\n--- node_modules/b/b.ts\n');
  const { snapshot } = new LocalRepository({ roots: [parse(root).root] }).workspace;
  expect(snapshot.importersOf(join(root, 'a.ts'))).toEqual([]);
  expect(['a.ts', 'node_modules/b/b.ts'].map((path) => snapshot.isReadable(join(root, path)))).toEqual([true, false]);
});
