// Where a Python module name leads, by files alone: no interpreter is asked and no environment is looked into.
// Refuses to decide what may be read.
import { dirname, join, sep } from 'node:path';
import type { Disk } from '../disk.js';

/** A module is a file; a package also has a folder that its submodules stand in, and a namespace package has only that. */
export interface PythonModule {
  readonly file?: string;
  readonly folder?: string;
}

export class PythonResolver {
  constructor(private readonly disk: Disk) {}

  /** `specifier` as written after `from` or `import`, leading dots kept; `root` is the workspace root that holds `file`. */
  resolve(file: string, specifier: string, root: string): PythonModule | undefined {
    const dots = /^\.*/.exec(specifier)?.[0].length ?? 0;
    const parts = specifier.slice(dots).split('.').filter(Boolean);
    if (dots > 0) {
      let folder = dirname(file);
      for (let up = 1; up < dots; up++) folder = dirname(folder);
      return inside(root, folder) ? this.within(folder, parts) : undefined;
    }
    if (parts.length === 0) return undefined;
    let namespace: PythonModule | undefined;
    for (const folder of this.searchPath(file, root)) {
      const found = this.within(folder, parts) ?? this.within(folder, [`${parts[0]}-stubs`, ...parts.slice(1)]);
      if (found?.file !== undefined && found.file !== file) return found;
      namespace ??= found?.file === undefined ? found : undefined;
    }
    return namespace;
  }

  /** The module `name` of a package. */
  submodule(parent: PythonModule, name: string, stubsFirst = false): PythonModule | undefined {
    return parent.folder === undefined ? undefined : this.within(parent.folder, [name], stubsFirst);
  }

  /** The module of these names below `folder`. */
  within(folder: string, parts: readonly string[], stubsFirst = false): PythonModule | undefined {
    const endings = stubsFirst ? ['.pyi', '.py'] : ['.py', '.pyi'];
    let dir = folder;
    for (const part of parts.slice(0, -1)) dir = join(dir, part);
    const stem = parts.length > 0 ? join(dir, parts[parts.length - 1]) : dir;
    const asPackage = endings.map((extension) => join(stem, `__init__${extension}`)).find((path) => this.disk.isFile(path));
    if (asPackage !== undefined) return { file: asPackage, folder: stem };
    const asModule = parts.length > 0 ? endings.map((extension) => stem + extension).find((path) => this.disk.isFile(path)) : undefined;
    if (asModule !== undefined) return { file: asModule };
    return this.disk.isDirectory(stem) ? { folder: stem } : undefined;
  }

  /** Folders that absolute names may start from: beside the outermost package, then each folder up to the root, each with its `src` and its stubs. */
  private searchPath(file: string, root: string): string[] {
    let top = dirname(file);
    while (this.isPackage(top) && top !== dirname(top)) top = dirname(top);
    const found = new Set<string>([top]);
    for (let folder = top; inside(root, folder); folder = dirname(folder)) {
      for (const start of [folder, join(folder, 'src'), join(folder, 'lib'), join(folder, 'typings'), join(folder, 'stubs')]) {
        if (!this.isPackage(start)) found.add(start);
      }
      if (folder === root) break;
    }
    return [...found];
  }

  private isPackage(folder: string): boolean {
    return this.disk.isFile(join(folder, '__init__.py')) || this.disk.isFile(join(folder, '__init__.pyi'));
  }
}

const inside = (root: string, path: string): boolean => path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
