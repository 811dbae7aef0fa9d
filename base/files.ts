// Whole files written aside and renamed, so that a reader sees the old or the new one, never half. Refuses to keep temporary files after an error.
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { asideOf } from './aside.js';

/** Writes `bytes` to `path` (mode 0600 unless told), creating its folder. Throws the system error; the old file is then untouched. */
export function writeFileAtomically(path: string, bytes: Uint8Array | string, mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const aside = asideOf(path);
  try {
    const file = openSync(aside, 'wx', mode);
    try {
      const data = typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes;
      for (let written = 0; written < data.byteLength; ) written += writeSync(file, data, written);
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
