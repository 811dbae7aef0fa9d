// The tasks and sources that are committed keep the promises made about them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSources } from '../../evaluation/generate/sources.js';
import { readTasks } from '../../evaluation/tasks.js';
import { packageRoot } from '../../base/package.js';
import { folderWith } from './folders.js';

const at = (path: string): string => join(packageRoot, path);
const sources = readSources(at('evaluation/sources.json'));
const heldOut = readTasks(at('evaluation/tasks/held-out.jsonl'));
const tuning = readTasks(at('evaluation/tasks/tuning.jsonl'));
const unseenSources = readSources(at('evaluation/sources-unseen.json'));
const unseen = readTasks(at('evaluation/tasks/unseen.jsonl'));
const repositories = (tasks: typeof heldOut): Set<string> => new Set(tasks.map(({ file }) => file.split('/')[0]));

describe('committed sources', () => {
  it('are enough, in both languages, and enough of them held out', () => {
    expect(sources.length).toBeGreaterThanOrEqual(24);
    for (const registry of ['npm', 'pypi']) expect(sources.filter((one) => one.registry === registry).length).toBeGreaterThanOrEqual(12);
    expect(sources.filter((one) => one.heldOut).length).toBeGreaterThanOrEqual(16);
  });

  it('were published after the model\'s data', () => {
    for (const { published } of [...sources, ...unseenSources]) expect(published > '2024-07').toBe(true);
  });

  it.each<[string, unknown, RegExp]>([
    ['no list', {}, /needs a list "sources"/],
    ['a digest of another kind', { ...sources[0], digest: 'sha512-abc' }, /source 1: "digest" must be sha256/],
    ['a folder that climbs out', { ...sources[0], repository: '..' }, /"repository" must be a plain folder name/],
    ['an argument for a name', { ...sources[0], package: '--index-url=x' }, /"package" or "version" is not one/],
    ['no word on being held out', { ...sources[0], heldOut: undefined }, /"heldOut" must be true or false/],
  ])('are refused with %s', (_name, entry, message) => {
    const root = folderWith({ 's.json': JSON.stringify(message.source.includes('list') ? entry : { sources: [entry] }) });
    expect(() => readSources(join(root, 's.json'))).toThrow(message);
  });
});

describe('committed tasks', () => {
  it('are at least 120 of each kind from at least 12 repositories, held out', () => {
    for (const kind of ['crossfile', 'line']) expect(heldOut.filter((task) => task.kind === kind).length).toBeGreaterThanOrEqual(120);
    expect(repositories(heldOut).size).toBeGreaterThanOrEqual(12);
    const marked = new Set(sources.filter((one) => one.heldOut).map(({ repository }) => repository));
    for (const repository of repositories(heldOut)) expect(marked).toContain(repository);
    for (const repository of repositories(tuning)) expect(marked).not.toContain(repository);
  });

  it('are 80 more from twenty packages that are in no other list', () => {
    expect(unseen.filter(({ kind }) => kind === 'crossfile')).toHaveLength(80);
    expect([...repositories(unseen)].sort()).toEqual(unseenSources.map(({ repository }) => repository).sort());
    for (const one of unseenSources) expect(sources.map((other) => other.package)).not.toContain(one.package);
  });

  it('are at most five a file, of at least 8 bytes, and name their declaration where they are crossfile', () => {
    for (const tasks of [heldOut, tuning, unseen]) {
      const perFile = new Map<string, number>();
      for (const { file } of tasks) perFile.set(file, (perFile.get(file) ?? 0) + 1);
      expect(Math.max(...perFile.values())).toBeLessThanOrEqual(5);
      for (const task of tasks) {
        expect(Buffer.byteLength(task.target)).toBeGreaterThanOrEqual(8);
        if (task.kind === 'crossfile') expect(task.target.startsWith(task.name!) && task.declaration!.includes(task.name!)).toBe(true);
      }
    }
  });

  it('share no text with the prompts that gave the typical queries', () => {
    const prompts = readFileSync(at('models/typical-prompts.json'), 'utf8');
    for (const { target, declaration } of [...heldOut, ...tuning, ...unseen]) {
      for (const text of [target, declaration ?? '']) if (text.length >= 24) expect(prompts).not.toContain(JSON.stringify(text).slice(1, -1));
    }
  });
});
