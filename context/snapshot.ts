// The repository as it stood after one batch of changes: text, outline and resolution of any file, made when first asked for.
// Refuses to change, and refuses every path that may not be read: outside the roots, ignored, secret, or by a symlink that leads out.
import { dirname, sep } from 'node:path';
import { digestOf } from '../base/digest.js';
import type { ByteLru } from '../base/lru.js';
import type { Disk } from './disk.js';
import { IgnoreRules } from './ignore-rules.js';
import { PythonResolver, type PythonModule } from './languages/resolve-python.js';
import { TypescriptResolver } from './languages/resolve-typescript.js';
import { namingRoot, relativeName } from './naming.js';
import type { Outline } from './outline.js';
import type { Buffer, Overlay } from './overlay.js';
import { isSource, outlineOf } from './parse.js';
import { isSecret } from './secrets.js';
import { piecesOf, type Piece, type SegmentForm } from './segments.js';

export interface Root {
  /** As it was given. */
  readonly given: string;
  /** Without symbolic links: the form of every path inside context. */
  readonly real: string;
}

/** What snapshots share: everything here is keyed by content, or thrown away when files come, go or change their rules. */
export interface Shared {
  readonly disk: Disk;
  /** Keyed by path and how often the path changed on disk. */
  readonly texts: ByteLru<string, Buffer>;
  /** Keyed by language-bearing path and text digest. */
  readonly outlines: ByteLru<string, { readonly outline: Outline | undefined; readonly bytes: number }>;
  /** Keyed by form, name from the repository's root and text digest. */
  readonly pieces: ByteLru<string, { readonly pieces: readonly Piece[]; readonly bytes: number }>;
}

/** What is known of the files' places and rules, until some come or go. */
export class Layout {
  readonly rules: readonly IgnoreRules[];
  readonly typescript: TypescriptResolver;
  readonly python: PythonResolver;
  readonly readable = new Map<string, boolean>();
  readonly names = new Map<string, string>();
  readonly resolutions = new Map<string, string | undefined>();

  constructor(
    readonly roots: readonly Root[],
    disk: Disk,
  ) {
    this.rules = roots.map((root) => new IgnoreRules(root.real, disk));
    this.typescript = new TypescriptResolver(disk);
    this.python = new PythonResolver(disk);
  }
}

export class Snapshot {
  constructor(
    private readonly shared: Shared,
    private readonly layout: Layout,
    private readonly overlay: Overlay,
    private readonly changes: ReadonlyMap<string, number>,
  ) {}

  /** The roots' real paths. */
  get roots(): readonly string[] {
    return this.layout.roots.map((root) => root.real);
  }

  /** The form in which this snapshot knows `path` (absolute): its root's symbolic links taken out. */
  canonical(path: string): string {
    return canonicalPath(this.layout.roots, path);
  }

  /** Text of an open buffer or of a readable source file on disk; undefined for anything else. */
  read(path: string): string | undefined {
    return this.buffer(this.canonical(path))?.text;
  }

  /** Of what `read` gives, undefined where there is none or it has no outline. */
  outline(path: string): Outline | undefined {
    const known = this.canonical(path);
    const buffer = this.buffer(known);
    if (!buffer || !isSource(known)) return undefined;
    const key = `${known.slice(known.lastIndexOf('.'))}:${buffer.digest}`;
    let kept = this.shared.outlines.get(key);
    if (!kept) {
      const outline = outlineOf(known, buffer.text);
      kept = { outline, bytes: 1000 + 4 * buffer.text.length };
      this.shared.outlines.set(key, kept);
    }
    return kept.outline;
  }

  /** The whole file's pieces; none for what `read` does not give. */
  pieces(path: string, form: SegmentForm): readonly Piece[] {
    const known = this.canonical(path);
    const buffer = this.buffer(known);
    if (!buffer) return [];
    const name = this.nameOf(known);
    const key = `${form}:${name}:${buffer.digest}`;
    let kept = this.shared.pieces.get(key);
    if (!kept) {
      const pieces = piecesOf(name, buffer.text, this.outline(known), form);
      kept = { pieces, bytes: 1000 + 4 * buffer.text.length };
      this.shared.pieces.set(key, kept);
    }
    return kept.pieces;
  }

  /** Whether the file's text may become context: a source file inside a root, not ignored, not secret, no link that leads out. */
  isReadable(path: string): boolean {
    const known = this.canonical(path);
    if (isSecret(known) || !isSource(known)) return false;
    let answer = this.layout.readable.get(known);
    if (answer === undefined) {
      const rules = this.rulesFor(known);
      answer = rules !== undefined && !rules.ignores(known, false) && this.shared.disk.real(known) === known && this.shared.disk.isFile(known);
      this.layout.readable.set(known, answer);
    }
    return answer;
  }

  /** The file's path from its repository's root, with forward slashes: what the model is told. */
  nameOf(path: string): string {
    const known = this.canonical(path);
    const folder = dirname(known);
    let root = this.layout.names.get(folder);
    if (root === undefined) {
      const rules = this.rulesFor(known);
      root = rules ? namingRoot(folder, rules, this.shared.disk) : folder;
      this.layout.names.set(folder, root);
    }
    return relativeName(root, known);
  }

  /** The readable file that a TypeScript or JavaScript specifier in `path` names, or undefined. */
  resolveSpecifier(path: string, specifier: string): string | undefined {
    const known = this.canonical(path);
    const key = `${dirname(known)}\0${specifier}`;
    const { resolutions } = this.layout;
    if (!resolutions.has(key)) resolutions.set(key, this.layout.typescript.resolve(known, specifier));
    const found = resolutions.get(key);
    return found !== undefined && this.isReadable(found) ? found : undefined;
  }

  /** The module that a Python name in `path` means; its file, if any, is readable. */
  resolveModule(path: string, specifier: string): PythonModule | undefined {
    const known = this.canonical(path);
    const root = this.rulesFor(known)?.root ?? dirname(known);
    return this.withReadable(this.layout.python.resolve(known, specifier, root));
  }

  submodule(parent: PythonModule, name: string): PythonModule | undefined {
    return this.withReadable(this.layout.python.submodule(parent, name));
  }

  private withReadable(module: PythonModule | undefined): PythonModule | undefined {
    if (module?.file === undefined || this.isReadable(module.file)) return module;
    return module.folder === undefined ? undefined : { folder: module.folder };
  }

  private rulesFor(known: string): IgnoreRules | undefined {
    let best: IgnoreRules | undefined;
    for (const rules of this.layout.rules) {
      if (known.startsWith(rules.root.endsWith(sep) ? rules.root : rules.root + sep) && rules.root.length >= (best?.root.length ?? 0)) best = rules;
    }
    return best;
  }

  private buffer(known: string): Buffer | undefined {
    const open = this.overlay.get(known);
    if (open) return open;
    if (!this.isReadable(known)) return undefined;
    const key = `${known}\0${this.changes.get(known) ?? 0}`;
    const kept = this.shared.texts.get(key);
    if (kept) return kept;
    const reading = this.shared.disk.read(known);
    if ('leftOut' in reading) return undefined;
    const buffer = { text: reading.text, digest: digestOf(reading.text) };
    this.shared.texts.set(key, buffer);
    return buffer;
  }
}

/** `path` with the real path of the root that holds it in the place of the given one. */
export function canonicalPath(roots: readonly Root[], path: string): string {
  for (const root of roots) {
    if (path === root.given) return root.real;
    if (path.startsWith(root.given.endsWith(sep) ? root.given : root.given + sep)) return root.real + path.slice(root.given.length);
  }
  return path;
}
