// The one door for every change: apply(changes) gives a new immutable Snapshot, or the same one when nothing that matters changed.
// Refuses to watch, to read before it is asked, and to parse what did not change.
import { basename } from 'node:path';
import { digestOf } from '../base/digest.js';
import { ByteLru } from '../base/lru.js';
import { systemDisk, type Disk } from './disk.js';
import type { Outline } from './outline.js';
import { ImporterIndex } from './importers.js';
import { withBuffer, withoutBuffer, type Overlay } from './overlay.js';
import { OpenOutlines, outlineOf } from './parse.js';
import { isSecret } from './secrets.js';
import { canonicalPath, Layout, Snapshot, type Root, type Shared } from './snapshot.js';
import { Survey } from './survey.js';
import type { Turns } from './turns.js';

/** Paths are absolute. */
export type FileChange =
  /** A buffer's whole text, when it is opened and after each edit: it beats the disk until it is closed. */
  | { readonly kind: 'open'; readonly path: string; readonly text: string }
  | { readonly kind: 'close'; readonly path: string }
  /** Created, changed or deleted on disk. */
  | { readonly kind: 'disk'; readonly path: string }
  /** The workspace's folders from now on. */
  | { readonly kind: 'roots'; readonly roots: readonly string[] }
  /** The user's Python environments from now on: see WorkspaceDeps. */
  | { readonly kind: 'environments'; readonly folders: readonly string[] }
  /** What is excluded from now on: see WorkspaceDeps. */
  | { readonly kind: 'exclude'; readonly patterns: readonly string[] };

export interface WorkspaceDeps {
  readonly disk?: Disk;
  /** Text of unopened files held in memory. */
  readonly textBytesMax?: number;
  /** Python interpreters, environments or folders of packages that the user names, anywhere on the machine. Never from a workspace's file. */
  readonly pythonEnvironments?: readonly string[];
  /** Patterns as in an ignore file of each root: more that is never context, and nothing less. */
  readonly exclude?: readonly string[];
  /** What makes an outline of a file that is not open; tests count. */
  readonly parse?: (path: string, text: string) => Outline | undefined;
}

/** Files opened or edited that are remembered. */
const recentMax = 50;

/** Files whose content decides how others are found; what a tsconfig extends may have any name. */
const layoutFile = /^(.+\.json|\.gitignore|\.kedgeignore|exclude|pnpm-workspace\.yaml|yarn\.lock|pnpm-lock\.yaml|pyproject\.toml|setup\.(py|cfg)|__init__\.pyi?|pyvenv\.cfg)$/;

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
      texts: new ByteLru(deps.textBytesMax ?? 64 << 20, (buffer) => 2 * buffer.text.length + 200),
      outlines: new ByteLru(32 << 20, (kept) => kept.bytes),
      pieces: new ByteLru(64 << 20, (kept) => kept.bytes),
      worded: new ByteLru(48 << 20, (kept) => kept.bytes),
      importers: new ImporterIndex(),
      open: new OpenOutlines(),
      parse: deps.parse ?? outlineOf,
      known: (path, digest) => this.survey?.known(path, digest),
    };
    this.layout = new Layout(this.rooted(roots), deps.pythonEnvironments ?? [], deps.exclude ?? [], disk);
    this.current = this.next();
  }

  get snapshot(): Snapshot {
    return this.current;
  }

  /** Outlines all files in the background, and keeps the outlines in `dir`; nothing starts by itself. */
  surveyed(dir: string, turns: Turns): Survey {
    this.survey = new Survey(dir, { ...this.shared, turns, snapshot: () => this.current });
    return this.survey;
  }

  /** Files of which it is known what they import. */
  get outlinedFiles(): number {
    return this.shared.importers.files;
  }

  apply(changes: readonly FileChange[]): Snapshot {
    const { layout, overlay, recent, changes: before } = this;
    let { roots, environments, exclude } = layout;
    const counts = new Map<string, number>();
    let moved = false;
    for (const change of changes) {
      if (change.kind === 'roots') roots = this.rooted(change.roots);
      else if (change.kind === 'environments') environments = change.folders;
      else if (change.kind === 'exclude') exclude = change.patterns;
      else if (change.kind === 'open') this.opened(this.canonical(change.path), change.text);
      else {
        // Where nothing watches, what an editor saved is noticed when it closes the file.
        moved = this.changedOnDisk(this.canonical(change.path), counts) || moved;
        if (change.kind === 'close') this.closed(this.canonical(change.path));
      }
    }
    if (counts.size > 0) this.changes = new Map([...before, ...counts]);
    if (roots !== layout.roots || environments !== layout.environments || exclude !== layout.exclude || moved) this.layout = new Layout(roots, environments, exclude, this.shared.disk);
    if (this.layout !== layout || this.overlay !== overlay || this.recent !== recent || this.changes !== before) this.current = this.next();
    this.survey?.changed(changes.flatMap((change) => (change.kind === 'disk' || change.kind === 'close' ? [this.canonical(change.path)] : [])));
    if (roots !== layout.roots) this.survey?.start({ walk: true });
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

  /** Notes a change on disk in `counts`; true when files may now be found elsewhere. */
  private changedOnDisk(path: string, counts: Map<string, number>): boolean {
    const count = counts.get(path) ?? this.changes.get(path) ?? 0;
    const known = this.shared.texts.get(`${path}\0${count}`);
    const exists = this.shared.disk.isFile(path);
    if (known && exists) {
      const reading = this.shared.disk.read(path);
      if ('text' in reading && digestOf(reading.text) === known.digest) return false;
    }
    counts.set(path, count + 1);
    const wasMissed = this.layout.readable.get(path) === false && !this.current.isIgnored(path, false);
    const stood = known !== undefined || this.layout.readable.get(path) === true || (this.overlay.has(path) && !wasMissed);
    // It may be a link now.
    this.layout.readable.delete(path);
    return !stood || !exists || layoutFile.test(basename(path));
  }

  private rooted(roots: readonly string[]): Root[] {
    return roots.map((given) => ({ given, real: this.shared.disk.real(given) ?? given }));
  }

  private canonical(path: string): string {
    return canonicalPath(this.layout.roots, path);
  }

  private next(): Snapshot {
    return new Snapshot(this.shared, this.layout, this.overlay, this.changes, this.recent);
  }
}
