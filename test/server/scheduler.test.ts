// Whose turn it is, with timers of the test's own. Refuses to wait for real time.
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../base/log.js';
import { idleMs, Scheduler, type Timers } from '../../server/scheduler.js';

class ManualTimers implements Timers {
  pending: { action: () => void; ms: number }[] = [];
  set(action: () => void, ms: number): unknown {
    const timer = { action, ms };
    this.pending.push(timer);
    return timer;
  }
  clear(timer: unknown): void {
    this.pending = this.pending.filter((one) => one !== timer);
  }
  fire(): void {
    const due = this.pending;
    this.pending = [];
    for (const { action } of due) action();
  }
}

const never = new AbortController().signal;

/** A task that runs until it is aborted or told to end. */
function task(): { run: (signal: AbortSignal) => Promise<string>; end: (text: string) => void; aborted: () => boolean } {
  let signal: AbortSignal | undefined;
  let end!: (text: string) => void;
  const done = new Promise<string>((resolve) => (end = resolve));
  return {
    run: (given) => {
      signal = given;
      return Promise.race([done, new Promise<string>((_, reject) => given.addEventListener('abort', () => reject(new Error('aborted'))))]);
    },
    end,
    aborted: () => signal?.aborted ?? false,
  };
}

describe('the scheduler', () => {
  it('lets the newest request of a document win, without touching other documents', async () => {
    const scheduler = new Scheduler(() => Promise.resolve(), silentLog, new ManualTimers());
    const [first, second, other] = [task(), task(), task()];
    const answers = [scheduler.newest('a', never, 1000, first.run), scheduler.newest('b', never, 1000, other.run), scheduler.newest('a', never, 1000, second.run)];
    second.end('second');
    other.end('other');
    expect(await Promise.all(answers)).toEqual([undefined, 'other', 'second']);
    expect([first.aborted(), second.aborted(), other.aborted()]).toEqual([true, false, false]);
  });

  it('drops an answer that came in spite of being aborted', async () => {
    const scheduler = new Scheduler(() => Promise.resolve(), silentLog, new ManualTimers());
    const answer = scheduler.newest('a', never, 1000, () => Promise.resolve('late'));
    scheduler.touched('a');
    expect(await answer).toBeUndefined();
  });

  it('does not start what is cancelled already, and passes on real errors', async () => {
    const scheduler = new Scheduler(() => Promise.resolve(), silentLog, new ManualTimers());
    let started = false;
    expect(await scheduler.newest('a', AbortSignal.abort(), 1000, async () => void (started = true))).toBeUndefined();
    expect(started).toBe(false);
    await expect(scheduler.newest('a', never, 1000, () => Promise.reject(new Error('disk full')))).rejects.toThrow('disk full');
  });

  it('answers an aborted request at once, though its task does not end', async () => {
    const scheduler = new Scheduler(() => Promise.resolve(), silentLog, new ManualTimers());
    const cancel = new AbortController();
    const answer = scheduler.newest('a', cancel.signal, 1000, () => new Promise(() => {}));
    cancel.abort();
    expect(await answer).toBeUndefined();
  });

  it('answers in time, while the task goes on until a newer request', async () => {
    const timers = new ManualTimers();
    const scheduler = new Scheduler(() => Promise.resolve(), silentLog, timers);
    const slow = task();
    const answer = scheduler.newest('a', never, 1000, slow.run);
    timers.fire();
    expect([await answer, slow.aborted()]).toEqual([undefined, false]);
    const next = task();
    const newer = scheduler.newest('a', never, 1000, next.run);
    expect(slow.aborted()).toBe(true);
    next.end('newer');
    expect(await newer).toBe('newer');
  });

  it('warms after a request, too', async () => {
    const timers = new ManualTimers();
    const warmed: string[] = [];
    const scheduler = new Scheduler((document) => (warmed.push(document), Promise.resolve()), silentLog, timers);
    await scheduler.newest('a', never, 1000, () => Promise.resolve('x'));
    timers.fire();
    expect(warmed).toEqual(['a']);
  });

  it('warms the document touched last, once the user rests', () => {
    const timers = new ManualTimers();
    const warmed: string[] = [];
    const scheduler = new Scheduler((document) => (warmed.push(document), Promise.resolve()), silentLog, timers);
    scheduler.touched('a', 50);
    scheduler.touched('b');
    scheduler.touched('b');
    expect(timers.pending.map(({ ms }) => ms)).toEqual([idleMs]);
    timers.fire();
    expect(warmed).toEqual(['b']);
    timers.fire();
    expect(warmed).toEqual(['b']);
  });

  it('gives up reading for one document when another rests, and at close', () => {
    const timers = new ManualTimers();
    const signals: AbortSignal[] = [];
    const scheduler = new Scheduler((_, signal) => (signals.push(signal), new Promise(() => {})), silentLog, timers);
    scheduler.touched('a');
    timers.fire();
    scheduler.touched('a');
    expect(signals[0].aborted).toBe(false);
    scheduler.touched('b');
    timers.fire();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    scheduler.close();
    expect(signals[1].aborted).toBe(true);
  });

  it('forgets a closed document', () => {
    const timers = new ManualTimers();
    const scheduler = new Scheduler(() => Promise.reject(new Error('must not run')), silentLog, timers);
    scheduler.touched('a');
    scheduler.forget('a');
    expect(timers.pending).toEqual([]);
  });
});
