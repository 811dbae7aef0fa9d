// Whose turn it is, with timers of the test's own. Refuses to wait for real time.
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../base/log.js';
import { idleMs, Scheduler, type Resting } from '../../server/scheduler.js';
import { ManualTimers } from '../harness/manual-timers.js';

const never = new AbortController().signal;

/** With nothing to read ahead. */
const resting = (warm: Resting['warm'] = () => Promise.resolve()): Resting => ({ warm, ahead: () => Promise.resolve() });

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
    const scheduler = new Scheduler(resting(), silentLog, new ManualTimers());
    const [first, second, other] = [task(), task(), task()];
    const answers = [scheduler.newest('a', 'popup', never, 1000, first.run), scheduler.newest('b', 'popup', never, 1000, other.run), scheduler.newest('a', 'popup', never, 1000, second.run)];
    second.end('second');
    other.end('other');
    expect(await Promise.all(answers)).toEqual([undefined, 'other', 'second']);
    expect([first.aborted(), second.aborted(), other.aborted()]).toEqual([true, false, false]);
  });

  it('serves a popup and ghost text of one document side by side, and ends both at an edit', async () => {
    const scheduler = new Scheduler(resting(), silentLog, new ManualTimers());
    const [popup, ghost, later] = [task(), task(), task()];
    const answers = [scheduler.newest('a', 'popup', never, 1000, popup.run), scheduler.newest('a', 'ghost text', never, 1000, ghost.run)];
    popup.end('popup');
    ghost.end('ghost');
    expect(await Promise.all(answers)).toEqual(['popup', 'ghost']);
    const both = [scheduler.newest('a', 'popup', never, 1000, later.run), scheduler.newest('a', 'ghost text', never, 1000, later.run)];
    scheduler.touched('a');
    expect(await Promise.all(both)).toEqual([undefined, undefined]);
  });

  it('drops an answer that came in spite of being aborted', async () => {
    const scheduler = new Scheduler(resting(), silentLog, new ManualTimers());
    const answer = scheduler.newest('a', 'popup', never, 1000, () => Promise.resolve('late'));
    scheduler.touched('a');
    expect(await answer).toBeUndefined();
  });

  it('does not start what is cancelled already, nor ends anything for it, and passes on real errors', async () => {
    const scheduler = new Scheduler(resting(), silentLog, new ManualTimers());
    let started = false;
    expect(await scheduler.newest('a', 'popup', AbortSignal.abort(), 1000, async () => void (started = true))).toBeUndefined();
    expect(started).toBe(false);
    const older = task();
    const answer = scheduler.newest('a', 'popup', never, 1000, older.run);
    await scheduler.newest('a', 'popup', AbortSignal.abort(), 1000, () => Promise.resolve('never'));
    older.end('older');
    expect(await answer).toBe('older');
    await expect(scheduler.newest('a', 'popup', never, 1000, () => Promise.reject(new Error('disk full')))).rejects.toThrow('disk full');
  });

  it('answers an aborted request at once, though its task does not end', async () => {
    const scheduler = new Scheduler(resting(), silentLog, new ManualTimers());
    const cancel = new AbortController();
    const answer = scheduler.newest('a', 'popup', cancel.signal, 1000, () => new Promise(() => {}));
    cancel.abort();
    expect(await answer).toBeUndefined();
  });

  it('answers in time, while the task goes on until a newer request', async () => {
    const timers = new ManualTimers();
    const scheduler = new Scheduler(resting(), silentLog, timers);
    const slow = task();
    const answer = scheduler.newest('a', 'popup', never, 1000, slow.run);
    timers.fire();
    expect([await answer, slow.aborted()]).toEqual([undefined, false]);
    const next = task();
    const newer = scheduler.newest('a', 'popup', never, 1000, next.run);
    expect(slow.aborted()).toBe(true);
    next.end('newer');
    expect(await newer).toBe('newer');
  });

  it('warms after a request, too', async () => {
    const timers = new ManualTimers();
    const warmed: string[] = [];
    const scheduler = new Scheduler(resting((document) => (warmed.push(document), Promise.resolve())), silentLog, timers);
    await scheduler.newest('a', 'popup', never, 1000, () => Promise.resolve('x'));
    timers.fire();
    expect(warmed).toEqual(['a']);
  });

  it('goes on after a request that its editor cancelled', async () => {
    const timers = new ManualTimers();
    const scheduler = new Scheduler(resting(), silentLog, timers);
    const [cancel, cancelled] = [new AbortController(), task()];
    const answer = scheduler.newest('a', 'popup', cancel.signal, 1000, cancelled.run);
    cancel.abort();
    await answer;
    await new Promise(setImmediate);
    expect(timers.pending.map(({ ms }) => ms)).toEqual([idleMs]);
  });

  it('warms the document touched last, once the user rests', () => {
    const timers = new ManualTimers();
    const warmed: string[] = [];
    const scheduler = new Scheduler(resting((document) => (warmed.push(document), Promise.resolve())), silentLog, timers);
    scheduler.touched('a', 50);
    scheduler.touched('b');
    scheduler.touched('b');
    expect(timers.pending.map(({ ms }) => ms)).toEqual([idleMs]);
    timers.fire();
    expect(warmed).toEqual(['b']);
    timers.fire();
    expect(warmed).toEqual(['b']);
  });

  it('puts off for nothing on disk what is due', () => {
    const timers = new ManualTimers();
    const warmed: string[] = [];
    const scheduler = new Scheduler(resting((document) => (warmed.push(document), Promise.resolve())), silentLog, timers);
    const due = (): number[] => (scheduler.due(), timers.pending.map(({ ms }) => ms));
    expect(due()).toEqual([]);
    scheduler.touched('a', 50);
    const [running] = timers.pending;
    expect([due(), timers.pending[0] === running]).toEqual([[50], true]);
    timers.fire();
    expect([due(), due(), warmed]).toEqual([[idleMs], [idleMs], ['a']]);
  });

  it('gives up reading for one document when another rests, and at close', async () => {
    const timers = new ManualTimers();
    const warmings: { document: string; signal: AbortSignal }[] = [];
    const scheduler = new Scheduler(resting((document, signal) => (warmings.push({ document, signal }), task().run(signal)).then(() => {})), silentLog, timers);
    scheduler.touched('a');
    timers.fire();
    scheduler.touched('b');
    timers.fire();
    expect(warmings[0].signal.aborted).toBe(true);
    await new Promise(setImmediate);
    expect(warmings.map(({ document, signal }) => [document, signal.aborted])).toEqual([['a', true], ['b', false]]);
    scheduler.close();
    expect(warmings[1].signal.aborted).toBe(true);
  });

  it('finishes reading for a document before it reads for it again', async () => {
    const timers = new ManualTimers();
    const tasks: ReturnType<typeof task>[] = [];
    const scheduler = new Scheduler(resting((_, signal) => {
      tasks.push(task());
      return tasks[tasks.length - 1].run(signal).then(() => {});
    }), silentLog, timers);
    for (let rests = 0; rests < 3; rests += 1) {
      scheduler.touched('a');
      timers.fire();
    }
    expect([tasks.length, tasks[0].aborted()]).toEqual([1, false]);
    tasks[0].end('read');
    await new Promise(setImmediate);
    expect(tasks.length).toBe(2);
    tasks[1].end('read');
    await new Promise(setImmediate);
    expect(tasks.length).toBe(2);
  });

  it('reads ahead once a document is warm, and stops as soon as anybody asks for or touches anything', async () => {
    const timers = new ManualTimers();
    const aheads: AbortSignal[] = [];
    const warmed: string[] = [];
    const scheduler = new Scheduler({ warm: (document) => (warmed.push(document), Promise.resolve()), ahead: (signal) => (aheads.push(signal), task().run(signal)).then(() => {}) }, silentLog, timers);
    const settled = async (): Promise<void> => void (await new Promise(setImmediate));
    const seen = (): object => ({ warmed: warmed.join(''), aheads: aheads.map(({ aborted }) => (aborted ? 'ended' : 'runs')).join(' ') });
    scheduler.touched('a');
    timers.fire();
    await settled();
    expect(seen()).toEqual({ warmed: 'a', aheads: 'runs' });
    scheduler.touched('a');
    expect(seen()).toEqual({ warmed: 'a', aheads: 'ended' });
    timers.fire();
    await settled();
    expect(seen()).toEqual({ warmed: 'aa', aheads: 'ended runs' });
    await scheduler.newest('b', 'popup', never, 1000, () => Promise.resolve('x'));
    expect(seen()).toEqual({ warmed: 'aa', aheads: 'ended ended' });
    scheduler.close();
    await settled();
    expect(seen()).toEqual({ warmed: 'aa', aheads: 'ended ended' });
  });

  it('forgets a closed document', () => {
    const timers = new ManualTimers();
    const scheduler = new Scheduler(resting(() => Promise.reject(new Error('must not run'))), silentLog, timers);
    scheduler.touched('a');
    scheduler.forget('a');
    expect(timers.pending).toEqual([]);
  });
});
