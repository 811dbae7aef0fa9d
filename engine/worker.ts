// The engine on its own thread: messages in, messages out. Runs block their thread, so the protocol's thread must not be it.
// Refuses to do anything of its own.
import { parentPort } from 'node:worker_threads';
import { assert } from '../base/assert.js';
import { toWire } from '../base/errors.js';
import { loaded } from '../base/exit-lock.js';
import type { FromWorker, ToWorker } from './messages.js';
import { openHere, type InstalledOptions } from './open.js';

assert(parentPort, 'worker.ts runs as a worker thread');
const port = parentPort;
const send = (message: FromWorker): void => port.postMessage(message);
const running = new Map<number, AbortController>();
const opening = openHere(loaded<InstalledOptions>(), (progress) => send({ kind: 'opening', progress }));
opening.then(
  () => send({ kind: 'opened' }),
  (error: unknown) => send({ kind: 'failed', id: 0, error: toWire(error) }),
);

port.on('message', (message: ToWorker) => {
  if (message.kind === 'cancel') running.get(message.id)?.abort();
  else void answer(message);
});

async function answer({ id, method, argument }: ToWorker & { kind: 'call' }): Promise<void> {
  const abort = new AbortController();
  running.set(id, abort);
  try {
    const engine = await opening;
    const onProgress = (done: number, total: number): void => send({ kind: 'progress', id, done, total });
    const [first, second] = argument as [never, never];
    const value = await (method === 'forget' ? engine.forget(first, second) : method === 'read' ? engine.read(first, abort.signal, onProgress) : engine[method](first, abort.signal));
    send({ kind: 'value', id, value });
  } catch (error) {
    send({ kind: 'failed', id, error: toWire(error) });
  } finally {
    running.delete(id);
  }
}
