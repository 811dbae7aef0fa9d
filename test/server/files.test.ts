// Which folder is the project of a file that no editor named a folder for. Refuses to look into files' texts beyond what tells that.
import { describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { projectOf } from '../../server/files.js';
import { layOut } from '../harness/fixture.js';

const file = 'packages/a/src/x.ts';
/** By case: the other files, and the project's folder. */
const cases: Record<string, { files: Record<string, string>; root: string }> = {
  'a package': { files: { 'packages/a/package.json': '{}' }, root: 'packages/a' },
  'a package of a repository': { files: { '.git/HEAD': '', 'packages/a/package.json': '{}' }, root: '' },
  'a package of an npm workspace': { files: { 'package.json': '{ "workspaces": ["packages/*"] }', 'packages/a/package.json': '{}' }, root: '' },
  'a package of a pnpm workspace': { files: { 'pnpm-workspace.yaml': 'packages: [packages/*]', 'package.json': '{}', 'packages/a/package.json': '{}' }, root: '' },
  'a package above which a manifest names no workspace': { files: { 'package.json': 'no JSON', 'packages/a/package.json': '{}' }, root: 'packages/a' },
  'a submodule': { files: { '.git/HEAD': '', 'packages/a/.git': 'gitdir: elsewhere' }, root: 'packages/a' },
  'a package that its repository ignores': { files: { '.git/HEAD': '', '.gitignore': 'packages/\n', 'packages/a/package.json': '{}' }, root: 'packages/a' },
  'settings below a repository': { files: { '.git/HEAD': '', 'packages/kedge.json': '{}', 'packages/a/package.json': '{}' }, root: 'packages' },
  'nothing that tells': { files: {}, root: 'packages/a/src' },
  'a home folder under git': { files: { '.git/HEAD': '' }, root: 'packages/a/src' },
};

describe('the project of a file', () => {
  it.each(Object.entries(cases))('is found for %s', (name, { files, root }) => {
    const { root: folder } = layOut([...Object.entries(files), [file, '']].map(([path, text]) => `--- ${path}\n${text}\n`).join(''));
    expect(projectOf(join(folder, file), name.startsWith('a home') ? folder : undefined)).toEqual({ root: join(folder, root), isLoose: root === 'packages/a/src' });
  });
});
