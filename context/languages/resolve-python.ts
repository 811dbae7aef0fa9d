// Where a Python module name leads, by files alone: near the importing file, then in the workspace's other projects. No interpreter is asked.
// Refuses to decide what may be read.
import { dirname, join } from 'node:path';
import { isInside } from '../../base/inside.js';
import type { Disk } from '../disk.js';
import type { IgnoreRules } from '../ignore-rules.js';
import { isPythonProject, moduleStarts } from './python-projects.js';

/** A module is a file; a package also has a folder that its submodules stand in, and a namespace package has only that. Real paths. */
export interface PythonModule {
  readonly file?: string;
  readonly folder?: string;
}

/** `folder`: where the leading dots of `specifier` lead from `file`; undefined for an absolute name. */
export function moduleName(file: string, specifier: string): { readonly folder: string | undefined; readonly parts: readonly string[] } {
  const dots = /^\.*/.exec(specifier)?.[0].length ?? 0;
  let folder = dots > 0 ? dirname(file) : undefined;
  for (let up = 1; folder !== undefined && up < dots; up++) folder = dirname(folder);
  return { folder, parts: specifier.slice(dots).split('.').filter(Boolean) };
}

export class PythonResolver {
  private starts: ReadonlyMap<string, readonly string[]> | undefined;

  /** `rules`: of each workspace root below which other projects are looked for. */
  constructor(
    private readonly disk: Disk,
    private readonly rules: readonly IgnoreRules[],
  ) {}

  /** `specifier` as written after `from` or `import`, leading dots kept; `root` is the workspace root that holds `file`. */
  resolve(file: string, specifier: string, root: string): PythonModule | undefined {
    const { folder, parts } = moduleName(file, specifier);
    if (folder !== undefined) return isInside(root, folder) ? this.within(folder, parts) : undefined;
    if (parts.length === 0) return undefined;
    const near = this.firstIn(this.searchPath(file, root), file, parts);
    if (near?.file !== undefined || (near?.folder !== undefined && !isPythonProject(near.folder, this.disk))) return near;
    this.starts ??= moduleStarts(this.rules, this.disk);
    const far = [parts[0], stubsOf(parts[0])].flatMap((name) => this.starts?.get(name) ?? []);
    return this.firstIn(far, file, parts) ?? near;
  }

  /** The first that is a file, else the first namespace package. */
  private firstIn(folders: readonly string[], file: string, parts: readonly string[]): PythonModule | undefined {
    let namespace: PythonModule | undefined;
    for (const folder of folders) {
      const found = this.within(folder, parts) ?? this.within(folder, [stubsOf(parts[0]), ...parts.slice(1)]);
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
    if (asPackage !== undefined) return { file: this.disk.real(asPackage), folder: this.disk.real(stem) };
    const asModule = parts.length > 0 ? endings.map((extension) => stem + extension).find((path) => this.disk.isFile(path)) : undefined;
    if (asModule !== undefined) return { file: this.disk.real(asModule) };
    return this.disk.isDirectory(stem) ? { folder: this.disk.real(stem) } : undefined;
  }

  /** Folders that absolute names may start from: beside the outermost package, then each folder up to the root, each with its `src` and its stubs. */
  private searchPath(file: string, root: string): string[] {
    let top = dirname(file);
    while (this.isPackage(top) && top !== dirname(top)) top = dirname(top);
    const found = new Set<string>([top]);
    for (let folder = top; isInside(root, folder); folder = dirname(folder)) {
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

const stubsOf = (name: string): string => `${name}-stubs`;
