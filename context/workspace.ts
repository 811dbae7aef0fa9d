// The one door for every change: apply(changes) gives a new immutable Snapshot, or the same one when nothing that matters changed.
// Refuses to watch, to read before it is asked, and to parse what did not change.
import { digestOf } from '../base/digest.js';
import { ByteLru } from '../base/lru.js';
import { systemDisk, type Disk, type Reading } from './disk.js';
import type { Exclusion } from './ignore-rules.js';
import type { Outline } from './outline.js';
import { ImporterIndex } from './importers.js';
import { withBuffer, withoutBuffer, type Overlay } from './overlay.js';
import { isSource, OpenOutlines, outlineOf } from './parse.js';
import { isProject } from './project.js';
import { isSecret } from './secrets.js';
import { canonicalPath, Layout, Snapshot, type Kept, type Root, type Shared } from './snapshot.js';
import { Survey } from './survey.js';
import type { Turns } from './turns.js';

/** Paths are absolute. */
export type FileChange =
  /** A buffer's whole text, when it is opened and after each edit: it beats the disk until it is closed. */
  | { readonly kind: 'open'; readonly path: string; readonly text: string }
  | { readonly kind: 'close'; readonly path: string }
  /** Created, changed or deleted on disk. */
  | { readonly kind: 'disk'; readonly path: string }
  /** Any number of files changed on disk, and nobody can say which. */
  | { readonly kind: 'missed' }
  /**
   * The workspace's folders from now on. `loose`: those that are no project's, but the folder of a file that belongs to none: plans look
   * round the cursor in it, and nobody watches or surveys it or looks for projects below.
   */
  | { readonly kind: 'roots'; readonly roots: readonly string[]; readonly loose?: readonly string[] }
  /** The user's Python environments from now on: see WorkspaceDeps. */
  | { readonly kind: 'environments'; readonly folders: readonly string[] }
  /** What is excluded from now on: see WorkspaceDeps. */
  | ({ readonly kind: 'exclude' } & Exclusion);

export interface WorkspaceDeps {
  readonly disk?: Disk;
  /** Text of unopened files held in memory. */
  readonly textBytesMax?: number;
  /** Python interpreters, environments or folders of packages that the user names, anywhere on the machine. Never from a workspace's file. */
  readonly pythonEnvironments?: readonly string[];
  /** More that is never context, and nothing less: the patterns of an Exclusion, and its folder. */
  readonly exclude?: readonly string[];
  readonly excludeFrom?: string;
  /** What makes an outline of a file that is not open; tests count. */
  readonly parse?: (path: string, text: string) => Outline | undefined;
}

/** Files opened or edited that are remembered. */
const recentMax = 50;

/** Files whose content decides how others are found, asked for or not; of what packages bring, the lock file that npm writes last. */
const layoutFile = /^(?!.*[\\/]node_modules[\\/](?!\.package-lock\.json$)).*[\\/](package\.json|[tj]sconfig[^\\/]*\.json|\.gitignore|\.kedgeignore|\.git[\\/]info[\\/]exclude|pnpm-workspace\.yaml|\.?package-lock\.json|yarn\.lock|pnpm-lock\.yaml|pyproject\.toml|setup\.(py|cfg)|__init__\.pyi?|pyvenv\.cfg)$/s;

/** What a change on disk comes to: after all but the first two, files may be found elsewhere. */
type Outcome = 'unchanged' | 'edited' | 'new' | 'gone' | 'layout';

export class Workspace {
  private readonly shared: Shared;
  private layout: Layout;
  private overlay: Overlay = new Map();
  private changes: ReadonlyMap<string, number> = new Map();
  private recent: readonly string[] = [];
  private readonly edited = new Set<string>();
  private current: Snapshot;
  private survey: Survey | undefined;

  constructor(roots: readonly string[], deps: WorkspaceDeps = {}) {
    const disk = deps.disk ?? systemDisk;
    this.shared = {
      disk,
      texts: new ByteLru(deps.textBytesMax ?? 64 << 20, (kept) => 200 + ('text' in kept ? 2 * kept.text.length : 0)),
      outlines: new ByteLru(32 << 20, (kept) => kept.bytes),
      pieces: new ByteLru(64 << 20, (kept) => kept.bytes),
      worded: new ByteLru(48 << 20, (kept) => kept.bytes),
      importers: new ImporterIndex(),
      open: new OpenOutlines(),
      parse: deps.parse ?? outlineOf,
      known: (path, digest) => this.survey?.known(path, digest),
    };
    this.layout = new Layout(this.rooted(roots), deps.pythonEnvironments ?? [], { patterns: deps.exclude ?? [], from: deps.excludeFrom }, disk);
    this.current = this.next();
  }

  get snapshot(): Snapshot {
    return this.current;
  }

  /** Outlines all files in the background, and keeps the outlines in `dir`; nothing starts by itself. */
  surveyed(dir: string, turns: Turns): Survey {
    this.survey = new Survey(dir, { ...this.shared, turns, snapshot: () => this.current, roots: () => this.layout.roots.flatMap(({ real, isLoose }) => (!isLoose && isProject(real) ? [real] : [])) });
    return this.survey;
  }

  /** Files of which it is known what they import. */
  get outlinedFiles(): number {
    return this.shared.importers.files;
  }

  apply(changes: readonly FileChange[]): Snapshot {
    const { layout, overlay, recent, changes: before } = this;
    let { roots, environments, exclude } = layout;
    const outcomes = new Map<string, Outcome>();
    for (const change of changes) {
      if (change.kind === 'roots') roots = this.rooted(change.roots, change.loose);
      else if (change.kind === 'environments') environments = change.folders;
      else if (change.kind === 'exclude') exclude = change;
      else if (change.kind === 'missed') this.shared.texts.clear();
      else if (change.kind === 'open') this.opened(this.canonical(change.path), change.text);
      else {
        // Where nothing watches, what an editor saved is noticed when it closes the file.
        const path = this.canonical(change.path);
        if (!outcomes.has(path)) outcomes.set(path, this.outcomeOf(path));
        if (change.kind === 'close') this.closed(path);
      }
    }
    const changed = [...outcomes].filter(([, outcome]) => outcome !== 'unchanged').map(([path]) => path);
    const missed = changes.some(({ kind }) => kind === 'missed');
    const moved = missed || changed.some((path) => outcomes.get(path) !== 'edited');
    const stale = changed.filter((path) => this.textOf(path));
    if (stale.length > 0) this.changes = new Map([...before, ...stale.map((path): [string, number] => [path, (before.get(path) ?? 0) + 1])]);
    if (roots !== layout.roots || environments !== layout.environments || exclude !== layout.exclude || moved) this.layout = new Layout(roots, environments, exclude, this.shared.disk);
    if (this.layout !== layout || this.overlay !== overlay || this.recent !== recent || changed.length > 0) this.current = this.next();
    const closed = changes.flatMap((change) => (change.kind === 'close' ? [this.canonical(change.path)] : []));
    this.survey?.changed([...new Set([...changed, ...closed])]);
    if (missed || roots !== layout.roots) this.survey?.start({ walk: true });
    return this.current;
  }

  private opened(path: string, text: string): void {
    const before = this.overlay;
    this.overlay = withBuffer(before, path, text);
    if (before.has(path) && this.overlay !== before) this.edited.add(path);
    if (this.recent[0] !== path && !isSecret(path)) this.recent = [path, ...this.recent.filter((other) => other !== path)].slice(0, recentMax);
  }

  /** A file that was only looked at is soon forgotten. */
  private closed(path: string): void {
    this.overlay = withoutBuffer(this.overlay, path);
    this.shared.open.forget(path);
    if (!this.edited.delete(path)) this.recent = this.recent.filter((other) => other !== path);
  }

  private outcomeOf(path: string): Outcome {
    const { disk } = this.shared;
    const text = this.textOf(path);
    const real = disk.real(path);
    const isFile = real === path && disk.isFile(path);
    if (text && isFile && isSame(text, disk.read(path))) return 'unchanged';
    if (layoutFile.test(path)) return 'layout';
    const stood = text !== undefined || (this.layout.stood(path) ?? this.overlay.has(path));
    // It may be a link now.
    this.layout.readable.delete(path);
    // It may be allowed again, with another text than what is held.
    if (this.current.isIgnored(path, false) && (isSource(path) || this.current.isIgnored(path, true))) return text ? 'edited' : 'unchanged';
    if (real !== undefined && (real !== path || disk.isDirectory(path))) return 'new';
    if (real === undefined && this.layout.holds(path)) return 'gone';
    if (!isSource(path)) return outcomeOfData(path, disk);
    const stands = isFile && this.current.isReadable(path);
    if (!stood) return stands ? 'new' : 'unchanged';
    if (!stands) return 'gone';
    // What is open hides the disk until it is closed.
    return text || !this.overlay.has(path) ? 'edited' : 'unchanged';
  }

  /** What is held of a source file's text on disk. */
  private textOf(path: string): Kept | undefined {
    return this.shared.texts.get(`${path}\0${this.changes.get(path) ?? 0}`);
  }

  private rooted(roots: readonly string[], loose: readonly string[] = []): Root[] {
    return roots.map((given) => ({ given, real: this.shared.disk.real(given) ?? given, isLoose: loose.includes(given) }));
  }

  private canonical(path: string): string {
    return canonicalPath(this.layout.roots, path);
  }

  private next(): Snapshot {
    return new Snapshot(this.shared, this.layout, this.overlay, this.changes, this.recent);
  }
}

/** A tsconfig may extend a file of any name; other data is read anew by whoever wants it. */
function outcomeOfData(path: string, disk: Disk): Outcome {
  const reading = path.endsWith('.json') ? disk.read(path) : undefined;
  return reading && 'text' in reading && /"compilerOptions"\s*:/.test(reading.text) ? 'layout' : 'unchanged';
}

const isSame = (kept: Kept, reading: Reading): boolean => ('text' in kept ? 'text' in reading && digestOf(reading.text) === kept.digest : 'leftOut' in reading && reading.leftOut === kept.leftOut);
