// A repository on its own thread: messages in, messages out. Parsing blocks its thread, so the protocol's thread must not be it.
// Refuses to do anything of its own, and to outlive its port.
import { parentPort } from 'node:worker_threads';
import { assert } from '../base/assert.js';
import { fromWire, toWire } from '../base/errors.js';
import { loaded } from '../base/exit-lock.js';
import type { CountTokens } from '../base/segment.js';
import type { FromWorker, ToWorker } from './messages.js';
import { LocalRepository, type RepositoryOptions } from './repository.js';

assert(parentPort, 'worker.ts runs as a worker thread');
const port = parentPort;
const send = (message: FromWorker): void => port.postMessage(message);
const repository = new LocalRepository(loaded<RepositoryOptions>());
const running = new Map<number, AbortController>();
const counting = new Map<number, { resolve(counts: readonly number[]): void; reject(error: unknown): void }>();
let counter: { readonly id: number; readonly count: CountTokens } | undefined;
let nextCount = 1;

port.on('message', (message: ToWorker) => {
  // What breaks here breaks the thread: the next one is told of everything anew.
  if (message.kind === 'apply') void repository.apply(message.changes).then((value) => send({ kind: 'value', id: message.id, value }));
  else if (message.kind === 'cancel') running.get(message.id)?.abort();
  else if (message.kind === 'counted') counted(message);
  else void answer(message);
});

type Call = Exclude<ToWorker, { kind: 'apply' | 'cancel' | 'counted' }>;

async function answer(message: Call): Promise<void> {
  const { id } = message;
  const abort = new AbortController();
  running.set(id, abort);
  try {
    send({ kind: 'value', id, value: await valueOf(message, abort.signal) });
  } catch (error) {
    send({ kind: 'failed', id, error: toWire(error) });
  }
  running.delete(id);
  if (message.kind === 'close') port.close();
}

function valueOf(message: Call, signal: AbortSignal): Promise<unknown> {
  switch (message.kind) {
    case 'prepare':
      return repository.prepare(message.cursor, { ...message.options, countTokens: counterOf(message.counter) }, signal);
    case 'importersOf':
      return repository.importersOf(message.path);
    case 'outlined':
      return repository.outlined();
    case 'close':
      return closed();
  }
}

async function closed(): Promise<void> {
  for (const abort of running.values()) abort.abort();
  await repository.close();
}

/** The same function for the same id, since counts are kept with it. */
function counterOf(id: number): CountTokens {
  counter = counter?.id === id ? counter : { id, count: (texts) => ask(id, texts) };
  return counter.count;
}

function ask(counterId: number, texts: readonly string[]): Promise<readonly number[]> {
  const id = nextCount++;
  send({ kind: 'count', id, counter: counterId, texts });
  return new Promise((resolve, reject) => counting.set(id, { resolve, reject }));
}

function counted({ id, counts, error }: Extract<ToWorker, { kind: 'counted' }>): void {
  const call = counting.get(id);
  counting.delete(id);
  if (counts) call?.resolve(counts);
  else if (error) call?.reject(fromWire(error));
}
