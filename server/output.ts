// Keeps stdout for the protocol alone: whatever else is printed, by us or a library, goes to stderr.
// Refuses to lose a byte of either.
import { Console } from 'node:console';
import { Writable } from 'node:stream';

/** The only way to stdout from then on. That an editor is gone is seen at its input. */
export function claimStdout(): Writable {
  process.stdout.on('error', () => {});
  const write = process.stdout.write.bind(process.stdout) as (chunk: Uint8Array, done: (error?: Error | null) => void) => boolean;
  process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write;
  globalThis.console = new Console(process.stderr, process.stderr);
  return new Writable({ write: (chunk: Uint8Array, _encoding, done) => void write(chunk, done) });
}
