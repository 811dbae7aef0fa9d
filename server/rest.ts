// What a session does while its user rests: plans are made anew and read, rows chosen for the cursor, then other files' plans read.
// Refuses to say when that is: the scheduler does.
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { RequestError, UserError } from '../base/errors.js';
import { segmentsToRead, type ContextPlan, type LocalPrompt } from '../base/segment.js';
import type { Cursor, Repository } from '../context/index.js';
import type { ContextForm, Engine, ReadReport, ReadRequest } from '../engine/index.js';
import { Ahead } from './ahead.js';
import type { Changes } from './changes.js';
import { contextOf, storedShare } from './context-form.js';
import type { EngineSlot } from './engine-slot.js';
import type { Meter } from './meter.js';
import { planned, type Planned } from './planning.js';
import type { Power } from './power.js';
import { pathOf } from './protocol.js';
import type { Remembered } from './remembered.js';
import { idleMs, type Resting, type Timers } from './scheduler.js';
import type { Settings } from './settings.js';
import { showing, type WorkDone } from './work-done.js';

/** What it needs of its session. */
export interface Documents {
  /** Names the session to the engine. */
  readonly id: string;
  /** Undefined where nothing is offered. */
  completable(uri: string): TextDocument | undefined;
  of(uri: string): Remembered;
}

export interface RestDeps {
  readonly settings: Pick<Settings, 'config'>;
  readonly changes: Changes;
  readonly repository: Repository;
  readonly engines: EngineSlot;
  readonly timers: Timers;
  readonly power: Power;
  readonly meter: Meter;
  readonly workDone: WorkDone;
}

export class Rest implements Resting {
  private readonly plans: Ahead;
  /** What chooses rows for a document's cursor: of no use once that moves on. */
  private settling: { readonly uri: string; readonly abort: AbortController } | undefined;

  constructor(
    private readonly deps: RestDeps,
    private readonly documents: Documents,
  ) {
    this.plans = new Ahead(deps.repository, (signal) => this.outlined(signal));
  }

  /** The file's text may be another now; without a path, any file's. */
  changed(path?: string): void {
    this.plans.changed(path);
  }

  /** The document was edited, or is asked about at another place. */
  movedOn(uri: string): void {
    if (this.settling?.uri === uri) this.settling.abort.abort();
  }

  /**
   * The plan is made anew where the cursor last was, what the store lacks of it is read, and the cursor's queries choose among its rows.
   * A document in which no completion was asked for is read ahead. Until then the document is completed over the plan that it has, and longer where the user goes on before that, unless it had but a part of it.
   */
  async warm(uri: string, signal: AbortSignal): Promise<void> {
    const document = this.documents.completable(uri);
    if (!document) return;
    const { version } = document;
    const { config } = this.deps.settings;
    const engine = await this.deps.engines.get();
    if (!engine || signal.aborted) return;
    const own = this.documents.of(uri);
    const { cursor } = own;
    if (cursor === undefined && (await this.paused())) return;
    const made = await this.readPlan(engine, { path: pathOf(uri)!, offset: cursor ?? 0 }, own.held?.plan, 'reading', signal);
    const isCurrent = (): boolean => !signal.aborted && config === this.deps.settings.config && this.documents.completable(uri) === document;
    if (!made || cursor === undefined || !isCurrent()) return;
    const { prompt, held } = made;
    const isHere = document.version === version && own.cursor === cursor;
    const isSettled = isHere && (await this.settle(engine, uri, { prompt, context: contextOf(held.plan, config) }, signal));
    if (isCurrent() && (isSettled || own.isPartial)) own.held = held;
  }

  async ahead(signal: AbortSignal): Promise<void> {
    const { changes, engines } = this.deps;
    const open = new Map(changes.uris.filter((uri) => this.documents.completable(uri)).map((uri) => [pathOf(uri)!, this.documents.of(uri)]));
    for await (const path of this.plans.next([...open.keys()], signal)) {
      const engine = (await this.paused()) ? undefined : await engines.get();
      if (!engine || signal.aborted) return;
      const { cursor, held } = open.get(path) ?? {};
      if (!(await this.readPlan(engine, { path, offset: cursor ?? 0 }, held?.plan, 'background', signal).catch((error: unknown) => this.passedOver(path, error)))) return;
    }
  }

  /** What fails for one file alone keeps no other from being read. */
  private passedOver(path: string, error: unknown): true {
    if (!(error instanceof RequestError)) throw error;
    this.plans.wasRead(path);
    return true;
  }

  /** False where the user moved on before it was done. */
  private async settle(engine: Engine, uri: string, { prompt, context }: { readonly prompt: LocalPrompt; readonly context: ContextForm }, signal: AbortSignal): Promise<boolean> {
    const abort = new AbortController();
    this.settling = { uri, abort };
    this.documents.of(uri).isComposed = true;
    try {
      await this.reading(() => engine.settle({ client: this.documents.id, document: uri, prompt, context }, AbortSignal.any([signal, abort.signal])));
      return true;
    } catch (error) {
      if (abort.signal.aborted) return false;
      throw error;
    } finally {
      if (this.settling?.abort === abort) this.settling = undefined;
    }
  }

  /** Looked at now and then, since nobody waits for it; ends at once when aborted, so that a resting document need not wait. */
  private async outlined(signal: AbortSignal): Promise<void> {
    const { repository, timers } = this.deps;
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    do await Promise.race([aborted, new Promise<void>((resolve) => timers.set(resolve, idleMs))]);
    while (!signal.aborted && (await repository.outlined()).pending > 0);
  }

  /** Makes the plan anew, with groups of the plan that was `readBefore`, and reads what the store lacks of it. Undefined where it is aborted. */
  private async readPlan(engine: Engine, cursor: Cursor, readBefore: ContextPlan | undefined, priority: ReadRequest['priority'], signal: AbortSignal): Promise<Planned | undefined> {
    const { repository, meter, workDone, settings } = this.deps;
    const made = await planned(engine, { repository, cursor, readBefore, priority: 'reading' }, settings.config, signal);
    if (signal.aborted) return undefined;
    const request = { client: this.documents.id, priority, segments: segmentsToRead(made.held.plan), ofPlan: true, storedShare } as const;
    const read = (): Promise<ReadReport> => showing(workDone, 'Kedge', (on) => engine.read(request, signal, (done, total) => on({ label: 'reading', done, total, unit: 'tokens' })));
    meter.read(await this.reading(read));
    if (signal.aborted) return undefined;
    this.plans.wasRead(cursor.path);
    return made;
  }

  /** Trouble that the user can act on is told: nobody waits for what fails here. */
  private async reading<T>(work: () => Promise<T>): Promise<T> {
    const { engines, meter } = this.deps;
    try {
      return await meter.during('reading', work);
    } catch (error) {
      if (error instanceof UserError) engines.failed(error);
      throw error;
    }
  }

  /** Whether nothing is read ahead now. */
  private async paused(): Promise<boolean> {
    const { readingPaused } = this.deps.settings.config;
    return readingPaused === 'always' || (readingPaused === 'onBattery' && (await this.deps.power.onBattery()));
  }
}
