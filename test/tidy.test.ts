// The rules of ARCHITECTURE.md that a machine can check: who imports whom, sizes, headers, dead files, links. Every rule is data; none has exceptions.
// Refuses to judge style beyond that.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, posix } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const sourceFolders = ['base', 'context', 'engine', 'server', 'evaluation', 'bench'];
const skipped = ['node_modules', 'dist', '.git', '.venv', '__pycache__', 'coverage', '.kedge-cache'];
const linesMax = 500;

function filesUnder(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => !skipped.includes(entry.name))
    .map((entry) => ({ entry, path: posix.join(folder, entry.name) }))
    .flatMap(({ entry, path }) => (entry.isDirectory() ? filesUnder(path) : [path]));
}

const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');
const everyFile = filesUnder('.');
const folderOf = (path: string): string => path.split('/')[0];
const sources = everyFile.filter((path) => sourceFolders.includes(folderOf(path)) && path.endsWith('.ts'));
const tests = everyFile.filter((path) => folderOf(path) === 'test' && path.endsWith('.ts'));
const code = everyFile.filter((path) => ['.ts', '.mjs', '.py', '.lua', '.el'].includes(extname(path)) || /^\.ci\/[a-z]+$/.test(path));
const documents = everyFile.filter((path) => path.endsWith('.md'));

/** Module names as written, dynamic and type imports too. */
const importsOf = (path: string): string[] => ts.preProcessFile(textOf(path), true, true).importedFiles.map(({ fileName }) => fileName);

/** The file of ours that a relative specifier names, relative to the root. */
const target = (from: string, specifier: string): string => posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');

/** Ours that `path` names: by import, or as a relative address in a string (a worker's entry). */
function namedBy(path: string): string[] {
  const addresses = [...textOf(path).matchAll(/['"`](\.{1,2}\/[\w./-]+\.js)['"`]/g)].map((match) => match[1]);
  return [...importsOf(path).filter((specifier) => specifier.startsWith('.')), ...addresses].map((specifier) => target(path, specifier));
}

/** Runs `faultOf` over `paths`: each fault names its file. */
function check(paths: readonly string[], faultOf: (path: string) => string | readonly string[] | undefined): void {
  expect(paths.length).toBeGreaterThan(0);
  const faults = paths.flatMap((path) => [faultOf(path) ?? []].flat().map((fault) => `${path} ${fault}`));
  expect(faults).toEqual([]);
}

describe('layers', () => {
  const doors = ['context/index.ts', 'engine/index.ts', 'evaluation/index.ts'];
  /** Folder -> what it may import besides itself: a folder ends with a slash, a door is one file. */
  const layers: Readonly<Record<string, readonly string[]>> = {
    base: [],
    context: ['base/'],
    engine: ['base/'],
    server: ['base/', ...doors],
    evaluation: ['base/', ...doors],
    bench: ['base/', ...doors],
  };
  it.each(sourceFolders)('%s imports only what it may', (folder) => {
    const allowed = [`${folder}/`, ...layers[folder]];
    const paths = sources.filter((path) => folderOf(path) === folder);
    const faults = paths.flatMap((path) => namedBy(path).filter((name) => !allowed.some((prefix) => name.startsWith(prefix))).map((name) => `${path} imports ${name}`));
    expect(faults).toEqual([]);
  });

  const importers: readonly { rule: string; packages: RegExp; files: RegExp }[] = [
    { rule: "the runtime is engine/session.ts's", packages: /^onnxruntime-/, files: /^engine\/session\.ts$/ },
    { rule: "the parser is context/parse.ts's", packages: /^(web-)?tree-sitter/, files: /^context\/parse\.ts$/ },
    { rule: "watching is context/watch.ts's", packages: /^chokidar$/, files: /^context\/watch\.ts$/ },
    { rule: "the protocol is the server's, and the scripted editor's", packages: /^vscode-languageserver/, files: /^server\/|^bench\/editor\.ts$/ },
    { rule: "the command line is the server's", packages: /^cac$/, files: /^server\// },
  ];
  it.each(importers)('$rule alone', ({ packages, files }) => {
    check(sources, (path) => (files.test(path) ? undefined : importsOf(path).filter((name) => packages.test(name)).map((name) => `imports ${name}`)));
  });
});

describe('files', () => {
  it(`have at most ${linesMax} lines`, () => {
    check(code, (path) => {
      const lines = textOf(path).split('\n').length - 1;
      return lines > linesMax ? `has ${lines} lines` : undefined;
    });
  });

  it('open by saying what they do', () => {
    check(code, (path) => (/^(#!.*\n)?(\/\/|#|--|;;+|"""|\/\*\*?) ?.{20,}/.test(textOf(path)) || textOf(path) === '' ? undefined : 'has no header'));
  });

  it('say what they refuse, where they are sources', () => {
    check(sources, (path) => (/^((#!|\/\/).*\n)*\/\/.*\b[Rr]efuses\b/.test(textOf(path)) ? undefined : 'says nothing of what it refuses'));
  });

  it('are reached from an entry of package.json, or are tests', () => {
    const entries = [...textOf('package.json').matchAll(/\bdist\/([\w/-]+)\.js/g)].map((match) => `${match[1]}.ts`);
    const reached = new Set<string>();
    const visit = (path: string): void => {
      if (reached.has(path) || !existsSync(join(root, path))) return;
      reached.add(path);
      namedBy(path).forEach(visit);
    };
    entries.forEach(visit);
    check(sources, (path) => (reached.has(path) ? undefined : 'is dead: no entry reaches it'));
    tests.filter((path) => path.endsWith('.test.ts')).forEach(visit);
    namedBy('vitest.config.ts').forEach(visit);
    check(tests, (path) => (reached.has(path) || textOf('vitest.config.ts').includes(path) ? undefined : 'is dead: no test reaches it'));
  });

  it('use every dependency that package.json names', () => {
    const imported = new Set(sources.flatMap(importsOf));
    const { dependencies } = JSON.parse(textOf('package.json')) as { dependencies: Record<string, string> };
    expect(Object.keys(dependencies).filter((name) => ![...imported].some((one) => one === name || one.startsWith(`${name}/`)))).toEqual([]);
  });

  const forbidden: readonly { what: string; pattern: RegExp; paths: readonly string[] }[] = [
    { what: 'the console', pattern: /\bconsole\s*\./, paths: sources },
    { what: 'argv outside of an entry', pattern: /\bprocess\.argv\b/, paths: sources.filter((path) => !path.endsWith('/main.ts')) },
    { what: 'a path of one machine', pattern: new RegExp(`(^|[\\s'"\`(=])/(${['root', 'work', 'home', 'tmp'].join('|')})/[\\w.]`, 'm'), paths: [...code.filter((path) => folderOf(path) !== 'test'), ...documents] },
    { what: 'work left to do', pattern: /\b(TODO|FIXME|XXX)\b/, paths: code.filter((path) => path !== 'test/tidy.test.ts') },
  ];
  it.each(forbidden)('never mention $what', ({ pattern, paths }) => {
    check(paths, (path) => {
      const match = pattern.exec(textOf(path));
      return match ? `has ${JSON.stringify(match[0].trim())}` : undefined;
    });
  });
});

describe('documents', () => {
  it('link only to what is there', () => {
    check(documents, (path) =>
      [...textOf(path).matchAll(/\]\((?!\w+:|#)([^)#\s]+)/g)].filter((match) => !existsSync(join(root, dirname(path), match[1]))).map((match) => `links to ${match[1]}`),
    );
  });
});
