// Files as commands and the daemon name them: which project one belongs to, and its segments.
// Refuses to read what context does not.
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Segment } from '../base/segment.js';
import { isIgnoredIn, segmentsOf, type Snapshot } from '../context/index.js';
import { workspaceFileName } from './config-files.js';

/** What tells that a project starts at a folder, the surest first: a workspace of packages is one project. */
const signs: readonly ((folder: string) => boolean)[] = [
  (folder) => holds(folder, workspaceFileName),
  (folder) => holds(folder, '.git'),
  (folder) => holds(folder, 'pnpm-workspace.yaml') || namesWorkspaces(join(folder, 'package.json')),
  (folder) => ['package.json', 'pyproject.toml', 'setup.py', 'setup.cfg', 'requirements.txt', 'tsconfig.json', 'jsconfig.json'].some((name) => holds(folder, name)),
];

export interface ProjectOf {
  readonly root: string;
  /** The root is no more than the file's own folder, since nothing says that a project starts anywhere above it. */
  readonly isLoose: boolean;
}

/** The folders that `path` (absolute) lies in, the innermost first, below the user's home. */
export function foldersAbove(path: string, home = homedir()): string[] {
  const above: string[] = [];
  for (let folder = dirname(path); dirname(folder) !== folder && folder !== home; folder = dirname(folder)) above.push(folder);
  return above;
}

/** The nearest folder above `path` (absolute) with the surest sign that there is, unless that project ignores the file. */
export function projectOf(path: string, home = homedir()): ProjectOf {
  const above = foldersAbove(path, home);
  for (const isStart of signs) {
    const root = above.find(isStart);
    if (root !== undefined && !isIgnoredIn(root, path)) return { root, isLoose: false };
  }
  return { root: dirname(path), isLoose: true };
}

/** The project that `folder` (absolute) is, or is part of. */
export const projectAround = (folder: string): ProjectOf => projectOf(join(folder, 'any file'));

const holds = (folder: string, name: string): boolean => existsSync(join(folder, name));

function namesWorkspaces(manifest: string): boolean {
  try {
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { workspaces?: unknown }).workspaces !== undefined;
  } catch {
    return false;
  }
}

/** The same segments, to the digest, as a plan takes from the file; undefined where it is not read. */
export function segmentsOfFile(snapshot: Snapshot, path: string): Segment[] | undefined {
  const text = snapshot.read(path);
  return text === undefined ? undefined : segmentsOf(snapshot.nameOf(path), text, snapshot.outline(path));
}
