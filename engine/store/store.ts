// The segment store: entries of bytes under digests, in immutable packs that several processes write side by side without locks.
// Refuses to know what the bytes mean, and to lie: it may lose anything, but what it returns is what was put.
import { randomBytes } from 'node:crypto';
import { mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../../base/assert.js';
import { systemClock, type Clock } from '../../base/clock.js';
import { explainSystemError, systemCode } from '../../base/errors.js';
import type { StoreStats } from '../types.js';
import { recordBytes, trailerBytes, headBytes, type Directory } from './format.js';
import { isLeftover, listFolder, removeFile, syncFolder } from './folder.js';
import { checkPack, PackWriter, readDirectory, readEntry, systemWrite, type StoredEntry, type Write } from './pack.js';

export type { StoredEntry } from './pack.js';

export interface StoreOptions {
  /** Over all files of the folder, packs being written included. */
  readonly bytesMax: number;
  /** A pack is sealed when it reaches this, so that a kill loses no more. */
  readonly packBytesMax?: number;
  /** Never evict a pack that holds what this run wrote or found (`kedge index` relies on it); false for a daemon that runs for weeks. */
  readonly protectOwn?: boolean;
  readonly clock?: Clock;
  readonly random?: (length: number) => Buffer;
  readonly write?: Write;
}

export interface VerifyReport {
  readonly packs: number;
  readonly entries: number;
  readonly bytes: number;
  /** Files whose bytes are not what was written, or that are not the store's. */
  readonly damaged: { readonly file: string; readonly reason: string }[];
}

/** A sealed pack as this process knows it; one that cannot be read has an empty directory. */
interface Pack {
  readonly name: string;
  readonly bytes: number;
  readonly directory: Directory;
  /** Milliseconds since 1970, kept as the file's modification time. */
  usedMs: number;
}

const packBytesDefault = 16 * 1024 * 1024;
/** How old this process's view of the folder may be before a miss looks again. */
const scanMs = 2000;
/** A pack's time of last use is written at most this often. */
const touchMs = 60_000;
/** Packs under a quarter of the full size count as small; this many of them are made one. */
const packsSmallMax = 32;

const keyPattern = /^[0-9a-f]{64}$/;

export class SegmentStore {
  private readonly packs = new Map<string, Pack>();
  /** Keys that this run wrote or found. */
  private readonly ownKeys = new Set<string>();
  private writer: PackWriter | undefined;
  private scannedMs = -Infinity;
  /** Of sealed packs and other writers' files aside. */
  private bytesElsewhere = 0;

  private constructor(
    private readonly dir: string,
    private readonly options: Required<StoreOptions>,
  ) {}

  /** Creates the folder where there is none, and removes what dead writers left. Throws a UserError when the folder cannot be created or read. */
  static open(dir: string, options: StoreOptions): SegmentStore {
    const store = new SegmentStore(dir, { packBytesMax: packBytesDefault, protectOwn: true, clock: systemClock, random: randomBytes, write: systemWrite, ...options });
    try {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      store.removeLeftovers();
      store.scan();
    } catch (error) {
      throw explainSystemError(error, `the segment store ${dir}`);
    }
    return store;
  }

  /** Whether `key` (SHA-256, hex) is known; its bytes are only checked when they are read. Counts as a use. */
  has(key: string): boolean {
    assert(keyPattern.test(key), 'a key is a SHA-256 in hex');
    if (this.writer?.directory.has(key)) return true;
    const pack = this.find(key);
    if (pack) this.use(pack, key);
    return pack !== undefined;
  }

  /** An entry's meta and its first `blocksMax` blocks, each checked, as views aligned to 8 bytes on one buffer; undefined for whatever is not there whole. */
  get(key: string, blocksMax = Infinity): StoredEntry | undefined {
    assert(keyPattern.test(key), 'a key is a SHA-256 in hex');
    const place = this.writer?.directory.get(key);
    if (place) {
      const entry = this.writer!.read(place, blocksMax);
      if (typeof entry !== 'string') return entry;
      this.writer!.directory.delete(key);
    }
    for (let pack = this.find(key); pack; pack = this.find(key)) {
      const entry = readEntry(join(this.dir, pack.name), pack.directory.get(key)!, blocksMax);
      if (typeof entry !== 'string') {
        this.use(pack, key);
        return entry;
      }
      // Each turn forgets a place, so the loop ends; a pack that vanished may have been merged into another.
      pack.directory.delete(key);
      if (entry === 'gone') {
        this.packs.delete(pack.name);
        this.scan();
      }
    }
    return undefined;
  }

  /** Keeps an entry, gettable by this process at once and by others when its pack is sealed; 'full' when it finds no room and nothing may be evicted. Throws a UserError when the disk is full. */
  put(entry: { key: string; meta: Uint8Array; blocks: readonly Uint8Array[] }): 'stored' | 'full' {
    if (this.has(entry.key)) return 'stored';
    const partCount = 1 + entry.blocks.length;
    const bytes = recordBytes(partCount) + [entry.meta, ...entry.blocks].reduce((sum, part) => sum + part.byteLength + 7, 0);
    const overheadBytes = this.writer ? 0 : headBytes + trailerBytes;
    if (!this.makeRoom(bytes + overheadBytes)) return 'full';
    this.explain(() => {
      this.writer ??= new PackWriter(this.dir, this.options.write, this.options.random);
      this.writer.add(entry.key, entry.meta, entry.blocks);
    });
    this.ownKeys.add(entry.key);
    if (this.writer!.bytes >= this.options.packBytesMax) this.flush();
    return 'stored';
  }

  /** Seals what was put, so that it outlives this process and others see it. Throws a UserError when the disk is full; nothing is lost then. */
  flush(): void {
    if (!this.writer) return;
    this.seal(this.writer, this.options.clock.wallMs());
    this.writer = undefined;
    this.scan();
    this.compact();
  }

  stats(): StoreStats {
    const keys = new Set(this.writer?.directory.keys());
    for (const pack of this.packs.values()) for (const key of pack.directory.keys()) keys.add(key);
    return { dir: this.dir, entries: keys.size, packs: this.packs.size, bytes: this.bytes, bytesMax: this.options.bytesMax };
  }

  /** Reads every byte from disk and checks it; a pack that vanishes meanwhile is no fault. */
  verify(): VerifyReport {
    const keys = new Set<string>();
    const damaged: { file: string; reason: string }[] = [];
    let packs = 0;
    let bytes = 0;
    for (const file of listFolder(this.dir)) {
      if (file.kind === 'foreign') damaged.push({ file: file.name, reason: 'is not of the store\'s making' });
      if (file.kind !== 'pack') continue;
      const checked = this.check(file.name);
      if (!checked) continue;
      packs += 1;
      bytes += file.bytes;
      if (typeof checked === 'string') damaged.push({ file: file.name, reason: checked });
      else for (const key of checked.keys()) keys.add(key);
    }
    return { packs, entries: keys.size, bytes, damaged };
  }

  /** Removes every pack, what this run has put and what dead writers left; other writers' open packs and foreign files stay. Returns the bytes freed. */
  clear(): number {
    this.scan();
    const bytesBefore = this.bytes;
    this.writer?.abandon();
    this.writer = undefined;
    for (const name of this.packs.keys()) removeFile(this.dir, name);
    this.removeLeftovers();
    this.scan();
    return bytesBefore - this.bytes;
  }

  private get bytes(): number {
    return this.bytesElsewhere + (this.writer?.bytes ?? 0);
  }

  /** A pack that holds `key`; looks at the folder again before it says no, though not often. */
  private find(key: string): Pack | undefined {
    return this.findKnown(key) ?? (this.options.clock.nowMs() - this.scannedMs >= scanMs ? (this.scan(), this.findKnown(key)) : undefined);
  }

  private findKnown(key: string): Pack | undefined {
    for (const pack of this.packs.values()) if (pack.directory.has(key)) return pack;
    return undefined;
  }

  /** Brings this process's view of the folder up to date; reads only packs it has not seen. */
  private scan(): void {
    this.scannedMs = this.options.clock.nowMs();
    const gone = new Set(this.packs.keys());
    this.bytesElsewhere = 0;
    for (const file of listFolder(this.dir)) {
      if (file.kind === 'foreign' || file.name === this.writer?.asideName) continue;
      this.bytesElsewhere += file.bytes;
      if (file.kind === 'aside') continue;
      gone.delete(file.name);
      const known = this.packs.get(file.name);
      if (known) known.usedMs = file.modifiedMs;
      else this.packs.set(file.name, { name: file.name, bytes: file.bytes, directory: this.directoryOf(file.name), usedMs: file.modifiedMs });
    }
    for (const name of gone) this.packs.delete(name);
  }

  private directoryOf(name: string): Directory {
    try {
      const directory = readDirectory(join(this.dir, name));
      return typeof directory === 'string' ? new Map() : directory;
    } catch {
      return new Map();
    }
  }

  private check(name: string): Directory | string | undefined {
    try {
      return checkPack(join(this.dir, name));
    } catch (error) {
      return systemCode(error) === 'ENOENT' ? undefined : 'cannot be read';
    }
  }

  private use(pack: Pack, key: string): void {
    this.ownKeys.add(key);
    const wallMs = this.options.clock.wallMs();
    if (wallMs - pack.usedMs >= touchMs) this.touch(pack.name, (pack.usedMs = wallMs));
  }

  private touch(name: string, wallMs: number): void {
    try {
      utimesSync(join(this.dir, name), wallMs / 1000, wallMs / 1000);
    } catch {
      // Another process evicted it, or the folder is read-only: the time of last use is worth no more than that.
    }
  }

  /** Seals a writer's pack; its time of last use is `usedMs`. */
  private seal(writer: PackWriter, usedMs: number): void {
    this.explain(() => {
      const name = writer.seal();
      if (!name) return;
      this.touch(name, usedMs);
      syncFolder(this.dir);
    });
  }

  /** Evicts the packs used longest ago until `bytes` more find room; evicts none when that would not do. */
  private makeRoom(bytes: number): boolean {
    const { bytesMax, protectOwn } = this.options;
    if (this.bytes + bytes <= bytesMax) return true;
    this.scan();
    const evictable = [...this.packs.values()].filter((pack) => !protectOwn || !this.holdsOwn(pack)).sort((a, b) => a.usedMs - b.usedMs);
    const bytesEvictable = evictable.reduce((sum, pack) => sum + pack.bytes, 0);
    if (this.bytes - bytesEvictable + bytes > bytesMax) return false;
    for (const pack of evictable) {
      if (this.bytes + bytes <= bytesMax) break;
      this.remove(pack);
    }
    return this.bytes + bytes <= bytesMax;
  }

  private holdsOwn(pack: Pack): boolean {
    for (const key of pack.directory.keys()) if (this.ownKeys.has(key)) return true;
    return false;
  }

  private remove(pack: Pack): void {
    if (!removeFile(this.dir, pack.name)) return;
    this.packs.delete(pack.name);
    this.bytesElsewhere -= pack.bytes;
  }

  /** Makes one pack of many small ones, those used longest ago first, at most one full pack at a time. A kill between leaves entries twice, never none. */
  private compact(): void {
    const { packBytesMax, bytesMax } = this.options;
    const small = [...this.packs.values()].filter((pack) => pack.directory.size > 0 && pack.bytes < packBytesMax / 4);
    if (small.length < packsSmallMax) return;
    small.sort((a, b) => a.usedMs - b.usedMs);
    const merged: Pack[] = [];
    let bytes = 0;
    for (const pack of small) {
      if (bytes >= packBytesMax) break;
      merged.push(pack);
      bytes += pack.bytes;
    }
    if (this.bytes + bytes > bytesMax) return;
    this.explain(() => {
      const writer = new PackWriter(this.dir, this.options.write, this.options.random);
      try {
        for (const pack of merged) {
          for (const [key, place] of pack.directory) {
            const entry = writer.directory.has(key) ? undefined : readEntry(join(this.dir, pack.name), place, Infinity);
            if (entry && typeof entry !== 'string') writer.add(key, entry.meta, entry.blocks);
          }
        }
        this.seal(writer, Math.max(...merged.map((pack) => pack.usedMs)));
      } catch (error) {
        writer.abandon();
        throw error;
      }
    });
    for (const pack of merged) this.remove(pack);
    this.scan();
  }

  private removeLeftovers(): void {
    const wallMs = this.options.clock.wallMs();
    for (const file of listFolder(this.dir)) if (isLeftover(file, wallMs)) removeFile(this.dir, file.name);
  }

  private explain(run: () => void): void {
    try {
      run();
    } catch (error) {
      throw explainSystemError(error, `the segment store ${this.dir}`);
    }
  }
}
