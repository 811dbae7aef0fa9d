// Where imports of installed packages lead: declaration files, stubs and sources, and what is never reached. Each case is data.
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Workspace } from '../../context/index.js';
import { importTargets } from '../../context/resolve.js';
import { layOut } from '../harness/fixture.js';
import { temporaryFolder } from '../harness/folders.js';

/** `expected`: for each import of the file at the cursor mark, where its names are declared. */
function check(source: string, expected: readonly string[], environment?: string): void {
  const { root, cursor } = layOut(source);
  const workspace = new Workspace([join(root, 'w')], { pythonEnvironments: environment === undefined ? [] : [join(root, environment)] });
  const { snapshot } = workspace;
  const modules = snapshot.dependencies;
  const found = (snapshot.outline(cursor.path)?.imports ?? []).flatMap((statement) => importTargets(modules, cursor.path, statement, () => []));
  expect(found.map(({ path, names }) => `${path.slice(root.length + 1)}: ${names.join(' ')}`)).toEqual(expected);
  for (const { path } of found) expect(modules.read(path)).toBeTypeOf('string');
}

const types = (name: string, text: string): string => `--- w/node_modules/${name}/index.d.ts\n${text}`;
const venv = (folder: string): string => `--- ${folder}/pyvenv.cfg\nhome = /usr/bin\n`;
const site = 'lib/python3.11/site-packages';

const cases: Record<string, [source: string, expected: string[], environment?: string]> = {
  'by types, a subpath, @types and the types condition of exports': [
    `--- w/a.ts\nimport { a } from 'a';\nimport { b } from '@s/b';\nimport { c } from 'c/sub';\nimport { d } from 'd';\nimport { e } from '@s/e';\n‸\n--- w/node_modules/a/package.json\n{ "types": "types/a.d.ts" }\n--- w/node_modules/a/types/a.d.ts\nexport declare function a(): void;\n--- w/node_modules/@s/b/package.json\n{ "exports": { ".": { "import": { "types": "./b.d.mts", "default": "./b.mjs" } } } }\n--- w/node_modules/@s/b/b.d.mts\nexport declare const b: 1;\n--- w/node_modules/c/package.json\n{ "exports": { "./*": { "types": "./dist/*.d.ts", "default": "./dist/*.js" } } }\n--- w/node_modules/c/dist/sub.d.ts\nexport interface c {}\n--- w/node_modules/d/package.json\n{ "main": "d.js" }\n--- w/node_modules/d/d.js\nexports.d = 1;\n${types('@types/d', 'export declare const d: 1;\n')}${types('@types/s__e', 'export declare const e: 1;\n')}--- w/node_modules/@s/e/package.json\n{}\n`,
    ['w/node_modules/a/types/a.d.ts: a', 'w/node_modules/@s/b/b.d.mts: b', 'w/node_modules/c/dist/sub.d.ts: c', 'w/node_modules/@types/d/index.d.ts: d', 'w/node_modules/@types/s__e/index.d.ts: e'],
  ],
  'through what passes a name on, into another package': [
    `--- w/a.ts\nimport { deep, other } from 'a';\n‸\n--- w/node_modules/a/package.json\n{}\n${types('a', "export * from './lib/deep.js';\nexport { other } from 'b';\n")}--- w/node_modules/a/lib/deep.d.ts\nexport declare function deep(): void;\n--- w/node_modules/b/package.json\n{}\n${types('b', 'export declare const other: 1;\n')}`,
    ['w/node_modules/a/lib/deep.d.ts: deep', 'w/node_modules/a/index.d.ts: ', 'w/node_modules/b/index.d.ts: other'],
  ],
  'through the links of a store inside node_modules': [
    `--- w/a.ts\nimport { a } from 'a';\n‸\n--- w/node_modules/.pnpm/a@1/node_modules/a/package.json\n{}\n--- w/node_modules/.pnpm/a@1/node_modules/a/index.d.ts\nexport declare const a: 1;\n--- w/node_modules/a -> .pnpm/a@1/node_modules/a\n`,
    ['w/node_modules/.pnpm/a@1/node_modules/a/index.d.ts: a'],
  ],
  'never sources, what lies outside the workspace, or what a link leads out to': [
    `--- w/a.ts\nimport { a } from 'a';\nimport { b } from 'b';\nimport { c } from 'c';\nimport './own';\n‸\n--- w/own.ts\n--- w/node_modules/a/package.json\n{ "main": "index.js" }\n--- w/node_modules/a/index.js\nexports.a = 1;\n--- node_modules/b/package.json\n{}\n--- node_modules/b/index.d.ts\nexport declare const b: 1;\n--- out/c/package.json\n{}\n--- out/c/index.d.ts\nexport declare const c: 1;\n--- w/node_modules/c -> ../../out/c\n`,
    [],
  ],
  "Python: a .venv's sources, stubs beside them, and stub packages first": [
    `--- w/a.py\nimport plain\nfrom both import b\nfrom stubbed.sub import c\nfrom stubbed.rest import d\n‸\n${venv('w/.venv')}--- w/.venv/${site}/plain.py\ndef p(): pass\n--- w/.venv/${site}/both/__init__.py\nb = 1\n--- w/.venv/${site}/both/__init__.pyi\nb: int\n--- w/.venv/${site}/stubbed/sub.py\nc = 1\n--- w/.venv/${site}/stubbed/rest.py\nd = 1\n--- w/.venv/${site}/stubbed-stubs/sub.pyi\nc: int\n`,
    [`w/.venv/${site}/plain.py: `, `w/.venv/${site}/both/__init__.pyi: b`, `w/.venv/${site}/stubbed-stubs/sub.pyi: c`, `w/.venv/${site}/stubbed/rest.py: d`],
  ],
  'Python: __init__ passes a name on': [
    `--- w/a.py\nfrom pkg import deep\n‸\n${venv('w/.venv')}--- w/.venv/${site}/pkg/__init__.py\nfrom ._impl import deep\n--- w/.venv/${site}/pkg/_impl.py\ndef deep(): pass\n`,
    [`w/.venv/${site}/pkg/_impl.py: deep`, `w/.venv/${site}/pkg/__init__.py: `],
  ],
  'Python: a .venv in a folder of the workspace': [`--- w/back/app/a.py\nimport p\n‸\n${venv('w/back/.venv')}--- w/back/.venv/${site}/p.py\n`, [`w/back/.venv/${site}/p.py: `]],
  'Python: an environment that the user names': [`--- w/a.py\nimport p\n‸\n--- env/${site}/p.py\n`, [`env/${site}/p.py: `], 'env'],
  'Python: an interpreter that the user names': [`--- w/a.py\nimport p\n‸\n--- env/bin/python\n--- env/${site}/p.py\n`, [`env/${site}/p.py: `], 'env/bin/python'],
  'Python: a folder of packages that the user names': [`--- w/a.py\nimport p\n‸\n--- env/${site}/p.py\n`, [`env/${site}/p.py: `], `env/${site}`],
  'Python: never another environment, a link that leads out, a secret, or a name that climbs out': [
    `--- w/a.py\nimport p\nimport q\nimport r\nfrom r import credentials\n‸\n--- env/pyvenv.cfg\n--- env/${site}/p.py\n--- w/.venv -> ../env\n--- w/sub/.venv/pyvenv.cfg\n--- w/sub/.venv/${site}/q.py\n--- out/r.py\n`,
    [],
  ],
};
for (const [name, [source, expected, environment]] of Object.entries(cases)) test(name, () => check(source, expected, environment));

describe('a file of a dependency', () => {
  const { root } = layOut(`--- .git/HEAD\n--- a.ts\nimport { a } from '@s/a';\n--- a.py\nimport p.q\n--- node_modules/@s/a/package.json\n{}\n--- node_modules/@s/a/index.d.ts\nexport declare const a: 1;\n--- node_modules/@s/a/other.d.ts\nexport {};\n${venv('.venv')}--- .venv/${site}/p/q.py\nx = 1\n`);
  const workspace = new Workspace([root]);
  const declared = join(root, 'node_modules/@s/a/index.d.ts');

  test('is read only where an import led to it, and is no file of the workspace', () => {
    expect(workspace.snapshot.dependencies.read(declared)).toBeUndefined();
    expect(workspace.snapshot.dependencies.resolveSpecifier(join(root, 'a.ts'), '@s/a')).toBe(declared);
    expect(workspace.snapshot.dependencies.read(declared)).toBe('export declare const a: 1;\n');
    expect(workspace.snapshot.dependencies.outline(declared)?.declarations[0].names).toEqual(['a']);
    expect(workspace.snapshot.dependencies.read(join(root, 'node_modules/@s/a/other.d.ts'))).toBeUndefined();
    expect([workspace.snapshot.read(declared), workspace.snapshot.isReadable(declared)]).toEqual([undefined, false]);
  });

  test('is named from its package, or from where it is installed', () => {
    const { snapshot } = workspace;
    const module = snapshot.dependencies.resolveModule(join(root, 'a.py'), 'p.q');
    expect([snapshot.nameOf(declared), snapshot.nameOf(module!.file!)]).toEqual(['index.d.ts', 'p/q.py']);
    expect(snapshot.pieces(declared, 'declaration').map(({ segment }) => [segment.path, segment.text])).toEqual([['index.d.ts', 'export declare const a: 1;\n']]);
  });

  test('is read again when it was installed anew', () => {
    writeFileSync(`${declared}.new`, 'export declare const a: 22;\n');
    renameSync(`${declared}.new`, declared);
    expect(workspace.snapshot.dependencies.read(declared)).toBe('export declare const a: 22;\n');
  });

  test('outside is found once the user names its environment, and lost again', () => {
    const env = temporaryFolder();
    mkdirSync(join(env, site), { recursive: true });
    writeFileSync(join(env, site, 'outer.py'), '');
    const found = (): unknown => workspace.snapshot.dependencies.resolveModule(join(root, 'a.py'), 'outer')?.file;
    expect(found()).toBeUndefined();
    workspace.apply([{ kind: 'environments', folders: [env] }]);
    expect(found()).toBe(join(env, site, 'outer.py'));
    workspace.apply([{ kind: 'environments', folders: [] }]);
    expect(found()).toBeUndefined();
  });

  test('is not read by a link out of its environment', () => {
    const elsewhere = temporaryFolder();
    writeFileSync(join(elsewhere, 'planted.py'), 'SECRET = 1\n');
    symlinkSync(join(elsewhere, 'planted.py'), join(root, '.venv', site, 'planted.py'));
    expect(workspace.snapshot.dependencies.resolveModule(join(root, 'a.py'), 'planted')).toBeUndefined();
  });
});
