// The segment store: entries of bytes under digests, in immutable packs that several processes write side by side without locks.
// Refuses to know what the bytes mean, and to lie: it may lose anything, but what it returns is what was put.
import { randomBytes } from 'node:crypto';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { isLeftover } from '../../base/aside.js';
import { assert } from '../../base/assert.js';
import { systemClock, type Clock } from '../../base/clock.js';
import { explainSystemError } from '../../base/errors.js';
import { systemWrite, type Write } from '../../base/files.js';
import type { StoreStats } from '../types.js';
import { emptyPackBytes, entryBytes, layOutEntry, type Directory } from './format.js';
import { listFolder, removeFile } from './folder.js';
import { PackWriter, readDirectory, readEntry, type StoredEntry } from './pack.js';
import { verifyStore, type VerifyReport } from './verify.js';

export type { StoredEntry } from './pack.js';
export type { VerifyReport } from './verify.js';

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

/** A sealed pack as this process knows it; one that cannot be read has an empty directory. */
interface Pack {
  readonly name: string;
  readonly directory: Directory;
  readonly bytes: number;
  /** Milliseconds since 1970, kept as the file's modification time. */
  usedMs: number;
}

const packBytesDefault = 16 * 1024 * 1024;
/** How old this process's view of the folder may be before a lookup brings it up to date. */
const scanMs = 2000;
/** A pack's time of last use is written at most this often. */
const touchMs = 60_000;
/** Packs under a quarter of the full size count as small; this many of them are made one. */
const packsSmallMax = 32;
/** However little a store may hold, a pack is full when it takes this part of it: whole packs are evicted, and merging needs room for one. */
const fullPacksMin = 8;

const keyPattern = /^[0-9a-f]{64}$/;

export class SegmentStore {
  private readonly packs = new Map<string, Pack>();
  /** Keys that this run wrote or found, where these are protected. */
  private readonly ownKeys = new Set<string>();
  private writer: PackWriter | undefined;
  private scannedMs = -Infinity;
  /** Of sealed packs and other writers' files aside. */
  private bytesElsewhere = 0;

  private constructor(
    private readonly dir: string,
    private readonly options: Required<StoreOptions>,
  ) {}

  /** Removes what dead writers left and reads the packs' directories; the folder is created by the first put. Throws a UserError when it cannot be read. */
  static open(dir: string, options: StoreOptions): SegmentStore {
    const packBytesMax = Math.min(options.packBytesMax ?? packBytesDefault, Math.floor(options.bytesMax / fullPacksMin));
    const store = new SegmentStore(dir, { protectOwn: true, clock: systemClock, random: randomBytes, write: systemWrite, ...options, packBytesMax });
    try {
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

  /** An entry's meta and `blocksMax` of its blocks from `blockFirst` on, each checked, as views aligned to 8 bytes; undefined for whatever is not there whole. */
  get(key: string, blocksMax = Infinity, blockFirst = 0): StoredEntry | undefined {
    assert(keyPattern.test(key), 'a key is a SHA-256 in hex');
    const unsealed = this.writer?.read(key, blocksMax, blockFirst);
    if (unsealed) return unsealed;
    for (let pack = this.find(key); pack; pack = this.find(key)) {
      const entry = readEntry(join(this.dir, pack.name), pack.directory.get(key)!, blocksMax, blockFirst);
      if (typeof entry !== 'string') {
        this.use(pack, key);
        return entry;
      }
      // Each turn forgets a place, so the loop ends; a pack that vanished may have been merged into another.
      pack.directory.delete(key);
      if (entry === 'gone') {
        this.packs.delete(pack.name);
        this.refresh();
      }
    }
    return undefined;
  }

  /** Whether `put` would find room for an entry with meta and blocks of these lengths: before somebody computes it in vain. */
  hasRoom(pieces: readonly number[], needed: ReadonlySet<string>): boolean {
    return this.evictable(this.bytesToPut(pieces), needed) !== undefined;
  }

  /** Keeps an entry, gettable by this process at once and by others when its pack is sealed; 'full' when it finds no room and nothing may be evicted, packs that hold any of `needed` least of all. Throws a UserError when the disk is full. */
  put(entry: { key: string; meta: Uint8Array; blocks: readonly Uint8Array[] }, needed: ReadonlySet<string> = new Set()): 'stored' | 'full' {
    if (this.has(entry.key)) return 'stored';
    const pieces = [entry.meta, ...entry.blocks].map(({ byteLength }) => byteLength);
    if (!this.makeRoom(this.bytesToPut(pieces), needed)) return 'full';
    const laidOut = layOutEntry(entry.meta, entry.blocks);
    this.explain(() => {
      this.writer ??= new PackWriter(this.dir, this.options.write, this.options.random);
      this.writer.add(entry.key, laidOut);
    });
    this.protect(entry.key);
    if (this.writer!.bytes >= this.options.packBytesMax) this.flush(needed);
    return 'stored';
  }

  /** Seals what was put, so that it outlives this process and others see it; to be called before the process ends. Making one pack of many may evict others, those that hold any of `needed` never. Throws a UserError when the disk is full; nothing is lost then. */
  flush(needed: ReadonlySet<string> = new Set()): void {
    if (!this.writer) return;
    const writer = this.writer;
    this.explain(() => this.seal(writer, this.options.clock.wallMs()));
    this.writer = undefined;
    this.refresh();
    this.compact(needed);
  }

  stats(): StoreStats {
    const keys = new Set(this.writer?.directory.keys());
    for (const pack of this.packs.values()) for (const key of pack.directory.keys()) keys.add(key);
    return { dir: this.dir, entries: keys.size, packs: this.packs.size, bytes: this.bytes, bytesMax: this.options.bytesMax };
  }

  /** Reads every sealed byte from disk and says which files are not as they were written. */
  verify(): VerifyReport {
    return verifyStore(this.dir);
  }

  /** Removes every pack, what this run has put and what dead writers left; other writers' open packs and foreign files stay. Returns the bytes freed. */
  clear(): number {
    this.refresh();
    const bytesBefore = this.bytes;
    this.writer?.abandon();
    this.writer = undefined;
    this.ownKeys.clear();
    for (const name of this.packs.keys()) removeFile(this.dir, name);
    this.removeLeftovers();
    this.refresh();
    return bytesBefore - this.bytes;
  }

  private get bytes(): number {
    return this.bytesElsewhere + (this.writer?.bytes ?? 0);
  }

  /** A pack that holds `key`. There is no index over packs to keep consistent: a few hundred look-ups take microseconds. */
  private find(key: string): Pack | undefined {
    if (this.options.clock.nowMs() - this.scannedMs >= scanMs) this.refresh();
    for (const pack of this.packs.values()) if (pack.directory.has(key)) return pack;
    return undefined;
  }

  /** Brings this process's view of the folder up to date; reads only packs it has not seen. */
  private scan(): void {
    const files = listFolder(this.dir);
    const gone = new Set(this.packs.keys());
    this.bytesElsewhere = 0;
    for (const file of files) {
      if (file.kind === 'foreign' || file.name === this.writer?.asideName) continue;
      this.bytesElsewhere += file.bytes;
      if (file.kind === 'aside') continue;
      gone.delete(file.name);
      const directory = this.packs.get(file.name)?.directory ?? this.directoryOf(file.name);
      this.packs.set(file.name, { name: file.name, directory, bytes: file.bytes, usedMs: file.modifiedMs });
    }
    for (const name of gone) this.packs.delete(name);
    this.scannedMs = this.options.clock.nowMs();
  }

  /** A scan whose failing costs no more than news: what is known already still serves. */
  private refresh(): void {
    try {
      this.scan();
    } catch {
      this.scannedMs = this.options.clock.nowMs();
    }
  }

  private directoryOf(name: string): Directory {
    try {
      const directory = readDirectory(join(this.dir, name));
      return typeof directory === 'string' ? new Map() : directory;
    } catch {
      return new Map();
    }
  }

  private use(pack: Pack, key: string): void {
    this.protect(key);
    const wallMs = this.options.clock.wallMs();
    if (wallMs - pack.usedMs >= touchMs) this.touch(pack.name, (pack.usedMs = wallMs));
  }

  private protect(key: string): void {
    if (this.options.protectOwn) this.ownKeys.add(key);
  }

  private touch(name: string, wallMs: number): void {
    try {
      utimesSync(join(this.dir, name), wallMs / 1000, wallMs / 1000);
    } catch {
      // Another process evicted it, or the folder is read-only: the time of last use is worth no more than that.
    }
  }

  /** Seals a writer's pack, its time of last use being `usedMs`; false when somebody removed it. */
  private seal(writer: PackWriter, usedMs: number): boolean {
    const name = writer.seal();
    if (name) this.touch(name, usedMs);
    return name !== undefined;
  }

  private hasFree(bytes: number): boolean {
    return this.bytes + bytes <= this.options.bytesMax;
  }

  private bytesToPut(pieces: readonly number[]): number {
    return entryBytes(pieces) + (this.writer ? 0 : emptyPackBytes);
  }

  /** Evicts packs until `bytes` more find room; evicts none when that would not do. */
  private makeRoom(bytes: number, needed: ReadonlySet<string>): boolean {
    const evictable = this.evictable(bytes, needed);
    if (!evictable) return false;
    for (const pack of evictable) {
      if (this.hasFree(bytes)) break;
      this.remove(pack);
    }
    return this.hasFree(bytes);
  }

  /** What may be evicted for `bytes` more, packs that hold any of `needed` never, those used longest ago first; none where there is room, undefined where all of it would not do. */
  private evictable(bytes: number, needed: ReadonlySet<string>): Pack[] | undefined {
    if (this.hasFree(bytes)) return [];
    this.refresh();
    const evictable = [...this.packs.values()].filter((pack) => !holdsAny(pack, needed) && !holdsAny(pack, this.ownKeys)).sort((a, b) => a.usedMs - b.usedMs);
    return this.hasFree(bytes - bytesOf(evictable)) ? evictable : undefined;
  }

  private remove(pack: Pack): void {
    if (!removeFile(this.dir, pack.name)) return;
    this.packs.delete(pack.name);
    this.bytesElsewhere -= pack.bytes;
  }

  /** Makes one pack of many small ones, those used longest ago first, at most one full pack at a time. A kill between leaves entries twice, never none. */
  private compact(needed: ReadonlySet<string>): void {
    const { packBytesMax, bytesMax } = this.options;
    if (this.smallPacks().length < packsSmallMax) return;
    // What is evicted for it is room for the next puts afterwards.
    this.makeRoom(Math.min(packBytesMax, bytesOf(this.smallPacks())), needed);
    const bytesFree = bytesMax - this.bytes;
    const chosen: Pack[] = [];
    for (const pack of this.smallPacks()) if (bytesOf([...chosen, pack]) <= Math.min(packBytesMax, bytesFree)) chosen.push(pack);
    if (chosen.length < 2 || !this.merge(chosen)) return;
    for (const pack of chosen) this.remove(pack);
    this.refresh();
  }

  /** Those used longest ago first. */
  private smallPacks(): Pack[] {
    const small = [...this.packs.values()].filter((pack) => pack.directory.size > 0 && pack.bytes < this.options.packBytesMax / 4);
    return small.sort((a, b) => a.usedMs - b.usedMs);
  }

  /** Copies what is whole in `packs` into a new one; false when that could not be done, which costs nothing but room. */
  private merge(packs: readonly Pack[]): boolean {
    let writer: PackWriter | undefined;
    try {
      writer = new PackWriter(this.dir, this.options.write, this.options.random);
      for (const pack of packs) {
        for (const [key, place] of pack.directory) {
          const entry = writer.directory.has(key) ? undefined : readEntry(join(this.dir, pack.name), place, Infinity);
          if (entry && typeof entry !== 'string') writer.add(key, layOutEntry(entry.meta, entry.blocks));
        }
      }
      return this.seal(writer, Math.max(...packs.map((pack) => pack.usedMs)));
    } catch {
      writer?.abandon();
      return false;
    }
  }

  private removeLeftovers(): void {
    const wallMs = this.options.clock.wallMs();
    for (const file of listFolder(this.dir)) if (isLeftover(file.name, file.modifiedMs, wallMs)) removeFile(this.dir, file.name);
  }

  private explain(run: () => void): void {
    try {
      run();
    } catch (error) {
      throw explainSystemError(error, `the segment store ${this.dir}`);
    }
  }
}

const bytesOf = (packs: readonly Pack[]): number => packs.reduce((sum, pack) => sum + pack.bytes, 0);

function holdsAny({ directory }: Pack, keys: ReadonlySet<string>): boolean {
  for (const key of directory.keys()) if (keys.has(key)) return true;
  return false;
}
