// The engine as its callers see it, whichever thread it runs on: turns calls into messages and aborts into cancellations.
// Refuses to terminate a worker during a run, which would end the whole process.
import { fromWire } from '../base/errors.js';
import { startWorker, type StartedWorker } from '../base/exit-lock.js';
import type { OnProgress } from '../base/progress.js';
import type { FromWorker, Method, ToWorker } from './messages.js';
import type { InstalledOptions } from './open.js';
import type { CompleteRequest, CompleteResult, Engine, EngineInfo, LikelihoodRequest, LikelihoodResult, ReadReport, ReadRequest } from './types.js';

interface Call {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  onProgress?(done: number, total: number): void;
}

const WORKER_HEAP_MB_MAX = 512;

export class EngineClient implements Engine {
  private readonly calls = new Map<number, Call>();
  private nextId = 1;
  private ended: Error | undefined;

  private constructor(
    private readonly started: StartedWorker,
    private readonly onOpening: OnProgress,
  ) {}

  /** Resolves when the model is converted and loaded; rejects with what prevented it. */
  static async open(options: InstalledOptions, onOpening: OnProgress): Promise<EngineClient> {
    const started = startWorker(new URL('./worker.js', import.meta.url), options, WORKER_HEAP_MB_MAX);
    const { worker } = started;
    const client = new EngineClient(started, onOpening);
    const opened = new Promise<void>((resolve, reject) => client.calls.set(0, { resolve: () => resolve(), reject }));
    worker.on('message', (message: FromWorker) => client.receive(message));
    worker.on('error', (error) => client.end(error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', () => client.end(new Error('the engine has ended')));
    try {
      await opened;
    } catch (error) {
      await started.terminate();
      throw error;
    }
    return client;
  }

  info(): Promise<EngineInfo> {
    return this.call('info', []);
  }
  countTokens(texts: readonly string[]): Promise<readonly number[]> {
    return this.call('countTokens', [texts]);
  }
  read(request: ReadRequest, signal?: AbortSignal, onProgress?: (done: number, total: number) => void): Promise<ReadReport> {
    return this.call('read', [request], signal, onProgress);
  }
  complete(request: CompleteRequest, signal?: AbortSignal): Promise<CompleteResult> {
    return this.call('complete', [request], signal);
  }
  likelihood(request: LikelihoodRequest, signal?: AbortSignal): Promise<LikelihoodResult> {
    return this.call('likelihood', [request], signal);
  }
  settle(request: Pick<CompleteRequest, 'client' | 'document' | 'prompt' | 'context'>, signal?: AbortSignal): Promise<void> {
    return this.call('settle', [request], signal);
  }
  forget(client: string, document: string): Promise<void> {
    return this.call('forget', [client, document]);
  }
  async close(): Promise<void> {
    if (this.ended) return;
    try {
      await this.call('close', []);
    } finally {
      await this.started.terminate();
    }
  }

  private call<T>(method: Method, argument: readonly unknown[], signal?: AbortSignal, onProgress?: Call['onProgress']): Promise<T> {
    if (this.ended) return Promise.reject(this.ended);
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    const id = this.nextId++;
    const post = (message: ToWorker): void => this.started.worker.postMessage(message);
    return new Promise<T>((resolve, reject) => {
      const onAbort = (): void => post({ kind: 'cancel', id });
      const done = <V>(settle: (value: V) => void) => (value: V): void => {
        signal?.removeEventListener('abort', onAbort);
        settle(value);
      };
      const rejected = done((error: unknown) => reject(signal?.aborted ? (signal.reason as Error) : (error as Error)));
      this.calls.set(id, { resolve: done((value: unknown) => resolve(value as T)), reject: rejected, onProgress });
      signal?.addEventListener('abort', onAbort, { once: true });
      post({ kind: 'call', id, method, argument });
    });
  }

  private receive(message: FromWorker): void {
    if (message.kind === 'opening') return this.onOpening(message.progress);
    const id = message.kind === 'opened' ? 0 : message.id;
    const call = this.calls.get(id);
    if (message.kind === 'progress') return call?.onProgress?.(message.done, message.total);
    this.calls.delete(id);
    if (message.kind === 'failed') call?.reject(fromWire(message.error));
    else call?.resolve(message.kind === 'value' ? message.value : undefined);
  }

  private end(error: Error): void {
    this.ended ??= error;
    for (const call of this.calls.values()) call.reject(error);
    this.calls.clear();
  }
}
