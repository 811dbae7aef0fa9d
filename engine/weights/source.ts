// What every source of a model's bytes has in common: the file they append to and how they fail.
// Refuses to judge the bytes: that is the digest's.
import { open, stat, truncate, type FileHandle } from 'node:fs/promises';
import { UserError, explainSystemError, systemCode } from '../../base/errors.js';
import type { Env } from '../../base/paths.js';

/** This source cannot give the file; another may. One line. */
export class SourceError extends Error {}

export interface Transfer {
  /** Holds the first bytes of the wanted file, from whatever source: all agree on them. */
  readonly file: PartialFile;
  readonly env: Env;
  readonly signal?: AbortSignal;
  /** Bytes of the wanted file that have arrived; may be called often. */
  onBytes(done: number): void;
}

/** A file that grows at its end towards `bytesMax`. */
export class PartialFile {
  constructor(
    readonly path: string,
    readonly bytesMax: number,
  ) {}

  async bytes(): Promise<number> {
    return (await stat(this.path).catch(() => undefined))?.size ?? 0;
  }

  async truncate(bytes: number): Promise<void> {
    if ((await this.bytes()) > bytes) await truncate(this.path, bytes);
  }

  /** Appends the chunks and syncs. SourceError when they would exceed `bytesMax`, UserError when the disk is full. What arrived before any error is kept. */
  async append(chunks: AsyncIterable<Uint8Array>, onBytes: (done: number) => void): Promise<void> {
    const handle = await open(this.path, 'a', 0o600).catch((error: unknown) => Promise.reject(explainSystemError(error, this.path)));
    try {
      let done = (await handle.stat()).size;
      for await (const chunk of chunks) {
        if (done + chunk.byteLength > this.bytesMax) throw new SourceError(`it sent more than the ${this.bytesMax} bytes expected`);
        await this.write(handle, chunk);
        done += chunk.byteLength;
        onBytes(done);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  private async write(handle: FileHandle, chunk: Uint8Array): Promise<void> {
    try {
      await handle.writeFile(chunk);
    } catch (error) {
      throw explainSystemError(error, this.path);
    }
  }
}

/** An error as the one line that a list of failed sources shows. */
export function reasonOf(error: unknown): string {
  const causes: unknown[] = [];
  for (let at = error; at !== undefined && causes.length < 5; at = at instanceof Error ? at.cause : undefined) causes.push(at);
  const deepest = causes.reverse().find((cause): cause is Error => cause instanceof Error && cause.message !== '');
  return (deepest ? (deepest.message.split('\n')[0] ?? '') : systemCode(error)) || String(error);
}

/** Trouble that no other source would cure: the user's abort, a full disk, an unwritable folder. */
export const isFinal = (error: unknown, signal?: AbortSignal): boolean => signal?.aborted === true || error instanceof UserError;
