// Which paths are not read: what `.gitignore` names at every level up to the root of the repository that holds the path, `.kedgeignore` up to
// that of the outermost, and `.git/info/exclude`.
// Refuses to know why a path is asked for.
import { dirname, join, relative, sep } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { isInside } from '../base/inside.js';
import { systemDisk, type Disk } from './disk.js';

/** Never read, tracked or not: what package managers and tools put beside the source. */
const foldersNeverRead = new Set(['node_modules', '.git', '.hg', '.svn', '__pycache__', '.venv', '.tox', '.nox', '.mypy_cache', '.ruff_cache', '.pytest_cache', 'site-packages', 'bower_components', '.yarn', '.kedge-cache']);

/** Files with rules, the strongest last; of those outside of the repository that holds a path, the last alone counts. */
const ruleFiles = [join('.git', 'info', 'exclude'), '.gitignore', '.kedgeignore'];

/** As git compares names where nobody told it otherwise. */
const ignorecase = process.platform === 'darwin' || process.platform === 'win32';

/** Patterns as in an ignore file of the folder `from`, where that holds a root, else of the root itself. */
export interface Exclusion {
  readonly patterns: readonly string[];
  readonly from?: string;
}

/** For one workspace root. Answers are kept; make a new one when an ignore file changes. */
export class IgnoreRules {
  private readonly byFolder = new Map<string, FolderRules>();
  private readonly answers = new Map<string, boolean>();
  /** The git repository around the root, unless it ignores the root: then the root stands for itself. */
  readonly repository: string | undefined;
  private readonly excluded: Ignore;
  private readonly excludedFrom: string;

  /** What is excluded no ignore file takes back. */
  constructor(
    readonly root: string,
    private readonly disk: Disk,
    { patterns, from }: Exclusion = { patterns: [] },
  ) {
    this.excluded = ignore({ ignorecase }).add([...patterns]);
    this.excludedFrom = from !== undefined && isInside(from, root) ? from : root;
    this.repository = repositoryAbove(root, disk);
    if (this.repository === undefined || !this.matches(root, true)) return;
    this.repository = undefined;
    this.byFolder.clear();
  }

  /** `path` is absolute, inside the root; a folder is ignored with all that is in it. */
  ignores(path: string, isFolder: boolean): boolean {
    if (path === this.root || !isInside(this.root, path)) return false;
    const name = path.slice(path.lastIndexOf(sep) + 1);
    if (isFolder) {
      const kept = this.answers.get(path);
      if (kept !== undefined) return kept;
    }
    // Kept for the outermost alone: what is ignored can hold very much.
    if (this.ignores(dirname(path), true)) return true;
    const answer = (isFolder && (foldersNeverRead.has(name) || this.disk.isFile(join(path, 'pyvenv.cfg')))) || this.excluded.ignores(this.within(this.excludedFrom, path, isFolder)) || this.matches(path, isFolder);
    if (isFolder) this.answers.set(path, answer);
    return answer;
  }

  /** By the rules alone: the innermost folder that has a rule for the path decides. */
  private matches(path: string, isFolder: boolean): boolean {
    let inRepository = true;
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      const { git, own, holdsGit } = this.rulesOf(folder);
      const result = (inRepository ? git : own)?.test(this.within(folder, path, isFolder));
      if (result?.ignored) return true;
      if (result?.unignored || folder === (this.repository ?? this.root) || folder === dirname(folder)) return false;
      inRepository &&= !holdsGit;
    }
  }

  private within(folder: string, path: string, isFolder: boolean): string {
    return relative(folder, path).split(sep).join('/') + (isFolder ? '/' : '');
  }

  private rulesOf(folder: string): FolderRules {
    let kept = this.byFolder.get(folder);
    if (!kept) {
      const texts = ruleFiles.map((name) => this.disk.read(join(folder, name))).map((reading) => ('text' in reading ? reading.text : ''));
      kept = { git: rulesIn(texts), own: rulesIn(texts.slice(-1)), holdsGit: this.disk.real(join(folder, '.git')) !== undefined };
      this.byFolder.set(folder, kept);
    }
    return kept;
  }
}

/** Whether the project at `root` leaves out `path`, a file; both absolute. */
export function isIgnoredIn(root: string, path: string, disk: Disk = systemDisk): boolean {
  return new IgnoreRules(root, disk).ignores(path, false);
}

interface FolderRules {
  /** For what is of the repository that holds the folder. */
  readonly git: Ignore | undefined;
  /** For what is of a repository further inside: Kedge's rules, not git's. */
  readonly own: Ignore | undefined;
  readonly holdsGit: boolean;
}

const rulesIn = (texts: readonly string[]): Ignore | undefined => (texts.some((text) => text !== '') ? ignore({ ignorecase }).add(texts.join('\n')) : undefined);

/** The nearest folder from `dir` upwards that holds a `.git`, or undefined. */
export function repositoryAbove(dir: string, disk: Disk): string | undefined {
  for (let folder = dir; ; folder = dirname(folder)) {
    if (disk.isDirectory(join(folder, '.git')) || disk.isFile(join(folder, '.git'))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}
