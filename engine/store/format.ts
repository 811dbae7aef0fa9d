// How a pack is laid out in bytes, and nothing else: pure functions between values and bytes, little-endian throughout.
// Refuses to touch files, and to guess: whatever does not add up is named in words, never thrown.
//
//   head       magic "kedgepak", version, zeros                                                    16 bytes
//   entries    meta, block 0, block 1, ...: each part starts at a multiple of 8 from the entry's start
//   directory  one record an entry: key, producer, signature, offset, part count, bytes and CRC-32 of each part
//   trailer    magic "kedgeend", version, entries, bytes and CRC-32 of the directory, CRC-32 of itself   32 bytes
//
// The directory stands at the end, so that a pack is written front to back and its index is read in one piece.
import { crc32 } from 'node:zlib';
import { assert } from '../../base/assert.js';

/** Raised whenever a byte's meaning changes; a pack of another version is a miss. */
export const formatVersion = 1;

export const headBytes = 16;
export const trailerBytes = 32;
export const emptyPackBytes = headBytes + trailerBytes;

const headMagic = 'kedgepak';
const trailerMagic = 'kedgeend';
const keyBytes = 32;
/** Room in each record for who computed the entry (a key's digest) and an Ed25519 signature over it; zeros until entries are shared between machines. */
const producerBytes = 32;
const signatureBytes = 64;
const recordFixedBytes = keyBytes + producerBytes + signatureBytes + 8 + 4 + 4;
const partAlignment = 8;

/** Where one entry lies in its pack. */
export interface EntryPlace {
  /** In bytes from the pack's start. */
  readonly offset: number;
  /** Two numbers a part, its bytes and its CRC-32; part 0 is the meta, part 1 the first block. */
  readonly parts: Uint32Array;
}

export type Directory = Map<string, EntryPlace>;

const alignUp = (bytes: number): number => Math.ceil(bytes / partAlignment) * partAlignment;

/** Bytes that an entry's record in the directory takes. */
export const recordBytes = (parts: Uint32Array): number => recordFixedBytes + parts.byteLength;

/** Bytes that an entry takes in a pack with its record, of the lengths of its meta and blocks. */
export const entryBytes = (pieces: readonly number[]): number => pieces.reduce((bytes, piece) => bytes + alignUp(piece) + 8, recordFixedBytes);

/** Bytes from an entry's start to the end of its first `partCount` parts. */
function spanBytes(parts: Uint32Array, partCount: number): number {
  let bytes = 0;
  for (let part = 0; part < partCount; part++) bytes = alignUp(bytes) + parts[2 * part];
  return bytes;
}

/** An entry as it stands in a pack. */
export interface LaidOutEntry {
  /** A multiple of 8 long. */
  readonly bytes: Buffer;
  readonly parts: Uint32Array;
}

/** Lays meta and blocks behind one another */
export function layOutEntry(meta: Uint8Array, blocks: readonly Uint8Array[]): LaidOutEntry {
  const pieces = [meta, ...blocks];
  const parts = new Uint32Array(pieces.flatMap((piece) => [piece.byteLength, crc32(piece)]));
  const bytes = Buffer.alloc(alignUp(spanBytes(parts, pieces.length)));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at = alignUp(at + piece.byteLength);
  }
  return { bytes, parts };
}

/** Where parts `first` to `end` (exclusive) stand from their entry's start, in bytes. */
export function spanOf(parts: Uint32Array, first: number, end: number): { readonly start: number; readonly length: number } {
  const start = alignUp(spanBytes(parts, first));
  return { start, length: Math.max(0, spanBytes(parts, end) - start) };
}

/** `parts` as views on `bytes`, or undefined when `bytes` is too short or a checksum differs. */
export function takeParts(bytes: Uint8Array, parts: Uint32Array): Uint8Array[] | undefined {
  const partCount = parts.length / 2;
  if (bytes.byteLength < spanBytes(parts, partCount)) return undefined;
  const taken: Uint8Array[] = [];
  let at = 0;
  for (let part = 0; part < partCount; part++) {
    const piece = bytes.subarray(at, at + parts[2 * part]);
    if (crc32(piece) !== parts[2 * part + 1]) return undefined;
    taken.push(piece);
    at = alignUp(at + piece.byteLength);
  }
  return taken;
}

function stamped(magic: string, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.write(magic, 0, 'latin1');
  bytes.writeUInt32LE(formatVersion, 8);
  return bytes;
}

export const encodeHead = (): Buffer => stamped(headMagic, headBytes);

/** What is wrong with a pack's first bytes, or undefined when they are as they should be. */
export function faultInHead(head: Buffer): string | undefined {
  if (head.length < 12 || head.toString('latin1', 0, 8) !== headMagic) return 'is not a pack of segments';
  const version = head.readUInt32LE(8);
  if (version !== formatVersion) return `is of format version ${version}, version ${formatVersion} is read here`;
  return head.equals(encodeHead()) ? undefined : 'has a damaged head';
}

/** Directory and trailer, as they close a pack. */
export function encodeEnd(directory: Directory): Buffer {
  let directoryBytes = 0;
  for (const { parts } of directory.values()) directoryBytes += recordBytes(parts);
  const bytes = Buffer.alloc(directoryBytes + trailerBytes);
  let at = 0;
  for (const [key, { offset, parts }] of directory) {
    bytes.write(key, at, 'hex');
    const afterReserved = at + keyBytes + producerBytes + signatureBytes;
    bytes.writeBigUInt64LE(BigInt(offset), afterReserved);
    bytes.writeUInt32LE(parts.length / 2, afterReserved + 8);
    parts.forEach((value, index) => bytes.writeUInt32LE(value, at + recordFixedBytes + 4 * index));
    at += recordBytes(parts);
  }
  assert(at === directoryBytes, 'the directory fills the room reckoned for it');
  const trailer = stamped(trailerMagic, trailerBytes);
  trailer.writeUInt32LE(directory.size, 12);
  trailer.writeUInt32LE(directoryBytes, 16);
  trailer.writeUInt32LE(crc32(bytes.subarray(0, directoryBytes)), 20);
  trailer.writeUInt32LE(crc32(trailer.subarray(0, trailerBytes - 4)), trailerBytes - 4);
  trailer.copy(bytes, directoryBytes);
  return bytes;
}

/** How long the directory before a trailer is, or undefined when the trailer is not one of this version. */
export function directoryBytesOf(trailer: Buffer): number | undefined {
  const expected = stamped(trailerMagic, 12);
  if (trailer.length !== trailerBytes || !trailer.subarray(0, 12).equals(expected)) return undefined;
  if (crc32(trailer.subarray(0, trailerBytes - 4)) !== trailer.readUInt32LE(trailerBytes - 4)) return undefined;
  return trailer.readUInt32LE(16);
}

/** The directory out of a pack's last bytes (directory and trailer), or undefined when anything in it does not add up. `packBytes` is the whole file's length. */
export function decodeEnd(end: Buffer, packBytes: number): Directory | undefined {
  const trailer = end.subarray(-trailerBytes);
  const records = end.subarray(0, -trailerBytes);
  if (directoryBytesOf(trailer) !== records.length || crc32(records) !== trailer.readUInt32LE(20)) return undefined;
  const dataEnd = packBytes - end.length;
  const directory: Directory = new Map();
  for (let at = 0; at < records.length; ) {
    if (at + recordFixedBytes > records.length) return undefined;
    const afterReserved = at + keyBytes + producerBytes + signatureBytes;
    const offset = Number(records.readBigUInt64LE(afterReserved));
    const partCount = records.readUInt32LE(afterReserved + 8);
    const next = at + recordFixedBytes + 8 * partCount;
    if (partCount < 1 || next > records.length) return undefined;
    const parts = new Uint32Array(2 * partCount);
    for (let index = 0; index < parts.length; index++) parts[index] = records.readUInt32LE(at + recordFixedBytes + 4 * index);
    if (offset < headBytes || offset + spanBytes(parts, partCount) > dataEnd) return undefined;
    directory.set(records.toString('hex', at, at + keyBytes), { offset, parts });
    at = next;
  }
  return directory.size === trailer.readUInt32LE(12) ? directory : undefined;
}
