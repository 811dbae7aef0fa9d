// Counts what a daemon does: requests, their latencies, what the store spared, what it is doing now. Refuses to write anything.
import { quantile } from 'simple-statistics';
import type { CompleteResult, ReadReport } from '../engine/index.js';

export type Doing = 'opening the model' | 'completing' | 'reading';

/** Of the last completions; milliseconds. */
export interface Latency {
  readonly median: number;
  readonly p95: number;
  readonly count: number;
}

export interface Counts {
  readonly now: Doing | 'idle';
  readonly requests: {
    /** Answered with text. */
    readonly offered: number;
    /** Answered with nothing: nothing to add, too unsure, or not read yet. */
    readonly empty: number;
    /** Cancelled, overtaken by a newer one, too late, or without a model. */
    readonly dropped: number;
  };
  /** From the request's arrival; null before the first completion. */
  readonly firstTokenMs: Latency | null;
  readonly totalMs: Latency | null;
  /** Of the segments that completions were planned with: how many the store had. */
  readonly segments: { readonly planned: number; readonly served: number };
  /** `read`: run through the model ahead of time; `saved`: stood before a cursor without being run. */
  readonly tokens: { readonly read: number; readonly saved: number };
}

const samplesMax = 500;
/** The first that is being done is named. */
const order: readonly Doing[] = ['opening the model', 'completing', 'reading'];

export class Meter {
  private readonly doing = new Map<Doing, number>();
  private readonly firstTokenMs: number[] = [];
  private readonly totalMs: number[] = [];
  private readonly requests = { offered: 0, empty: 0, dropped: 0 };
  private readonly segments = { planned: 0, served: 0 };
  private readonly tokens = { read: 0, saved: 0 };

  /** `changed` is called after every change of what is counted. */
  constructor(private readonly changed: () => void) {}

  /** Runs `work`, which is named as what is being done meanwhile. */
  async during<T>(what: Doing, work: () => Promise<T>): Promise<T> {
    this.count(what, 1);
    try {
      return await work();
    } finally {
      this.count(what, -1);
    }
  }

  /** A request's answer; undefined where it has none. */
  answered(text: string | undefined): void {
    this.requests[text === undefined ? 'dropped' : text === '' ? 'empty' : 'offered'] += 1;
    this.changed();
  }

  /** What the engine said `elapsedMs` after the request's arrival, of a plan of `planned` segments. */
  completed({ context, kv, timing, tokensDecoded }: CompleteResult, planned: number, elapsedMs: number): void {
    this.segments.planned += planned;
    this.segments.served += context.length;
    this.tokens.saved += kv.contextTokens;
    if (tokensDecoded === 0) return;
    sample(this.firstTokenMs, elapsedMs - (timing.totalMs - timing.firstTokenMs));
    sample(this.totalMs, elapsedMs);
  }

  read({ tokensEncoded }: ReadReport): void {
    this.tokens.read += tokensEncoded;
    this.changed();
  }

  counts(): Counts {
    const { requests, segments, tokens } = this;
    return {
      now: order.find((what) => (this.doing.get(what) ?? 0) > 0) ?? 'idle',
      requests: { ...requests }, firstTokenMs: latencyOf(this.firstTokenMs), totalMs: latencyOf(this.totalMs), segments: { ...segments }, tokens: { ...tokens },
    };
  }

  private count(what: Doing, by: number): void {
    this.doing.set(what, (this.doing.get(what) ?? 0) + by);
    this.changed();
  }
}

function sample(samples: number[], ms: number): void {
  samples.push(ms);
  if (samples.length > samplesMax) samples.shift();
}

function latencyOf(samples: number[]): Latency | null {
  return samples.length === 0 ? null : { median: quantile(samples, 0.5), p95: quantile(samples, 0.95), count: samples.length };
}
