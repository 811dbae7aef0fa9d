// What a file is called in a segment: its path from the enclosing repository's root, so that opening a sub-folder finds the same entries.
// Refuses to reveal where the repository lies on this machine.
import { homedir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import type { Disk } from './disk.js';
import { repositoryAbove, type IgnoreRules } from './ignore-rules.js';

const manifests = ['package.json', 'pyproject.toml', 'setup.py', 'setup.cfg'];

/**
 * The root that `dir`'s files are named from: the git repository around it, else the topmost folder with a package manifest below
 * home and below any `node_modules`, else the workspace's root. A repository that ignores the workspace does not count.
 */
export function namingRoot(dir: string, rules: IgnoreRules, disk: Disk): string {
  const nearest = repositoryAbove(dir, disk);
  const repository = nearest !== undefined && nearest.length < rules.root.length ? rules.repository : nearest;
  const installedIn = dir.lastIndexOf(`${sep}node_modules${sep}`);
  if (repository !== undefined && repository.length > installedIn) return repository;
  let topmost: string | undefined;
  for (let folder = dir; folder !== dirname(folder) && folder !== homedir() && !folder.endsWith(`${sep}node_modules`); folder = dirname(folder)) {
    if (manifests.some((name) => disk.isFile(join(folder, name)))) topmost = folder;
  }
  return topmost ?? rules.root;
}

export const relativeName = (root: string, path: string): string => relative(root, path).split(sep).join('/');
