// The model's lifetime in a daemon: opened when first needed, opened again when it broke, closed at the end.
// Refuses to reject over a missing or broken model: the user is told once, and there is no engine for a while.
import type { Clock } from '../base/clock.js';
import { UserError } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { Engine } from '../engine/index.js';

/** After the n-th error in a row the engine is opened again 2^n seconds later, at most this long. */
const retryMsMax = 60_000;

export class EngineSlot {
  private opened: Promise<Engine | undefined> | undefined;
  private failuresInARow = 0;
  private retryAtMs = -Infinity;
  private readonly told = new Set<string>();
  /** Engines on their way: one that older settings asked for may still be. */
  private openings = 0;
  private ended = false;

  /** `open` resolves with undefined while no model is installed, of which `missing` hears each time; `tell` shows a message to the user. */
  constructor(
    private readonly open: () => Promise<Engine | undefined>,
    private readonly missing: () => void,
    private readonly tell: (message: string) => void,
    private readonly log: Log,
    private readonly clock: Clock,
  ) {}

  /** The engine, undefined while there is none. Opening goes on when its asker has gone. */
  get(): Promise<Engine | undefined> {
    if (this.opened) return this.opened;
    if (this.ended || this.clock.nowMs() < this.retryAtMs) return Promise.resolve(undefined);
    this.openings += 1;
    const opened = this.open().finally(() => (this.openings -= 1));
    const opening = opened.then(
      (engine) => {
        if (engine) return engine;
        this.release(opening);
        this.missing();
        return undefined;
      },
      (error: unknown) => {
        this.release(opening);
        this.report(error);
        this.later();
        return undefined;
      },
    );
    this.opened = opening;
    return opening;
  }

  worked(): void {
    this.failuresInARow = 0;
  }

  /** The engine where one is open or being opened. */
  current(): Promise<Engine | undefined> {
    return this.opened ?? Promise.resolve(undefined);
  }

  /** After a request failed: what the user can act on is told, and the engine stays; anything else closes it, and a later request opens it anew. */
  failed(error: unknown): void {
    this.report(error);
    if (error instanceof UserError) return;
    this.later();
    this.close().catch((closing: unknown) => this.log.warn(`closing the engine: ${String(closing)}`));
  }

  /** For good. An engine that is still being opened, which may take a model's conversion, is not waited for. */
  async end(): Promise<void> {
    this.ended = true;
    const closed = this.close();
    if (this.openings === 0) await closed;
    else closed.catch((error: unknown) => this.log.warn(`closing the engine: ${String(error)}`));
  }

  /** For other settings: the next asker opens it, whatever failed under those before. */
  async renew(): Promise<void> {
    this.failuresInARow = 0;
    this.retryAtMs = -Infinity;
    this.told.clear();
    await this.close();
  }

  private async close(): Promise<void> {
    const opened = this.opened;
    this.opened = undefined;
    await (await opened)?.close();
  }

  private report(error: unknown): void {
    this.log.error(detailOf(error));
    this.tellOnce(error instanceof UserError ? `Kedge: ${error.message}` : 'Kedge met an error and starts its model again; `kedge doctor` in a terminal says more if completions stay away.');
  }

  private later(): void {
    this.failuresInARow += 1;
    this.retryAtMs = this.clock.nowMs() + Math.min(retryMsMax, 1000 * 2 ** this.failuresInARow);
  }

  private release(opening: Promise<Engine | undefined>): void {
    if (this.opened === opening) this.opened = undefined;
  }

  private tellOnce(message: string): void {
    if (this.told.has(message)) return;
    this.told.add(message);
    this.tell(message);
  }
}

/** A UserError says enough, but for what it may stand for. */
function detailOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof UserError)) return error.stack ?? error.message;
  return error.cause === undefined ? String(error) : `${String(error)}\n${detailOf(error.cause)}`;
}
