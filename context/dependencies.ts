// Where the names of installed packages lead: declaration files through node_modules, Python stubs and sources in environments.
// Refuses every file that no import led to, and every one outside the workspace's node_modules, its `.venv` and the user's own environments.
import { dirname, sep } from 'node:path';
import { isInside } from '../base/inside.js';
import type { Disk } from './disk.js';
import { packageFolders, venvFolders } from './languages/python-environments.js';
import { moduleName, type PythonModule, type PythonResolver } from './languages/resolve-python.js';
import type { TypescriptResolver } from './languages/resolve-typescript.js';
import { isSecret } from './secrets.js';

export class Dependencies {
  /** Folder that a file is named from, by its real path: of all files that an import led to. */
  private readonly granted = new Map<string, string>();
  private readonly found = new Map<string, PythonModule | string | undefined>();
  private readonly named: readonly string[];
  private readonly venvs = new Map<string, readonly string[]>();

  constructor(
    private readonly roots: readonly string[],
    environments: readonly string[],
    private readonly disk: Disk,
    private readonly typescript: TypescriptResolver,
    private readonly python: PythonResolver,
  ) {
    this.named = packageFolders(environments, disk);
  }

  /** The folder that the file is named from: its package's, or the one that its Python package is installed in. */
  baseOf(path: string): string | undefined {
    return this.granted.get(path);
  }

  /** The declaration file that a specifier in `file` means. */
  specifier(file: string, specifier: string): string | undefined {
    const key = `${dirname(file)}\0${specifier}`;
    if (!this.found.has(key)) this.found.set(key, this.declarations(file, specifier));
    return this.found.get(key) as string | undefined;
  }

  /** The module that a Python name in `file` means; `root` is the workspace root that holds the file. */
  module(file: string, specifier: string, root: string | undefined): PythonModule | undefined {
    const key = `${dirname(file)}\0${specifier}\0py`;
    if (!this.found.has(key)) this.found.set(key, this.installed(file, specifier, root));
    return this.found.get(key) as PythonModule | undefined;
  }

  submodule(parent: PythonModule, name: string): PythonModule | undefined {
    const base = [...this.named, ...[...this.venvs.values()].flat()].find((folder) => parent.folder !== undefined && isInside(folder, parent.folder));
    return base === undefined ? undefined : this.grant(this.python.submodule(parent, name, true), base);
  }

  private declarations(file: string, specifier: string): string | undefined {
    const path = this.typescript.declarations(file, specifier);
    const match = path === undefined ? null : new RegExp(`^.*\\${sep}node_modules\\${sep}(?:@[^\\${sep}]+\\${sep})?[^\\${sep}]+(?=\\${sep})`).exec(path);
    if (path === undefined || !match || !/\.d\.[cm]?ts$/.test(path)) return undefined;
    return this.allow(path, match[0], this.roots) ? path : undefined;
  }

  private installed(file: string, specifier: string, root: string | undefined): PythonModule | undefined {
    const { folder: from, parts } = moduleName(file, specifier);
    if (from !== undefined) {
      const base = this.granted.get(file);
      return base !== undefined && isInside(base, from) ? this.grant(this.python.within(from, parts, true), base) : undefined;
    }
    if (parts.length === 0) return undefined;
    const folders = this.foldersFor(file, root);
    for (const first of [`${parts[0]}-stubs`, parts[0]]) {
      for (const folder of folders) {
        const module = this.grant(this.python.within(folder, [first, ...parts.slice(1)], true), folder);
        if (module) return module;
      }
    }
    return undefined;
  }

  /** What an installed package imports is looked up beside it first. */
  private foldersFor(file: string, root: string | undefined): readonly string[] {
    const base = this.granted.get(file);
    if (base !== undefined) return [base, ...this.named];
    if (root === undefined) return this.named;
    const folder = dirname(file);
    let venvs = this.venvs.get(folder);
    if (!venvs) this.venvs.set(folder, (venvs = venvFolders(file, root, this.disk)));
    return [...this.named, ...venvs];
  }

  private grant(module: PythonModule | undefined, base: string): PythonModule | undefined {
    if (module?.file !== undefined && !this.allow(module.file, base, [base])) return undefined;
    return module;
  }

  /** Only a file that really lies in one of `folders`. */
  private allow(path: string, base: string, folders: readonly string[]): boolean {
    if (isSecret(path) || this.disk.real(path) !== path || !folders.some((folder) => isInside(folder, path))) return false;
    this.granted.set(path, base);
    return true;
  }
}
