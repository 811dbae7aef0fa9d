// The SHA-256 of a file as it lies on disk: the only thing that makes a file a model. Refuses to decide what the digest should be.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { explainSystemError } from '../../base/errors.js';
import { noProgress, type OnProgress } from '../../base/progress.js';

const readBytes = 1 << 20;

/** In hex. Reports bytes. Throws a UserError naming the file when it cannot be read, and the signal's reason when aborted. */
export async function fileDigest(path: string, options: { onProgress?: OnProgress; label?: string; signal?: AbortSignal } = {}): Promise<string> {
  const { onProgress = noProgress, label = 'checking the digest', signal } = options;
  try {
    const total = (await stat(path)).size;
    const hash = createHash('sha256');
    let done = 0;
    for await (const chunk of createReadStream(path, { highWaterMark: readBytes }) as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      hash.update(chunk);
      done += chunk.byteLength;
      onProgress({ label, done, total, unit: 'bytes' });
    }
    return hash.digest('hex');
  } catch (error) {
    throw explainSystemError(error, path);
  }
}
