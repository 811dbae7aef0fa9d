// Reading files safely: regular files of bounded size, text only, never a secret. Refuses to throw: what cannot be read has a reason.
import { closeSync, fstatSync, openSync, readdirSync, readSync, realpathSync, statSync, type Dirent, type Stats } from 'node:fs';
import { envNames, holdsKey, isEnvExample, isSecret } from './secrets.js';

export const fileBytesMax = 1_048_576;

export type LeftOutReason = 'secret' | 'too large' | 'binary' | 'unreadable' | 'symlink';

export type Reading = { readonly text: string } | { readonly leftOut: LeftOutReason };

/** Differs after a file changed, as far as the file system tells. */
export interface FileStamp {
  readonly mtimeMs: number;
  readonly size: number;
}

/** The file system as context uses it; tests count and replace. Paths are absolute. */
export interface Disk {
  read(path: string): Reading;
  /** Undefined when the folder cannot be listed. */
  list(dir: string): Dirent[] | undefined;
  isFile(path: string): boolean;
  /** Of a regular file, or undefined. */
  stamp(path: string): FileStamp | undefined;
  isDirectory(path: string): boolean;
  /** The path without symbolic links, or undefined when there is nothing. */
  real(path: string): string | undefined;
}

export const systemDisk: Disk = {
  read(path) {
    // Every file passes here, so a secret is refused here whoever asks.
    if (isSecret(path)) return { leftOut: 'secret' };
    // Before opening: a pipe would wait for its writer.
    if (!this.isFile(path)) return { leftOut: 'unreadable' };
    let file: number;
    try {
      file = openSync(path, 'r');
    } catch {
      return { leftOut: 'unreadable' };
    }
    try {
      const { size } = fstatSync(file);
      if (size > fileBytesMax) return { leftOut: 'too large' };
      const bytes = Buffer.allocUnsafe(size);
      let filled = 0;
      for (let got = 1; got > 0 && filled < size; filled += got) got = readSync(file, bytes, filled, size - filled, null);
      const reading = decode(bytes.subarray(0, filled));
      if ('text' in reading && holdsKey(path, reading.text)) return { leftOut: 'secret' };
      return 'text' in reading && isEnvExample(path) ? { text: envNames(reading.text) } : reading;
    } catch {
      return { leftOut: 'unreadable' };
    } finally {
      closeSync(file);
    }
  },
  list(dir) {
    try {
      return readdirSync(dir, { withFileTypes: true });
    } catch {
      return undefined;
    }
  },
  stamp(path) {
    const stats = statsOf(path);
    return stats?.isFile() ? { mtimeMs: stats.mtimeMs, size: stats.size } : undefined;
  },
  isFile: (path) => statsOf(path)?.isFile() ?? false,
  isDirectory: (path) => statsOf(path)?.isDirectory() ?? false,
  real(path) {
    try {
      return realpathSync.native(path);
    } catch {
      return undefined;
    }
  },
};

/** Undefined for what is not there and what the path's folders do not let us see. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** UTF-8 without its byte order mark; bytes that are not UTF-8 become U+FFFD. */
function decode(bytes: Uint8Array): Reading {
  if (bytes.subarray(0, 8192).includes(0)) return { leftOut: 'binary' };
  return { text: new TextDecoder('utf-8').decode(bytes) };
}
