// Lets a process end only between two native calls, parses and compressions: one whose thread is gone takes the whole process down.
// Refuses to be given back once the owner holds it.

/** Free, held by the worker, held by the owner for good. */
const [free, working, ended] = [0, 1, 2];

export class ExitLock {
  private readonly state: Int32Array;

  /** `memory`: four bytes that owner and worker share, zero at first. */
  constructor(memory: SharedArrayBuffer) {
    this.state = new Int32Array(memory);
  }

  /** For the worker: its thread never comes back from here once the owner has ended. */
  during<T>(work: () => T): T {
    while (Atomics.compareExchange(this.state, 0, free, working) !== free) Atomics.wait(this.state, 0, ended);
    try {
      return work();
    } finally {
      Atomics.store(this.state, 0, free);
      Atomics.notify(this.state, 0);
    }
  }

  /** For the owner, when its process ends: waits until the worker is not at work, `msMax` at most. */
  end(msMax: number): void {
    const endMs = performance.now() + msMax;
    while (Atomics.compareExchange(this.state, 0, free, ended) !== free) {
      const leftMs = endMs - performance.now();
      if (leftMs <= 0 || Atomics.load(this.state, 0) === ended) return;
      Atomics.wait(this.state, 0, working, leftMs);
    }
  }
}

let around = <T>(work: () => T): T => work();

/** Runs native work in whose midst the process must not end. */
export const unbroken = <T>(work: () => T): T => around(work);

/** For a worker: its owner ends only between two pieces of such work. */
export function unbrokenBy(lock: ExitLock): void {
  around = (work) => lock.during(work);
}
