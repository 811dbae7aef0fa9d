// The repository as it stood after one batch of changes: text, outline and resolution of any file, made when first asked for.
// Refuses to change, and refuses every path that may not be read: outside the roots, ignored, secret, or by a symlink that leads out.
import type { Dirent } from 'node:fs';
import { dirname, join } from 'node:path';
import { digestOf } from '../base/digest.js';
import { isInside } from '../base/inside.js';
import type { ByteLru } from '../base/lru.js';
import { bagOf, type Bag } from '../base/okapi.js';
import { Dependencies } from './dependencies.js';
import { fileBytesMax, type Disk, type LeftOutReason } from './disk.js';
import { IgnoreRules, type Exclusion } from './ignore-rules.js';
import type { ImporterIndex, ImportRequest } from './importers.js';
import { manifestOf } from './languages/manifests.js';
import { PythonResolver, type PythonModule } from './languages/resolve-python.js';
import { TypescriptResolver } from './languages/resolve-typescript.js';
import { namingRoot, relativeName } from './naming.js';
import type { Outline } from './outline.js';
import type { Buffer, Overlay } from './overlay.js';
import { isSource, isWrittenByHand, unaskedBytesMax, type OpenOutlines } from './parse.js';
import { isProject } from './project.js';
import { moduleOf, type Modules } from './resolve.js';
import { envNames, holdsKey, isEnvExample, isSecret, isSecretFolder } from './secrets.js';
import { piecesOf, type Piece, type SegmentForm } from './segments.js';

/** What installed packages offer, of files that an import led to. */
export interface InstalledModules extends Modules {
  read(path: string): string | undefined;
}

export interface Root {
  /** As it was given. */
  readonly given: string;
  /** Without symbolic links: the form of every path inside context. */
  readonly real: string;
  /** See FileChange. */
  readonly isLoose: boolean;
}

/** A text, or why there is none. */
export type Kept = Buffer | { readonly leftOut: LeftOutReason };

/** A piece with the words in it. */
export interface WordedPiece {
  readonly piece: Piece;
  readonly bag: Bag;
}

/** What snapshots share: everything here is keyed by content, or thrown away when files come, go or change their rules. */
export interface Shared {
  readonly disk: Disk;
  /** Keyed by path and how often the path changed on disk; of what is no text, why. */
  readonly texts: ByteLru<string, Kept>;
  /** Keyed by language-bearing path and text digest. */
  readonly outlines: ByteLru<string, { readonly outline: Outline | undefined; readonly bytes: number }>;
  /** Keyed by form and path, so that of what is edited one version is held: of the text with this digest, under this name from the repository's root. */
  readonly pieces: ByteLru<string, { readonly digest: string; readonly name: string; readonly pieces: readonly Piece[]; readonly bytes: number }>;
  /** Keyed by path: of the text with this digest; one that is unparsed is cut anew when somebody opens it. */
  readonly worded: ByteLru<string, { readonly digest: string; readonly isUnparsed: boolean; readonly pieces: readonly WordedPiece[]; readonly bytes: number }>;
  /** Of every file that was outlined. */
  readonly importers: ImporterIndex;
  readonly open: OpenOutlines;
  readonly parse: (path: string, text: string) => Outline | undefined;
  /** What a survey knows of a text: undefined for nothing, null where it has no outline. */
  known(path: string, digest: string): Outline | null | undefined;
}

/** Files looked at to find those that import one. */
const importersLookedAtMax = 500;

/** Of one folder's source files, and of the folders in it. */
const listedMax = 1000;

/** What stands directly in a folder and may be read or looked into: absolute paths, sorted by name. */
export interface Listing {
  readonly sources: readonly string[];
  readonly folders: readonly string[];
}

/** What is known of the files' places and rules, until some come or go. */
export class Layout {
  readonly rules: readonly IgnoreRules[];
  readonly typescript: TypescriptResolver;
  readonly python: PythonResolver;
  readonly readable = new Map<string, boolean>();
  readonly names = new Map<string, string>();
  readonly resolutions = new Map<string, string | undefined>();
  readonly dependencies: Dependencies;
  private readonly listings = new Map<string, Listing>();
  /** Folders above what was found, and links. */
  private readonly ways = new Set<string>();

  constructor(
    readonly roots: readonly Root[],
    readonly environments: readonly string[],
    readonly exclude: Exclusion,
    private readonly disk: Disk,
  ) {
    const real = roots.map((root) => root.real);
    const from = exclude.from && disk.real(exclude.from);
    this.rules = real.map((root) => new IgnoreRules(root, disk, { ...exclude, from }));
    // What the user excludes is not built by that.
    this.typescript = new TypescriptResolver(disk, exclude.patterns.length > 0 ? real.map((root) => new IgnoreRules(root, disk)) : this.rules);
    this.python = new PythonResolver(disk, this.rules.filter((_, i) => !roots[i].isLoose));
    this.dependencies = new Dependencies(real, environments, disk, this.typescript, this.python);
  }

  /** Of the innermost root that holds the path. */
  rulesFor(path: string): IgnoreRules | undefined {
    let best: IgnoreRules | undefined;
    for (const rules of this.rules) if (path !== rules.root && isInside(rules.root, path) && rules.root.length >= (best?.root.length ?? 0)) best = rules;
    return best;
  }

  /** Whether somebody tells of changes in the path's root: of a folder that is no project's nobody does. */
  isWatched(path: string): boolean {
    const root = this.rulesFor(path)?.root;
    return this.roots.some(({ real, isLoose }) => real === root && !isLoose && isProject(real));
  }

  /** Of a root or a folder in one. */
  listing(folder: string): Listing {
    let kept = this.listings.get(folder);
    if (!kept) {
      const rules = this.rulesFor(join(folder, 'x'));
      const entries = (rules && this.disk.list(folder)) ?? [];
      for (const entry of entries) if (entry.isSymbolicLink()) this.ways.add(join(folder, entry.name));
      const sources = pathsOf(folder, entries.filter((entry) => entry.isFile() && isSource(entry.name)));
      const folders = pathsOf(folder, entries.filter((entry) => entry.isDirectory()));
      kept = {
        sources: first(listedMax, sources, (path) => !isSecret(path) && !rules?.ignores(path, false)),
        folders: first(listedMax, folders, (path) => !isSecretFolder(path) && !rules?.ignores(path, true)),
      };
      this.listings.set(folder, kept);
    }
    return kept;
  }

  /** Whether the file stood on disk when it was last looked for; undefined where nobody did. */
  stood(path: string): boolean | undefined {
    const known = this.readable.get(path);
    const sources = this.listings.get(dirname(path))?.sources;
    if (known !== undefined || !sources) return known;
    return sources.includes(path) || (sources.length < listedMax ? false : undefined);
  }

  /** Of a file that was looked for. */
  found(path: string, isReadable: boolean): void {
    this.readable.set(path, isReadable);
    for (let folder = dirname(path); isReadable && !this.ways.has(folder); folder = dirname(folder)) this.ways.add(folder);
  }

  /** Whether anything in the folder was found, or the path was listed as a link. */
  holds(path: string): boolean {
    return this.ways.has(path);
  }
}

/** The first that `isWanted`, and no look at more. */
function first(count: number, paths: readonly string[], isWanted: (path: string) => boolean): string[] {
  const found: string[] = [];
  for (const path of paths) if (found.length < count && isWanted(path)) found.push(path);
  return found;
}

const pathsOf = (folder: string, entries: readonly Dirent[]): string[] => entries.map(({ name }) => name).sort((a, b) => (a < b ? -1 : 1)).map((name) => join(folder, name));

export class Snapshot {
  constructor(
    private readonly shared: Shared,
    private readonly layout: Layout,
    private readonly overlay: Overlay,
    private readonly changes: ReadonlyMap<string, number>,
    private readonly touched: readonly string[],
  ) {}

  /** Declaration files and stubs of installed packages, and sources of Python's: resolve there first, then read. */
  readonly dependencies: InstalledModules = {
    read: (path) => this.installed(path)?.text,
    outline: (path) => this.outlineOf(path, this.installed(path)),
    resolveSpecifier: (path, specifier) => this.layout.dependencies.specifier(this.canonical(path), specifier),
    resolveModule: (path, specifier) => {
      const known = this.canonical(path);
      return this.layout.dependencies.module(known, specifier, this.layout.rulesFor(known)?.root);
    },
    submodule: (parent, name) => this.layout.dependencies.submodule(parent, name),
  };

  /** The roots' real paths. */
  get roots(): readonly string[] {
    return this.layout.roots.map((root) => root.real);
  }

  /** The form in which this snapshot knows `path` (absolute): its root's symbolic links taken out. */
  canonical(path: string): string {
    return canonicalPath(this.layout.roots, path);
  }

  /** Readable files that are open or were edited, the last one touched first. */
  recent(): readonly string[] {
    return this.touched.filter((path) => this.isReadable(path));
  }

  isOpen(path: string): boolean {
    return this.overlay.has(this.canonical(path));
  }

  /** Absolute paths of the readable files of these names that stand directly in `folder`, sorted by name. */
  filesIn(folder: string, isWanted: (name: string) => boolean): readonly string[] {
    const known = this.canonical(folder);
    const entries = (this.shared.disk.list(known) ?? []).filter((entry) => entry.isFile() && isWanted(entry.name));
    return pathsOf(known, entries).filter((path) => this.isReadable(path));
  }

  /** Source files and folders in `folder`, a root or inside one: as they stood when somebody last asked, until files come or go. */
  listing(folder: string): Listing {
    return this.layout.listing(this.canonical(folder));
  }

  /** Readable files, in no order, that import `path` by name: of those that were outlined by now. */
  importersOf(path: string): readonly string[] {
    const known = this.canonical(path);
    const found = new Set<string>();
    let looked = 0;
    for (const { path: importer, requests } of this.shared.importers.candidates(known, this.packageName(known))) {
      if ((looked += 1) > importersLookedAtMax) break;
      if (this.isReadable(importer) && requests.some((request) => this.leadsTo(importer, request, known))) found.add(importer);
    }
    return [...found];
  }

  /** Text of a readable file of any language, its open buffer before the disk; of a template of environment variables, the names. */
  read(path: string): string | undefined {
    return this.readable(this.canonical(path))?.text;
  }

  /** The text that is completed in: any open buffer, and else what `read` gives. */
  own(path: string): string | undefined {
    return this.buffer(this.canonical(path))?.text;
  }

  /** Of what `own` gives, undefined where there is none or it has no outline. */
  outline(path: string): Outline | undefined {
    const known = this.canonical(path);
    const buffer = this.buffer(known);
    const outline = this.outlineOf(known, buffer);
    if (buffer && outline) this.shared.importers.note(known, buffer.digest, outline);
    return outline;
  }

  private outlineOf(known: string, buffer: Buffer | undefined): Outline | undefined {
    if (!buffer || !isSource(known)) return undefined;
    const key = `${known.slice(known.lastIndexOf('.'))}:${buffer.digest}`;
    const kept = this.shared.outlines.get(key);
    if (kept) return kept.outline;
    const stored = this.shared.known(known, buffer.digest);
    // Of what is open each version is another: they would drive out what is known of the disk.
    if (stored === undefined && this.overlay.get(known) === buffer) return this.shared.open.of(known, buffer.text);
    const outline = stored === undefined ? this.shared.parse(known, buffer.text) : (stored ?? undefined);
    this.shared.outlines.set(key, { outline, bytes: 1000 + 4 * buffer.text.length });
    return outline;
  }

  /** The whole file's pieces; none for what neither `read` nor `dependencies.read` gives. */
  pieces(path: string, form: SegmentForm): readonly Piece[] {
    const known = this.canonical(path);
    const buffer = this.readable(known) ?? this.installed(known);
    if (!buffer) return [];
    const name = this.nameOf(known);
    const { digest } = buffer;
    const key = `${form}:${known}`;
    let kept = this.shared.pieces.get(key);
    if (kept?.digest !== digest || kept.name !== name) {
      const pieces = piecesOf(name, buffer.text, this.outlineOf(known, buffer), form);
      kept = { digest, name, pieces, bytes: 1000 + 4 * buffer.text.length };
      this.shared.pieces.set(key, kept);
    }
    return kept.pieces;
  }

  /** A readable source file's passages, import blocks apart, with their words. Unless it is open, a long file is cut unparsed and a packed one has none. `knownOnly`: undefined where that is work to be done. */
  wordedPieces(path: string, knownOnly: boolean): readonly WordedPiece[] | undefined {
    const known = this.canonical(path);
    let kept = this.shared.worded.get(known);
    if (knownOnly && !kept) return undefined;
    const isOpen = this.overlay.has(known);
    const { text, digest } = this.readable(known) ?? { text: '', digest: '' };
    if (kept?.digest !== digest || (kept.isUnparsed && isOpen)) {
      if (knownOnly) return undefined;
      const isUnparsed = !isOpen && (text.length > unaskedBytesMax || !isWrittenByHand(text));
      const whole = isUnparsed ? this.unparsedPassages(known, text) : this.pieces(known, 'passage');
      const pieces = whole.filter((piece) => !piece.isImports).map((piece) => ({ piece, bag: bagOf(piece.segment.text) }));
      kept = { digest, isUnparsed, pieces, bytes: 500 + pieces.reduce((sum, { bag }) => sum + 40 * bag.times.size, 0) };
      this.shared.worded.set(known, kept);
    }
    return kept.pieces;
  }

  private unparsedPassages(known: string, text: string): readonly Piece[] {
    return isWrittenByHand(text) ? piecesOf(this.nameOf(known), text, undefined, 'passage') : [];
  }

  /** Whether the file's text may become context: inside a root, not ignored, not secret, no link that leads out; on disk or open. */
  isReadable(path: string): boolean {
    const known = this.canonical(path);
    if (isSecret(known)) return false;
    let answer = this.layout.readable.get(known);
    if (answer === undefined) {
      answer = this.isAllowed(known) && this.shared.disk.real(known) === known && this.shared.disk.isFile(known);
      this.layout.found(known, answer);
    }
    return answer || (this.overlay.has(known) && this.isAllowed(known) && this.shared.disk.real(known) === undefined);
  }

  /** By the rules alone; `path` as the disk lists it below a root. */
  isIgnored(path: string, isFolder: boolean): boolean {
    return this.layout.rulesFor(path)?.ignores(path, isFolder) ?? true;
  }

  private isAllowed(known: string): boolean {
    return !this.isIgnored(known, false);
  }

  /** The file's path from its repository's root, with forward slashes: what the model is told. */
  nameOf(path: string): string {
    const known = this.canonical(path);
    const folder = dirname(known);
    let root = this.layout.dependencies.baseOf(known) ?? this.layout.names.get(folder);
    if (root === undefined) {
      const rules = this.layout.rulesFor(known);
      root = rules ? namingRoot(folder, rules, this.shared.disk) : folder;
      this.layout.names.set(folder, root);
    }
    return relativeName(root, known);
  }

  /** The readable source file that a TypeScript or JavaScript specifier in `path` names, or undefined. */
  resolveSpecifier(path: string, specifier: string): string | undefined {
    const known = this.canonical(path);
    const key = `${dirname(known)}\0${specifier}`;
    const { resolutions } = this.layout;
    if (!resolutions.has(key)) resolutions.set(key, this.layout.typescript.resolve(known, specifier));
    const found = resolutions.get(key);
    return found !== undefined && isSource(found) && this.isReadable(found) ? found : undefined;
  }

  /** The module that a Python name in `path` means; its file, if any, is readable. */
  resolveModule(path: string, specifier: string): PythonModule | undefined {
    const known = this.canonical(path);
    const root = this.layout.rulesFor(known)?.root ?? dirname(known);
    return this.withReadable(this.layout.python.resolve(known, specifier, root));
  }

  submodule(parent: PythonModule, name: string): PythonModule | undefined {
    return this.withReadable(this.layout.python.submodule(parent, name));
  }

  private leadsTo(importer: string, { specifier, names }: ImportRequest, known: string): boolean {
    const module = moduleOf(this, importer, specifier);
    return module !== undefined && (module.file === known || names.some((name) => this.submodule(module, name)?.file === known));
  }

  /** Of the package that holds the file. */
  private packageName(known: string): string | undefined {
    const root = this.layout.rulesFor(known)?.root;
    if (root === undefined) return undefined;
    for (let folder = dirname(known); ; folder = dirname(folder)) {
      const text = this.read(join(folder, 'package.json'));
      if (text !== undefined) return namedIn(text);
      if (folder === root) return undefined;
    }
  }

  private withReadable(module: PythonModule | undefined): PythonModule | undefined {
    if (module?.file === undefined || this.isReadable(module.file)) return module;
    return module.folder === undefined ? undefined : { folder: module.folder };
  }

  private buffer(known: string): Buffer | undefined {
    const open = this.overlay.get(known);
    if (open || !this.isReadable(known)) return open;
    return isSource(known) && this.layout.isWatched(known) ? this.onDisk(known, String(this.changes.get(known) ?? 0)) : this.stamped(known);
  }

  private readable(known: string): Buffer | undefined {
    const buffer = this.isReadable(known) ? this.buffer(known) : undefined;
    // The disk's bound holds for what is open, too: it is completed in, but nobody else's context.
    if (!buffer || buffer.text.length > fileBytesMax || holdsKey(known, buffer.text)) return undefined;
    if (!isEnvExample(known)) return buffer;
    const text = envNames(buffer.text);
    return { text, digest: digestOf(text) };
  }

  private installed(path: string): Buffer | undefined {
    return this.layout.dependencies.baseOf(path) === undefined ? undefined : this.stamped(path);
  }

  /** What is not watched: its stamp says whether it is still the same. It may have become a link since it was looked for. */
  private stamped(path: string): Buffer | undefined {
    const { disk } = this.shared;
    const stamp = disk.real(path) === path ? disk.stamp(path) : undefined;
    return stamp && this.onDisk(path, `${stamp.mtimeMs}:${stamp.size}`);
  }

  private onDisk(known: string, version: string): Buffer | undefined {
    const key = `${known}\0${version}`;
    let kept = this.shared.texts.get(key);
    if (!kept) {
      const reading = this.shared.disk.read(known);
      kept = 'text' in reading ? { text: reading.text, digest: digestOf(reading.text) } : reading;
      // What cannot be read now may be in a moment, and nothing tells.
      if (!('leftOut' in kept) || kept.leftOut !== 'unreadable') this.shared.texts.set(key, kept);
    }
    return 'text' in kept ? kept : undefined;
  }
}

/** A package.json's own name. */
function namedIn(text: string): string | undefined {
  const name = manifestOf(text)?.name;
  return typeof name === 'string' ? name : undefined;
}

/** `path` with the real path of the root that holds it in the place of the given one. */
export function canonicalPath(roots: readonly Root[], path: string): string {
  for (const root of roots) {
    if (isInside(root.given, path)) return join(root.real, path.slice(root.given.length));
  }
  return path;
}
