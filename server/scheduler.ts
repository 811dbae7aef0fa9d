// Whose turn it is: the newest request of a kind for a document wins over its older ones, and reading waits until the user rests.
// Refuses to know what a request or a reading does.
import type { Log } from '../base/log.js';

/** How long nobody must have typed before a document's plan is made anew and read. */
export const idleMs = 2000;

/** Timers as a parameter, so that tests own them. */
export interface Timers {
  set(action: () => void, ms: number): unknown;
  clear(timer: unknown): void;
}

export const systemTimers: Timers = {
  set: (action, ms) => setTimeout(action, ms).unref(),
  clear: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

/** What is done while the user rests, in this order; each ends soon after it is aborted. */
export interface Resting {
  /** Reads for the document touched last. */
  warm(document: string, signal: AbortSignal): Promise<void>;
  /** Reads what else may be wanted next, until anybody asks for or touches anything. */
  ahead(signal: AbortSignal): Promise<void>;
}

export class Scheduler {
  /** By document, then by what asks: a popup and ghost text are served side by side. */
  private readonly running = new Map<string, Map<string, AbortController>>();
  private idleTimer: unknown;
  private restingIn: string | undefined;
  /** Without a document: what is read ahead. */
  private warming: { readonly document?: string; readonly controller: AbortController } | undefined;
  private warmingNext: string | undefined;
  private closed = false;

  constructor(
    private readonly resting: Resting,
    private readonly log: Log,
    private readonly timers: Timers,
  ) {}

  /**
   * Runs `task` as the newest request of `kind` for the document and aborts the older one. Resolves with undefined at once when it is aborted itself,
   * by `signal`, a newer request or an edit, and after `answerMsMax`, when the task goes on until it ends or is aborted.
   */
  async newest<T>(document: string, kind: string, signal: AbortSignal, answerMsMax: number, task: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    const running = this.running.get(document) ?? new Map<string, AbortController>();
    if (signal.aborted) return undefined;
    running.get(kind)?.abort();
    const own = new AbortController();
    this.running.set(document, running.set(kind, own));
    this.woken(document);
    const either = AbortSignal.any([signal, own.signal]);
    let timer: unknown;
    const given = new Promise<undefined>((resolve) => {
      either.addEventListener('abort', () => resolve(undefined));
      timer = this.timers.set(() => resolve(undefined), answerMsMax);
    });
    const work = task(either).finally(() => {
      if (running.get(kind) === own) running.delete(kind);
      // A newer request, an edit and a close see to what comes next themselves; an editor that cancels does not.
      if (this.restingIn === document && !own.signal.aborted) this.later();
    });
    try {
      return await Promise.race([given, work]);
    } finally {
      this.timers.clear(timer);
    }
  }

  /** The document was opened or edited: its request in flight is for a text that is gone. */
  touched(document: string, restMs = idleMs): void {
    this.abortRequests(document);
    this.woken(document);
    this.later(restMs);
  }

  /** The document touched last is warmed once `restMs` have passed; nothing in flight is ended. */
  later(restMs = idleMs): void {
    if (this.closed) return;
    this.timers.clear(this.idleTimer);
    this.idleTimer = undefined;
    const document = this.restingIn;
    if (document === undefined) return;
    this.idleTimer = this.timers.set(() => {
      this.idleTimer = undefined;
      this.rest(document);
    }, restMs);
  }

  /** The same, but what is to be warmed sooner still is. */
  due(): void {
    if (this.idleTimer === undefined) this.later();
  }

  forget(document: string): void {
    this.abortRequests(document);
    this.running.delete(document);
    if (this.warming?.document === document) this.warming.controller.abort();
    if (this.warmingNext === document) this.warmingNext = undefined;
    if (this.restingIn !== document) return;
    this.timers.clear(this.idleTimer);
    this.idleTimer = undefined;
    this.restingIn = undefined;
  }

  /** Ends whatever runs; what comes next is served. */
  abort(): void {
    this.warming?.controller.abort();
    for (const document of this.running.keys()) this.abortRequests(document);
  }

  private woken(document: string): void {
    this.restingIn = document;
    if (this.warming && this.warming.document === undefined) this.warming.controller.abort();
  }

  private abortRequests(document: string): void {
    for (const controller of this.running.get(document)?.values() ?? []) controller.abort();
  }

  close(): void {
    this.closed = true;
    this.timers.clear(this.idleTimer);
    this.abort();
  }

  /** One reading at a time: the same document's is finished first, another's gives way; what it has read by then stays in the store. */
  private rest(document: string): void {
    if (!this.warming) return this.start(document);
    this.warmingNext = document;
    if (this.warming.document !== document) this.warming.controller.abort();
  }

  private start(document?: string): void {
    const { signal } = (this.warming = { document, controller: new AbortController() }).controller;
    const work = document === undefined ? this.resting.ahead(signal) : this.resting.warm(document, signal);
    work
      .catch((error: unknown) => {
        if (!signal.aborted) this.log.warn(`reading ${document === undefined ? 'ahead' : `for ${document}`} stopped: ${error instanceof Error ? error.message : String(error)}`);
      })
      .finally(() => {
        const next = this.warmingNext;
        this.warming = undefined;
        this.warmingNext = undefined;
        if (this.closed) return;
        if (next !== undefined) this.start(next);
        else if (document !== undefined && !signal.aborted) this.start();
      });
  }
}
