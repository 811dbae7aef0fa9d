// Packs as files: reading a sealed one, and writing a new one aside until it is sealed under its name.
// Refuses to change a sealed pack, and to know which packs there are.
import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { asideOf } from '../../base/aside.js';
import { systemCode } from '../../base/errors.js';
import { readUpTo, syncFolder, systemWrite, writeWhole, type Write } from '../../base/files.js';
import { decodeEnd, directoryBytesOf, encodeEnd, encodeHead, faultInHead, headBytes, recordBytes, spanOf, takeParts, trailerBytes, type Directory, type EntryPlace, type LaidOutEntry } from './format.js';
import { packName } from './folder.js';

export interface StoredEntry {
  readonly meta: Uint8Array;
  readonly blocks: Uint8Array[];
  /** How many blocks are stored, however many were asked for. */
  readonly blocksTotal: number;
}

/** Why there are no bytes: they fail their checksums, or the file is no longer there. */
export type ReadFault = 'damaged' | 'gone';

/** Enough for the directory of most packs, so that opening one costs a single read. */
const endReadBytes = 64 * 1024;

function readAt(file: number, position: number, length: number): Buffer {
  // Not from the shared pool: parts are views on it, and callers may want them aligned.
  const bytes = Buffer.allocUnsafeSlow(length);
  return bytes.subarray(0, readUpTo(file, bytes, position));
}

function withFile<T>(path: string, use: (file: number) => T): T {
  const file = openSync(path, 'r');
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

/** The directory of a sealed pack, or in words what is wrong with the file. Throws the system error when it cannot be opened or read. */
export function readDirectory(path: string): Directory | string {
  return withFile(path, (file) => {
    const packBytes = fstatSync(file).size;
    let end = readAt(file, Math.max(0, packBytes - endReadBytes), Math.min(packBytes, endReadBytes));
    const endBytes = (directoryBytesOf(end.subarray(-trailerBytes)) ?? 0) + trailerBytes;
    if (endBytes > end.length && endBytes <= packBytes) end = readAt(file, packBytes - endBytes, endBytes);
    const directory = endBytes > trailerBytes ? decodeEnd(end.subarray(-endBytes), packBytes) : undefined;
    return directory ?? faultInHead(readAt(file, 0, headBytes)) ?? 'is cut short or damaged';
  });
}

function readParts(file: number, place: EntryPlace, blocksMax: number, blockFirst = 0): StoredEntry | 'damaged' {
  const blocksTotal = place.parts.length / 2 - 1;
  const partFirst = 1 + Math.min(blocksTotal, blockFirst);
  const take = (first: number, end: number): Uint8Array[] | undefined => {
    const { start, length } = spanOf(place.parts, first, end);
    return takeParts(readAt(file, place.offset + start, length), place.parts.subarray(2 * first, 2 * end));
  };
  try {
    const partEnd = Math.min(1 + blocksTotal, partFirst + Math.max(0, blocksMax));
    const pieces = partFirst === 1 ? take(0, partEnd) : [...(take(0, 1) ?? []), ...(take(partFirst, partEnd) ?? [])];
    const whole = pieces?.length === 1 + partEnd - partFirst;
    return whole ? { meta: pieces[0], blocks: pieces.slice(1), blocksTotal } : 'damaged';
  } catch {
    // A disk that cannot read the bytes has not kept them.
    return 'damaged';
  }
}

/** An entry's meta and `blocksMax` blocks from `blockFirst` on out of a sealed pack; from the first on in one contiguous read. */
export function readEntry(path: string, place: EntryPlace, blocksMax: number, blockFirst = 0): StoredEntry | ReadFault {
  try {
    return withFile(path, (file) => readParts(file, place, blocksMax, blockFirst));
  } catch (error) {
    return systemCode(error) === 'ENOENT' ? 'gone' : 'damaged';
  }
}

/** Reads all of a sealed pack: its directory, or in words the first thing wrong with it. Throws the system error when it cannot be opened. */
export function checkPack(path: string): Directory | string {
  const directory = readDirectory(path);
  if (typeof directory === 'string') return directory;
  return withFile(path, (file) => {
    const fault = faultInHead(readAt(file, 0, headBytes));
    if (fault) return fault;
    for (const [key, place] of directory) if (readParts(file, place, Infinity) === 'damaged') return `holds a damaged entry (${key.slice(0, 12)})`;
    return directory;
  });
}

/** One pack being written: a file aside that only its writer reads, until `seal` gives it its name. */
export class PackWriter {
  readonly directory: Directory = new Map();
  readonly asideName: string;
  private readonly id: string;
  private readonly path: string;
  private readonly file: number;
  private dataBytes = 0;
  private endBytes = trailerBytes;

  /** Throws the system error when the file cannot be created. */
  constructor(
    private readonly dir: string,
    private readonly write: Write = systemWrite,
    random: (length: number) => Buffer = randomBytes,
  ) {
    this.id = random(16).toString('hex');
    this.asideName = asideOf(this.id);
    this.path = join(dir, this.asideName);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    this.file = openSync(this.path, 'wx+', 0o600);
    try {
      this.append(encodeHead());
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  /** What the pack will take when sealed now. */
  get bytes(): number {
    return this.dataBytes + this.endBytes;
  }

  /** Throws the system error, the pack then being as it was before. */
  add(key: string, entry: LaidOutEntry): void {
    const offset = this.dataBytes;
    this.append(entry.bytes);
    this.directory.set(key, { offset, parts: entry.parts });
    this.endBytes += recordBytes(entry.parts);
  }

  /** As `readEntry`; an entry that is damaged already is forgotten. */
  read(key: string, blocksMax: number, blockFirst = 0): StoredEntry | undefined {
    const place = this.directory.get(key);
    const entry = place && readParts(this.file, place, blocksMax, blockFirst);
    if (entry !== 'damaged') return entry;
    this.directory.delete(key);
    return undefined;
  }

  /** Writes the directory, makes all of it durable and renames the file; returns the pack's name, or undefined when there is nothing in it or somebody removed the file aside. Throws the system error, the pack then being as it was before. */
  seal(): string | undefined {
    const name = packName(this.id);
    const dataBytes = this.dataBytes;
    let sealed = this.directory.size > 0;
    try {
      if (sealed) {
        this.append(encodeEnd(this.directory));
        fsyncSync(this.file);
        renameSync(this.path, join(this.dir, name));
      }
    } catch (error) {
      this.cutTo(dataBytes);
      if (systemCode(error) !== 'ENOENT') throw error;
      sealed = false;
    }
    if (!sealed) {
      this.abandon();
      return undefined;
    }
    closeSync(this.file);
    // A pack that a power cut unnames is a miss, no more.
    syncFolder(this.dir);
    return name;
  }

  abandon(): void {
    closeSync(this.file);
    rmSync(this.path, { force: true });
  }

  private append(bytes: Uint8Array): void {
    const dataBytes = this.dataBytes;
    try {
      writeWhole(this.file, bytes, dataBytes, this.write);
    } catch (error) {
      this.cutTo(dataBytes);
      throw error;
    }
    this.dataBytes += bytes.byteLength;
  }

  private cutTo(dataBytes: number): void {
    ftruncateSync(this.file, dataBytes);
    this.dataBytes = dataBytes;
  }
}
