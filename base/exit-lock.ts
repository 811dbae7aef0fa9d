// Workers that end, and whose process ends, only between two native calls, which loading such code is too: one whose thread is gone takes the whole process down.
// Refuses to give the lock back once the owner holds it.
import { Worker, workerData } from 'node:worker_threads';

/** Held by the worker, as it is from the start; free; held by the owner for good. */
const [working, free, ended] = [0, 1, 2];
/** No native call takes that long. */
const exitMsMax = 5000;

class ExitLock {
  private readonly state: Int32Array;
  /** Work that is under way in the worker, loading it included. */
  private depth = 1;

  /** `memory`: four bytes that owner and worker share, zero at first. */
  constructor(memory: SharedArrayBuffer) {
    this.state = new Int32Array(memory);
  }

  /** For the worker: its thread never comes back from here once the owner has ended. */
  take(): void {
    this.depth += 1;
    if (this.depth > 1) return;
    while (Atomics.compareExchange(this.state, 0, free, working) !== free) Atomics.wait(this.state, 0, ended);
  }

  release(): void {
    this.depth -= 1;
    if (this.depth > 0) return;
    Atomics.store(this.state, 0, free);
    Atomics.notify(this.state, 0);
  }

  /** For the owner, when the worker or the process ends: waits until the worker is not at work, `msMax` at most. */
  end(msMax: number): void {
    const endMs = performance.now() + msMax;
    while (Atomics.compareExchange(this.state, 0, free, ended) !== free) {
      const leftMs = endMs - performance.now();
      if (leftMs <= 0 || Atomics.load(this.state, 0) === ended) return;
      Atomics.wait(this.state, 0, working, leftMs);
    }
  }
}

interface Given {
  readonly memory: SharedArrayBuffer;
  readonly data: unknown;
}

export interface StartedWorker {
  readonly worker: Worker;
  /** Ends it at once, or once the native call returns that it is in. */
  terminate(): Promise<unknown>;
}

/** Starts a worker, which calls `loaded` once it is; `data` as `workerData`. */
export function startWorker(url: URL, data: unknown, heapMbMax: number): StartedWorker {
  const memory = new SharedArrayBuffer(4);
  const lock = new ExitLock(memory);
  const worker = new Worker(url, { workerData: { memory, data } satisfies Given, resourceLimits: { maxOldGenerationSizeMb: heapMbMax } });
  let isOver = false;
  const end = (): void => {
    if (!isOver) lock.end(exitMsMax);
  };
  // One that broke in the midst of its work, or while it was loaded, never gives the lock back.
  const over = (): void => {
    isOver = true;
    process.off('exit', end);
  };
  process.on('exit', end);
  worker.on('error', over).on('exit', over);
  return { worker, terminate: () => (end(), worker.terminate()) };
}

/** This thread's, where it is such a worker's. */
let own: ExitLock | undefined;

/** For a worker whose code is loaded: its data. From now on its owner may end, but for work that is `unbroken`. */
export function loaded<T>(): T {
  const { memory, data } = workerData as Given;
  own = new ExitLock(memory);
  own.release();
  return data as T;
}

/** Runs native work in whose midst the process must not end. */
export function unbroken<T>(work: () => T): T {
  own?.take();
  try {
    return work();
  } finally {
    own?.release();
  }
}

/** The same of work that ends later. */
export async function unbrokenUntil<T>(work: () => Promise<T>): Promise<T> {
  own?.take();
  try {
    return await work();
  } finally {
    own?.release();
  }
}
