// The folders that installed Python packages lie in: of environments that the user names, and of a `.venv` inside the workspace.
// Refuses to run an interpreter, and a `.venv` that leads out of the workspace.
import { basename, dirname, join } from 'node:path';
import { isInside } from '../../base/inside.js';
import type { Disk } from '../disk.js';

/** Real paths. `named`: interpreters, environments or folders of packages, anywhere. */
export function packageFolders(named: readonly string[], disk: Disk): string[] {
  return unique(named.flatMap((path) => foldersOf(path, disk)));
}

/** Of `.venv` folders beside `file` and above, up to `root` (real), that lie inside it. */
export function venvFolders(file: string, root: string, disk: Disk): string[] {
  const found: string[] = [];
  for (let folder = dirname(file); isInside(root, folder); folder = dirname(folder)) {
    const venv = join(folder, '.venv');
    if (disk.real(venv) === venv && disk.isFile(join(venv, 'pyvenv.cfg'))) found.push(...foldersOf(venv, disk).filter((path) => isInside(venv, path)));
    if (folder === root) break;
  }
  return unique(found);
}

const unique = (paths: readonly string[]): string[] => [...new Set(paths)];

function foldersOf(path: string, disk: Disk): string[] {
  if (disk.isFile(path)) return foldersOf(dirname(dirname(path)), disk);
  const candidates = /^(site|dist)-packages$/.test(basename(path))
    ? [path]
    : [
        join(path, 'Lib', 'site-packages'),
        ...['lib', 'lib64'].flatMap((lib) =>
          (disk.list(join(path, lib)) ?? [])
            .map((entry) => entry.name)
            .filter((name) => /^python3/.test(name))
            .sort()
            .reverse()
            .flatMap((name) => [join(path, lib, name, 'site-packages'), join(path, lib, name, 'dist-packages')]),
        ),
      ];
  return candidates.flatMap((folder) => {
    const real = disk.isDirectory(folder) ? disk.real(folder) : undefined;
    return real === undefined ? [] : [real];
  });
}
