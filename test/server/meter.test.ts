// What a daemon counts. Refuses to measure time: results come with theirs.
import { describe, expect, it } from 'vitest';
import { Meter } from '../../server/meter.js';
import type { CompleteResult, ReadReport } from '../../engine/index.js';

const result = (firstTokenMs: number, totalMs: number, tokensDecoded: number, served: number, contextTokens: number): CompleteResult =>
  ({ timing: { firstTokenMs, totalMs, composeMs: 0, prefillMs: 0 }, tokensDecoded, context: Array(served).fill({}), kv: { contextTokens } }) as unknown as CompleteResult;

describe('a meter', () => {
  it('starts at nothing', () => {
    expect(new Meter(() => {}).counts()).toEqual({ now: 'idle', requests: { offered: 0, empty: 0, dropped: 0 }, firstTokenMs: null, totalMs: null, segments: { planned: 0, served: 0 }, tokens: { read: 0, saved: 0 } });
  });

  it('counts answers, cache hits, and tokens read and saved', () => {
    const meter = new Meter(() => {});
    for (const text of ['a', 'b', '', undefined]) meter.answered(text);
    meter.completed(result(50, 80, 4, 3, 1000), 4, 100);
    meter.completed(result(0, 0, 0, 0, 0), 4, 900);
    meter.read({ tokensEncoded: 70 } as ReadReport);
    meter.read({ tokensEncoded: 7 } as ReadReport);
    expect(meter.counts()).toMatchObject({ requests: { offered: 2, empty: 1, dropped: 1 }, segments: { planned: 8, served: 3 }, tokens: { read: 77, saved: 1000 } });
  });

  it('knows median and 95th percentile from the request\'s arrival, of the completions that had a token', () => {
    const meter = new Meter(() => {});
    for (let n = 1; n <= 100; n++) meter.completed(result(10, 15, 1, 0, 0), 0, n + 5);
    meter.completed(result(0, 0, 0, 0, 0), 0, 100_000);
    expect(meter.counts()).toMatchObject({ firstTokenMs: { median: 50.5, p95: 95.05, count: 100 }, totalMs: { median: 55.5, p95: 100.05, count: 100 } });
  });

  it('forgets the oldest of 500', () => {
    const meter = new Meter(() => {});
    for (const ms of [...Array<number>(300).fill(1000), ...Array<number>(500).fill(10)]) meter.completed(result(0, 0, 1, 0, 0), 0, ms);
    expect(meter.counts().totalMs).toEqual({ median: 10, p95: 10, count: 500 });
  });

  it('names what is being done, and says when that changes', async () => {
    let changes = 0;
    const meter = new Meter(() => changes++);
    const ends: (() => void)[] = [];
    const work = (): Promise<void> => new Promise((resolve) => ends.push(resolve));
    const all = [meter.during('reading', work), meter.during('completing', work), meter.during('completing', () => Promise.reject(new Error('x'))).catch(() => {})];
    await all[2];
    expect([meter.counts().now, changes]).toEqual(['completing', 4]);
    ends[1]();
    await all[1];
    expect(meter.counts().now).toBe('reading');
    ends[0]();
    await all[0];
    expect([meter.counts().now, changes]).toEqual(['idle', 6]);
  });
});
