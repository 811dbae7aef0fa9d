// SHA-256, the only digest the project uses. Refuses to name things: a digest is of a recipe's content, never of a path on this machine.
import { createHash } from 'node:crypto';

/** SHA-256 in hex over the parts, each preceded by its length so that no two lists of parts collide. */
export function digestOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part;
    hash.update(`${bytes.byteLength}:`);
    hash.update(bytes);
  }
  return hash.digest('hex');
}
