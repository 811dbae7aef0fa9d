// The sample repository on disk with one line cut before a dot, and the installed program `kedge`: what a real editor is tested on.
// Refuses to touch the user's own settings and store, and to leave a daemon or a folder behind.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { isAlive } from '../../base/aside.js';
import { packageRoot } from '../../base/package.js';
import { modelsDir } from '../../base/paths.js';
import { outlineOf } from '../../context/index.js';
import { findModel, isReady } from '../../engine/index.js';
import type { DemoCursor } from '../../server/commands/demo.js';
import { mainPath } from './client.js';

const model = findModel(undefined, process.env);
export const defaultModelReady = model !== undefined && isReady(model);
const standInPath = join(packageRoot, 'dist', 'test', 'harness', './stand-in-daemon.js');
export const examples = join(packageRoot, 'examples');

export interface SampleEditing {
  /** Goes when the test ends; the editor may write into it. */
  readonly dir: string;
  readonly repository: string;
  readonly file: string;
  /** One-based; the line is `before`. */
  readonly line: number;
  readonly before: string;
  /** The file that declares what is missing, and those of its names that `file` does not hold. */
  readonly imported: string;
  readonly names: readonly string[];
  /** `kedge` in PATH, home and configuration folders inside `dir`; the installed model with an empty store, or its stand-in. */
  readonly env: NodeJS.ProcessEnv;
  /** Whether `line` is `before`, a dot and text that begins with one of `names`. */
  check(line: string): void;
  /** Resolves when each daemon that was started has ended; fails where none was. */
  daemonsEnded(): Promise<void>;
  remove(): void;
}

/** `suffix` chooses the language: the sample's first cursor after a dot in such a file. The stand-in for the model answers at once, on a busy machine too. */
export function editSample(suffix: '.ts' | '.py', engine: 'model' | 'stand-in'): SampleEditing {
  const dir = mkdtempSync(join(tmpdir(), 'kedge-editing-'));
  const repository = join(dir, 'harbour');
  cpSync(join(examples, 'harbour'), repository, { recursive: true });
  mkdirSync(join(repository, '.git'));
  const cursors = JSON.parse(readFileSync(join(repository, 'cursors.json'), 'utf8')) as DemoCursor[];
  const cursor = cursors.find(({ file }) => file.endsWith(suffix))!;
  const file = join(repository, cursor.file);
  const lines = readFileSync(file, 'utf8').split('\n');
  const line = lines[cursor.line - 1];
  expect(line.slice(cursor.column - 2)).toBe(`.${cursor.text}`);
  const before = (lines[cursor.line - 1] = line.slice(0, cursor.column - 2));
  writeFileSync(file, lines.join('\n'));

  const names = namesOnlyIn(join(repository, cursor.definedIn), lines.join('\n'));
  expect(names).toContain(cursor.identifier);
  return {
    dir, repository, file, line: cursor.line, before, names, imported: basename(cursor.definedIn),
    env: { ...environment(dir, engine === 'model' ? mainPath : standInPath), KEDGE_TEST_NAME: cursor.identifier },
    check: (text) => {
      expect(text.startsWith(`${before}.`)).toBe(true);
      expect(names).toContain(/^\w*/.exec(text.slice(before.length + 1))![0]);
    },
    daemonsEnded: async () => {
      const pids = readFileSync(join(dir, 'daemons'), 'utf8').trim().split('\n').map(Number);
      while (pids.some(isAlive)) await sleep(50);
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

function namesOnlyIn(path: string, elsewhere: string): string[] {
  const outline = outlineOf(path, readFileSync(path, 'utf8'));
  const names = outline?.declarations.flatMap((declaration) => [declaration, ...declaration.children]).flatMap((declaration) => declaration.names) ?? [];
  return names.filter((name) => /^\w{4,}$/.test(name) && !new RegExp(`\\b${name}\\b`).test(elsewhere));
}

function environment(dir: string, program: string): NodeJS.ProcessEnv {
  for (const folder of ['bin', 'home', 'cache']) mkdirSync(join(dir, folder));
  symlinkSync(modelsDir(process.env), join(dir, 'cache', 'models'));
  writeFileSync(join(dir, 'bin', 'kedge'), `#!/bin/sh\necho $$ >>"${join(dir, 'daemons')}"\nexec "${process.execPath}" "${program}" "$@"\n`, { mode: 0o755 });
  const home = join(dir, 'home');
  return {
    ...process.env,
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'), XDG_DATA_HOME: join(home, '.local', 'share'), XDG_STATE_HOME: join(home, '.local', 'state'), XDG_CACHE_HOME: join(home, '.cache'),
    KEDGE_CACHE_DIR: join(dir, 'cache'),
    PATH: [join(dir, 'bin'), process.env.PATH].join(delimiter),
  };
}
