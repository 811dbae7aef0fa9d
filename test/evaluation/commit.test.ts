// Results belong to a state of the measured code: it changes with that code, and with nothing else.
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { measuredCommit } from '../../evaluation/commit.js';
import { folderWith } from './folders.js';

const root = folderWith({ 'engine/a.ts': '1', 'README.md': '1', 'evaluation/run.ts': '1', 'evaluation/generate/choose.ts': '1' });
const git = (...args: string[]): string => execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'init.defaultBranch=main', ...args], { cwd: root, encoding: 'utf8' });
const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const commitAll = (): void => void [git('add', '-A'), git('commit', '-qm', 'x')];
const state = (): string => measuredCommit(root, '9.9.9');

it('names the last commit that touched the measured code, and what is not committed', () => {
  expect(state()).toBe('9.9.9');
  git('init', '-q');
  commitAll();
  const first = state();
  expect(first).toMatch(/^[0-9a-f]{12}$/);
  for (const path of ['README.md', 'evaluation/results/r.jsonl', 'evaluation/summary.ts', 'evaluation/generate/choose.ts', 'test/a.test.ts']) write(path, '2');
  expect(state()).toBe(first);
  commitAll();
  expect(state()).toBe(first);
  const dirty = ['2', '3'].map((text) => (write('engine/a.ts', text), state()));
  const untracked = ['2', '3'].map((text) => (write('engine/new.ts', text), state()));
  // Git quotes such a name, and what is no file cannot be read.
  symlinkSync('..', join(root, 'engine/linked'));
  const quoted = ['2', '3'].map((text) => (write('engine/né "w".ts', text), state()));
  const seen = [first, ...dirty, ...untracked, ...quoted];
  expect(new Set(seen).size).toBe(7);
  for (const one of seen.slice(1)) expect(one).toMatch(new RegExp(`^${first}-[0-9a-f]{8}$`));
  commitAll();
  expect(state()).toMatch(/^[0-9a-f]{12}$/);
  expect(state()).not.toBe(first);
});
