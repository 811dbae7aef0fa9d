// What governs the current file: manifest, compiler, lint and framework configuration from its folder upwards, and the names of environment variables.
// Refuses every value of an environment variable, and lines that may carry a credential.
import { basename, dirname, extname, join, sep } from 'node:path';
import { parse } from 'jsonc-parser';
import { segmentOf, type Piece } from '../segments.js';
import type { Snapshot } from '../snapshot.js';
import type { Candidate, Place } from './candidate.js';

/** Candidate shares where nothing at the cursor asks for it. */
const governingShare = 0.1;
const environmentShare = 0.25;
const configCharsMax = 1600;
const environmentNamesMax = 100;

interface Kind {
  readonly reason: string;
  /** Of file names; of one kind the nearest folder's first file counts. */
  readonly names: RegExp;
  /** What of the text matters; the text itself where left out. Undefined: nothing. */
  readonly shown?: (text: string) => string | undefined;
}

const scriptKinds: readonly Kind[] = [
  { reason: 'the package that holds this file', names: /^package\.json$/, shown: (text) => jsonKeys(text, ['name', 'type', 'engines', 'scripts', 'dependencies', 'peerDependencies', 'devDependencies']) },
  { reason: 'the compiler settings for this file', names: /^[tj]sconfig\.json$/, shown: (text) => jsonKeys(text, ['extends', 'compilerOptions', 'include', 'references']) },
  { reason: 'the lint rules for this file', names: /^(?:eslint\.config\.[cm]?[jt]s|\.eslintrc(?:\.(?:json|ya?ml|[cm]?js))?|biome\.jsonc?|\.oxlintrc\.json)$/ },
  { reason: 'the format of this file', names: /^(?:\.prettierrc(?:\.(?:json|ya?ml|[cm]?js))?|prettier\.config\.[cm]?[jt]s)$/ },
  { reason: 'the framework that runs this file', names: /^(?:(?:next|nuxt|vite|svelte|astro|remix|gatsby|webpack|rollup|babel|metro|app|tailwind|drizzle)\.config\.[cm]?[jt]s|angular\.json|nest-cli\.json)$/ },
  { reason: 'the runner of its tests', names: /^(?:vitest|jest|playwright)\.config\.[cm]?[jt]s$/ },
];

const pythonKinds: readonly Kind[] = [
  { reason: 'the project that holds this file', names: /^pyproject\.toml$/, shown: (text) => sections(text, /^(?:project(?:\.optional-dependencies|\.scripts)?|tool\.(?:ruff|black|isort|mypy|pyright|pytest|poetry\.dependencies|poetry\.group)\b.*|dependency-groups)$/) },
  { reason: 'the project that holds this file', names: /^setup\.cfg$/, shown: (text) => sections(text, /^(?:metadata|options.*|flake8|mypy.*|isort|tool:pytest|pycodestyle)$/) },
  { reason: 'the lint rules for this file', names: /^(?:\.?ruff\.toml|\.flake8|\.pylintrc|mypy\.ini)$/ },
  { reason: 'the runner of its tests', names: /^(?:pytest\.ini|tox\.ini)$/, shown: (text) => sections(text, /^(?:pytest|testenv|tox)$/) },
];

const manifest = (names: RegExp): readonly Kind[] => [{ reason: 'the module that holds this file', names }];

const kindsByExtension: readonly (readonly [RegExp, readonly Kind[]])[] = [
  [/^\.(?:[cm]?[jt]sx?|vue|svelte|astro)$/, scriptKinds],
  [/^\.pyi?$/, pythonKinds],
  [/^\.go$/, manifest(/^go\.mod$/)],
  [/^\.rs$/, manifest(/^Cargo\.toml$/)],
  [/^\.rb$/, manifest(/^Gemfile$/)],
  [/^\.php$/, manifest(/^composer\.json$/)],
  [/^\.(?:java|kt|kts|scala)$/, manifest(/^(?:build\.gradle(?:\.kts)?|pom\.xml)$/)],
  [/^\.(?:c|h|cc|cpp|hpp|cxx)$/, manifest(/^CMakeLists\.txt$/)],
  [/^\.exs?$/, manifest(/^mix\.exs$/)],
];

/** Where programs ask for environment variables. */
const environments = ['process.env', 'import.meta.env', 'Bun.env', 'Deno.env', 'os.environ', 'os.getenv', 'getenv', 'Getenv', 'env'];

export async function configCandidates({ snapshot, path, pause }: Place): Promise<Candidate[]> {
  const found: Candidate[] = [];
  const folders = foldersAbove(snapshot, path);
  const kinds = kindsByExtension.find(([extension]) => extension.test(extname(path).toLowerCase()))?.[1] ?? [];
  for (const file of environmentFiles(snapshot, folders)) {
    await pause();
    const names = environmentNames(file, snapshot.read(file) ?? '').filter((name, i, all) => all.indexOf(name) === i).slice(0, environmentNamesMax);
    if (names.length > 0 && file !== path) {
      const pieces = [pieceOf(snapshot, file, names.map((name) => `${name}=\n`).join(''), names)];
      found.push({ source: 'configs', path: file, reason: 'names of environment variables', pieces, locals: environments, share: environmentShare });
    }
  }
  for (const { reason, names, shown } of kinds) {
    const file = folders.flatMap((folder) => snapshot.filesIn(folder, (name) => names.test(name)))[0];
    if (file === undefined || file === path) continue;
    await pause();
    const text = snapshot.read(file) ?? '';
    const kept = harmless(shown ? (shown(text) ?? '') : text);
    if (kept !== '') found.push({ source: 'configs', path: file, reason, pieces: [pieceOf(snapshot, file, kept, [])], share: governingShare });
  }
  return found;
}

/** From the file's own folder up to the workspace's root. */
function foldersAbove(snapshot: Snapshot, path: string): string[] {
  const folders = [dirname(path)];
  const isRoot = (folder: string): boolean => folder === dirname(folder) || snapshot.roots.includes(folder);
  while (!isRoot(folders[folders.length - 1])) folders.push(dirname(folders[folders.length - 1]));
  return folders;
}

const pieceOf = (snapshot: Snapshot, file: string, text: string, names: readonly string[]): Piece => ({
  start: 0,
  end: text.length,
  segment: segmentOf(snapshot.nameOf(file), [{ text, kind: 'body' }]),
  names,
  members: [],
  owners: [],
  isImports: false,
});

/** The first lines that fit, without those in which an address carries a user or something is called a secret. */
function harmless(text: string): string {
  const lines = text.split('\n').filter((line) => !/:\/\/[^\s/]*@|(?:token|secret|password|passwd|api[_-]?key|credential)s?["']?\s*[:=]/i.test(line));
  let kept = '';
  for (const line of lines) {
    if (kept.length + line.length > configCharsMax) break;
    kept += `${line}\n`;
  }
  return /\S/.test(kept) ? kept : '';
}

/** JSON, comments allowed, with `keys` alone; undefined where there is none of them. */
function jsonKeys(text: string, keys: readonly string[]): string | undefined {
  const value: unknown = parse(text, [], { allowTrailingComma: true });
  if (typeof value !== 'object' || value === null) return undefined;
  const kept = Object.entries(value).filter(([key]) => keys.includes(key));
  return kept.length === 0 ? undefined : JSON.stringify(Object.fromEntries(kept.sort((a, b) => keys.indexOf(a[0]) - keys.indexOf(b[0]))), null, 2);
}

/** Of TOML or INI: the tables whose names match. */
function sections(text: string, names: RegExp): string {
  let isKept = false;
  const kept = text.split('\n').filter((line) => {
    const name = /^\[+([^\]]+)\]+/.exec(line)?.[1].trim();
    if (name !== undefined) isKept = names.test(name);
    return isKept;
  });
  return kept.join('\n');
}

const environmentFile = /^(?:\.env\.(?:example|sample|template)|(?:vite-|next-)?env(?:\.d)?\.[cm]?[jt]s|env\.(?:schema|config)\.[cm]?[jt]s|environment\.d\.ts|(?:settings|config|env)\.py)$/;

/** Templates that name variables, and schemas that check them. */
function environmentFiles(snapshot: Snapshot, folders: readonly string[]): string[] {
  const places = folders.flatMap((folder) => ['', 'src', 'config', `src${sep}config`, 'app'].map((inner) => join(folder, inner)));
  return [...new Set(places)].flatMap((folder) => snapshot.filesIn(folder, (name) => environmentFile.test(name)));
}

function environmentNames(file: string, text: string): string[] {
  if (basename(file).startsWith('.env')) return [...text.matchAll(/^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=/gm)].map((match) => match[1]);
  if (file.endsWith('.py')) {
    const fields = /class\s+\w+\([^)]*BaseSettings[^)]*\):[^\n]*\n((?:[ \t]+[^\n]*\n|\s*\n)*)/.exec(`${text}\n`)?.[1] ?? '';
    const read = [...text.matchAll(/(?:environ(?:\.get)?|getenv)\s*[[(]\s*["']([A-Z_][A-Z0-9_]*)["']/g)].map((match) => match[1]);
    return [...[...fields.matchAll(/^[ \t]+([A-Za-z]\w*)\s*:/gm)].map((match) => match[1].toUpperCase()), ...read];
  }
  return [...text.matchAll(/(?<![\w.])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z]{3,})["']?\??\s*:/g)].map((match) => match[1]);
}
