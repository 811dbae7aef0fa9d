// A repository that works on a thread of its own: turns calls into messages and aborts into cancellations.
// Refuses to keep its process alive for anything but a call that waits, and to be of use once its thread has ended.
import type { Worker } from 'node:worker_threads';
import { fromWire, toWire } from '../base/errors.js';
import { startWorker } from '../base/exit-lock.js';
import type { CountTokens } from '../base/segment.js';
import type { FromWorker, ToWorker } from './messages.js';
import type { Cursor, Prepared } from './prepare.js';
import type { OutlinedFiles, PlanOptions, Repository, RepositoryOptions } from './repository.js';
import type { FileChange } from './workspace.js';

const workerHeapMbMax = 512;

interface Call {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export class RepositoryThread implements Omit<Repository, 'watch'> {
  private readonly worker: Worker;
  private readonly calls = new Map<number, Call>();
  private readonly counterIds = new WeakMap<CountTokens, number>();
  /** Functions that calls in flight count with. */
  private readonly counters = new Map<number, { readonly count: CountTokens; calls: number }>();
  private nextId = 1;
  private closing = false;
  /** Why no call is answered any more. */
  ended: Error | undefined;

  constructor(options: RepositoryOptions) {
    this.worker = startWorker(new URL('./worker.js', import.meta.url), options, workerHeapMbMax).worker;
    // Before it runs it cannot be let go.
    this.worker.once('online', () => this.holdOwner());
    this.worker.on('message', (message: FromWorker) => this.receive(message));
    this.worker.on('error', (error) => this.end(error instanceof Error ? error : new Error(String(error))));
    this.worker.on('exit', () => this.end(new Error('the repository is closed')));
  }

  /** Where the thread ends meanwhile, its successor knows all that changed. */
  apply(changes: readonly FileChange[]): Promise<boolean> {
    return this.call<boolean>((id) => ({ kind: 'apply', id, changes })).catch(() => true);
  }

  async prepare(cursor: Cursor, { countTokens, ...options }: PlanOptions, signal?: AbortSignal): Promise<Prepared> {
    const counter = this.counterIds.get(countTokens) ?? this.nextId++;
    this.counterIds.set(countTokens, counter);
    const inUse = this.counters.get(counter) ?? { count: countTokens, calls: 0 };
    this.counters.set(counter, inUse);
    inUse.calls += 1;
    try {
      return await this.call<Prepared>((id) => ({ kind: 'prepare', id, cursor, options, counter }), signal);
    } finally {
      inUse.calls -= 1;
      if (inUse.calls === 0) this.counters.delete(counter);
    }
  }

  importersOf(path: string): Promise<readonly string[]> {
    return this.call((id) => ({ kind: 'importersOf', id, path }));
  }

  outlined(): Promise<OutlinedFiles> {
    return this.call((id) => ({ kind: 'outlined', id }));
  }

  async close(): Promise<void> {
    if (this.ended) return;
    const exited = new Promise<void>((resolve) => this.worker.once('exit', () => resolve()));
    this.closing = true;
    await this.call((id) => ({ kind: 'close', id })).catch(() => {});
    await exited;
  }

  private post(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  private call<T>(message: (id: number) => ToWorker, signal?: AbortSignal): Promise<T> {
    if (this.ended) return Promise.reject(this.ended);
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    const id = this.nextId++;
    return new Promise<T>((resolve, reject) => {
      const onAbort = (): void => {
        this.post({ kind: 'cancel', id });
        this.settle(id)?.reject(signal?.reason);
      };
      const done = (): void => signal?.removeEventListener('abort', onAbort);
      this.calls.set(id, {
        resolve: (value) => (done(), resolve(value as T)),
        reject: (error) => (done(), reject(error as Error)),
      });
      this.holdOwner();
      signal?.addEventListener('abort', onAbort, { once: true });
      this.post(message(id));
    });
  }

  private receive(message: FromWorker): void {
    switch (message.kind) {
      case 'value':
        return this.settle(message.id)?.resolve(message.value);
      case 'failed':
        return this.settle(message.id)?.reject(fromWire(message.error));
      case 'count':
        return void this.count(message);
    }
  }

  private async count({ id, counter, texts }: Extract<FromWorker, { kind: 'count' }>): Promise<void> {
    const inUse = this.counters.get(counter);
    if (!inUse) return this.post({ kind: 'counted', id, error: { message: 'no longer asked for' } });
    try {
      this.post({ kind: 'counted', id, counts: await inUse.count(texts) });
    } catch (error) {
      this.post({ kind: 'counted', id, error: toWire(error) });
    }
  }

  /** The call, which waits no longer. */
  private settle(id: number): Call | undefined {
    const call = this.calls.get(id);
    this.calls.delete(id);
    this.holdOwner();
    return call;
  }

  private holdOwner(): void {
    if (this.calls.size > 0 || this.closing) this.worker.ref();
    else this.worker.unref();
  }

  private end(error: Error): void {
    this.ended ??= error;
    for (const call of this.calls.values()) call.reject(this.ended);
    this.calls.clear();
  }
}
