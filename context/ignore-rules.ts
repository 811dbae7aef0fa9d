// Which paths are not read: what `.gitignore` and `.kedgeignore` name, at every level up to the repository's root, and `.git/info/exclude`.
// Refuses to know why a path is asked for.
import { dirname, join, relative, sep } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import type { Disk } from './disk.js';

/** Never read, tracked or not: what package managers and tools put beside the source. */
const foldersNeverRead = new Set(['node_modules', '.git', '.hg', '.svn', '__pycache__', '.venv', '.tox', '.nox', '.mypy_cache', '.ruff_cache', '.pytest_cache', 'site-packages', 'bower_components', '.yarn', '.kedge-cache']);

/** For one workspace root. Answers are kept; make a new one when an ignore file changes. */
export class IgnoreRules {
  private readonly byFolder = new Map<string, Ignore | undefined>();
  private readonly answers = new Map<string, boolean>();
  /** The git repository around the root, unless it ignores the root: then the root stands for itself. */
  readonly repository: string | undefined;
  private readonly excluded: Ignore;

  /** `exclude`: patterns as in an ignore file of the root, which no ignore file takes back. */
  constructor(
    readonly root: string,
    private readonly disk: Disk,
    exclude: readonly string[] = [],
  ) {
    this.excluded = ignore().add([...exclude]);
    this.repository = repositoryAbove(root, disk);
    if (this.repository === undefined || !this.matches(root, true)) return;
    this.repository = undefined;
    this.byFolder.clear();
  }

  /** `path` is absolute, inside the root; a folder is ignored with all that is in it. */
  ignores(path: string, isFolder: boolean): boolean {
    if (path === this.root || !path.startsWith(this.root + sep)) return false;
    const name = path.slice(path.lastIndexOf(sep) + 1);
    if (isFolder) {
      const kept = this.answers.get(path);
      if (kept !== undefined) return kept;
    }
    const answer = this.ignores(dirname(path), true) || (isFolder && (foldersNeverRead.has(name) || this.disk.isFile(join(path, 'pyvenv.cfg')))) || this.excluded.ignores(this.within(this.root, path, isFolder)) || this.matches(path, isFolder);
    if (isFolder) this.answers.set(path, answer);
    return answer;
  }

  /** By the rules alone: the innermost folder that has a rule for the path decides. */
  private matches(path: string, isFolder: boolean): boolean {
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      const rules = this.rulesOf(folder);
      if (rules) {
        const result = rules.test(this.within(folder, path, isFolder));
        if (result.ignored) return true;
        if (result.unignored) return false;
      }
      if (folder === (this.repository ?? this.root) || folder === dirname(folder)) return false;
    }
  }

  private within(folder: string, path: string, isFolder: boolean): string {
    return relative(folder, path).split(sep).join('/') + (isFolder ? '/' : '');
  }

  private rulesOf(folder: string): Ignore | undefined {
    if (this.byFolder.has(folder)) return this.byFolder.get(folder);
    const texts = [join(folder, '.git', 'info', 'exclude'), join(folder, '.gitignore'), join(folder, '.kedgeignore')].map((file) => this.disk.read(file)).flatMap((r) => ('text' in r ? [r.text] : []));
    const rules = texts.length > 0 ? ignore().add(texts.join('\n')) : undefined;
    this.byFolder.set(folder, rules);
    return rules;
  }
}

/** The nearest folder from `dir` upwards that holds a `.git`, or undefined. */
export function repositoryAbove(dir: string, disk: Disk): string | undefined {
  for (let folder = dir; ; folder = dirname(folder)) {
    if (disk.isDirectory(join(folder, '.git')) || disk.isFile(join(folder, '.git'))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}
