// Bytes to and from files to the last one, and whole files written aside and renamed, so that a reader sees the old or the new one, never half.
// Refuses to keep temporary files after an error.
import { closeSync, fsyncSync, mkdirSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { asideOf } from './aside.js';
import { UserError } from './errors.js';

/** Writes bytes at a position and returns how many were written; a parameter, so that tests can fill the disk. */
export type Write = (file: number, bytes: Uint8Array, position: number) => number;

export const systemWrite: Write = (file, bytes, position) => writeSync(file, bytes, 0, bytes.byteLength, position);

/** Writes all of `bytes` at `position`. Throws the system error. */
export function writeWhole(file: number, bytes: Uint8Array, position: number, write: Write = systemWrite): void {
  for (let done = 0; done < bytes.byteLength; ) done += write(file, bytes.subarray(done), position + done);
}

/** Fills `into` from `position` on and returns how many bytes that are: fewer where the file ends before. Throws the system error. */
export function readUpTo(file: number, into: Uint8Array, position: number): number {
  let done = 0;
  while (done < into.byteLength) {
    const count = readSync(file, into, done, into.byteLength - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** Fills all of `into` from `position` on. UserError naming `path` where the file ends before. */
export function readWhole(file: number, into: Uint8Array, position: number, path: string): void {
  if (readUpTo(file, into, position) < into.byteLength) throw new UserError(`${path} became shorter while it was read`);
}

/** Writes `bytes` to `path` (mode 0600 unless told), creating its folder. Throws the system error; the old file is then untouched. */
export function writeFileAtomically(path: string, bytes: Uint8Array | string, mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const aside = asideOf(path);
  try {
    const file = openSync(aside, 'wx', mode);
    try {
      writeWhole(file, typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes, 0);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
}

/** Makes what was named within the folder durable, where platform and file system can. */
export function syncFolder(dir: string): void {
  let folder: number | undefined;
  try {
    folder = openSync(dir, 'r');
    fsyncSync(folder);
  } catch {
    // Windows cannot open a folder, some network file systems cannot sync one.
  } finally {
    if (folder !== undefined) closeSync(folder);
  }
}
