// Outlines that survive a restart: one file for each workspace root in the user's cache, a line for each source file.
// Refuses to trust it: what is damaged, foreign or of another version is as if it had never been written.
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readSync, renameSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';
import { asideOf, sweepAsides } from '../base/aside.js';
import { digestOf } from '../base/digest.js';
import { unbroken } from '../base/exit-lock.js';
import { isInside } from '../base/inside.js';
import { packageVersion } from '../base/package.js';
import type { FileStamp } from './disk.js';
import type { Outline } from './outline.js';

const formatVersion = 5;
/** Read or written at once. */
const chunkBytes = 1 << 18;
const suffix = '.outlines';
/** A root that was not opened for so long is forgotten. */
const unusedMsMax = 60 * 24 * 3600 * 1000;
/** A longer line is damage. */
const lineBytesMax = 8 << 20;

interface Entry {
  readonly stamp: FileStamp;
  /** Of the file's text. */
  readonly digest: string;
  /** The line: where it stands in the file, or itself where it was not written yet. */
  readonly line: { readonly start: number; readonly bytes: number } | string;
}

export class OutlineStore {
  /** By path relative to the root. */
  private entries = new Map<string, Entry>();
  private file: number | undefined;
  private readonly path: string;
  private readonly header: string;
  private unwritten = 0;

  /** `root`: a real path. Nothing is read yet. */
  constructor(
    dir: string,
    readonly root: string,
  ) {
    const name = digestOf(root).slice(0, 32);
    this.path = join(dir, `${name}${suffix}`);
    this.header = JSON.stringify(['kedge outlines', formatVersion, packageVersion(), name]);
  }

  /** Size of the outlines that would be lost now. */
  get charsUnwritten(): number {
    return this.unwritten;
  }

  holds(path: string): boolean {
    return isInside(this.root, path);
  }

  /** Reads what is there, calling `pause` now and then; newer entries stay. What nobody needs any more in the folder is deleted. */
  async load(pause: () => Promise<void>): Promise<void> {
    try {
      this.file = openSync(this.path, 'r');
      utimesSync(this.path, new Date(), new Date());
    } catch {
      // Not there yet, or not ours.
    }
    tidy(dirname(this.path), Date.now());
    if (this.file === undefined) return;
    let start = 0;
    for (const line of linesOf(this.file)) {
      if (typeof line !== 'string') {
        await pause();
        continue;
      }
      if (start === 0 && line !== this.header) break;
      const bytes = Buffer.byteLength(line);
      const entry = start === 0 ? undefined : entryOf(line);
      if (entry && !this.entries.has(entry.path)) this.entries.set(entry.path, { stamp: entry.stamp, digest: entry.digest, line: { start, bytes } });
      start += bytes + 1;
    }
  }

  /** The digest of the text that the file had when it bore `stamp`, if its outline is known. */
  digestAt(path: string, stamp: FileStamp): string | undefined {
    const entry = this.entries.get(this.key(path));
    return entry && entry.stamp.mtimeMs === stamp.mtimeMs && entry.stamp.size === stamp.size ? entry.digest : undefined;
  }

  /** The outline of the file's text with this digest; undefined where it is not known, null where there is none. */
  get(path: string, digest: string): Outline | null | undefined {
    const key = this.key(path);
    const entry = this.entries.get(key);
    if (entry?.digest !== digest) return undefined;
    const line = entryOf(this.lineOf(entry));
    const outline = line?.path === key && line.digest === digest ? line.outline() : undefined;
    if (outline === undefined) this.entries.delete(key);
    return outline;
  }

  put(path: string, stamp: FileStamp, digest: string, outline: Outline | undefined): void {
    const key = this.key(path);
    const line = JSON.stringify([key, stamp.mtimeMs, stamp.size, digest, unbroken(() => deflateSync(JSON.stringify(outline ?? null), { level: 1 })).toString('base64')]);
    this.entries.set(key, { stamp, digest, line });
    this.unwritten += line.length;
  }

  /** Writes all entries, or those of `paths` alone, aside and renames; false where that failed: then the old file stays. */
  async save(paths: ReadonlySet<string> | undefined, pause: () => Promise<void>): Promise<boolean> {
    const aside = asideOf(this.path);
    const written = new Map<string, Entry>();
    let file: number | undefined;
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      file = openSync(aside, 'wx+', 0o600);
      let start = writeSync(file, `${this.header}\n`);
      for (const [key, entry] of [...this.entries]) {
        if (paths && !paths.has(join(this.root, key))) continue;
        const line = this.lineOf(entry);
        const bytes = writeSync(file, `${line}\n`) - 1;
        written.set(key, { ...entry, line: { start, bytes } });
        start += bytes + 1;
        if (written.size % 64 === 0) await pause();
      }
      renameSync(aside, this.path);
    } catch {
      if (file !== undefined) {
        closeSync(file);
        rmSync(aside, { force: true });
      }
      return false;
    }
    const newer = [...this.entries].filter(([key, entry]) => typeof entry.line === 'string' && written.get(key)?.digest !== entry.digest);
    this.close();
    this.file = file;
    this.entries = new Map([...written, ...newer]);
    this.unwritten = newer.reduce((sum, [, { line }]) => sum + (typeof line === 'string' ? line.length : 0), 0);
    return true;
  }

  close(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }

  private key(path: string): string {
    return relative(this.root, path);
  }

  private lineOf({ line }: Entry): string {
    if (typeof line === 'string') return line;
    const buffer = Buffer.alloc(line.bytes);
    if (this.file !== undefined) readSync(this.file, buffer, 0, line.bytes, line.start);
    return buffer.toString('utf8');
  }
}

/** As far as that can be done. */
function tidy(dir: string, wallMs: number): void {
  sweepAsides(dir, wallMs);
  try {
    for (const path of readdirSync(dir).filter((name) => name.endsWith(suffix)).map((name) => join(dir, name))) {
      const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: wallMs };
      if (wallMs - mtimeMs > unusedMsMax) rmSync(path);
    }
  } catch {
    // No such folder, or somebody else is faster.
  }
}

/** Undefined between chunks. */
function* linesOf(file: number): Iterable<string | undefined> {
  const { size } = fstatSync(file);
  const chunk = Buffer.alloc(chunkBytes);
  let left = Buffer.alloc(0);
  for (let at = 0; at < size; ) {
    const got = readSync(file, chunk, 0, chunkBytes, at);
    if (got === 0) return;
    at += got;
    let bytes = Buffer.concat([left, chunk.subarray(0, got)]);
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10)) {
      yield bytes.toString('utf8', 0, end);
      bytes = bytes.subarray(end + 1);
    }
    if (bytes.byteLength > lineBytesMax) return;
    left = Buffer.from(bytes);
    yield undefined;
  }
}

/** Undefined for a line that is none of ours. */
function entryOf(line: string): { path: string; stamp: FileStamp; digest: string; outline(): Outline | null | undefined } | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!Array.isArray(fields)) return undefined;
  const [path, mtimeMs, size, digest, packed] = fields as unknown[];
  if (typeof path !== 'string' || typeof mtimeMs !== 'number' || typeof size !== 'number' || typeof digest !== 'string' || typeof packed !== 'string') return undefined;
  return { path, stamp: { mtimeMs, size }, digest, outline: () => unpacked(packed) };
}

/** The checksum inside tells damage. */
function unpacked(packed: string): Outline | null | undefined {
  try {
    return JSON.parse(unbroken(() => inflateSync(Buffer.from(packed, 'base64'))).toString('utf8')) as Outline | null;
  } catch {
    return undefined;
  }
}
