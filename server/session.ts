// One editor's session: its documents, the plan held for each, and who is served when.
// Refuses to build protocol items (items.ts) and to outlive its connection.
import type {
  DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, Position, SelectedCompletionInfo,
} from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { isSecret, type FileChange } from '../context/index.js';
import type { ClientProfile } from './clients.js';
import { complete } from './complete.js';
import type { Config } from './config.js';
import { projectOf } from './files.js';
import type { Folders } from './folders.js';
import type { Offer } from './items.js';
import { languageOf, offsetOf, pathOf } from './protocol.js';
import { RememberedDocuments } from './remembered.js';
import { Rest, type RestDeps } from './rest.js';
import { Scheduler, type Timers } from './scheduler.js';
import { traceOf } from './trace.js';
import { UnderWay } from './under-way.js';

/** From the first token, after which the text ends with a whole word or, of a block, a complete line where it has one. */
const decodeMsMax = 800;
/** How long a request waits for the model and for text to be read. */
const waitMsMax = 1500;
/** Whatever the engine is busy with, a client has its answer by then; the engine's own bounds, with a run that they cannot interrupt, end before. */
const answerMsMax = 2 * waitMsMax + decodeMsMax;
/** A document just opened is read without waiting for the user to rest. */
const openedRestMs = 50;

export interface SessionDeps extends RestDeps {
  readonly client: ClientProfile;
  readonly clock: Clock;
  readonly log: Log;
  readonly folders: Pick<Folders, 'followsFiles' | 'adopt'>;
  /** For the editor's trace of the protocol; `verbose` is shown where it asks for more. */
  trace(message: string, verbose: string): void;
}

export interface Asked {
  readonly uri: string;
  readonly position: Position;
  readonly kind: 'popup' | 'ghost text';
  /** The editor asks by itself, not because the user typed or called for it. */
  readonly automatic: boolean;
  /** What the editor's popup has selected. */
  readonly selected?: SelectedCompletionInfo;
}

/** What a handler turns into items: `offset` is the cursor in `document`, in UTF-16 units. */
export interface Found {
  readonly document: TextDocument;
  readonly offset: number;
  readonly offer: Offer;
}

export class Session {
  readonly client: ClientProfile;
  private readonly id = `lsp-${process.pid}`;
  private readonly remembered = new RememberedDocuments();
  private readonly underWay = new UnderWay();
  private readonly rest: Rest;
  private readonly scheduler: Scheduler;

  constructor(private readonly deps: SessionDeps) {
    this.client = deps.client;
    this.rest = new Rest(deps, { id: this.id, completable: (uri) => this.completable(uri), of: (uri) => this.remembered.of(uri) });
    this.scheduler = new Scheduler(this.rest, deps.log, deps.timers);
  }

  get config(): Config {
    return this.deps.settings.config;
  }

  /** An editor that names no folder works in the projects of the files that it opens. */
  opened(params: DidOpenTextDocumentParams): void {
    const path = pathOf(params.textDocument.uri);
    if (path !== undefined && this.deps.folders.followsFiles) void this.deps.folders.adopt(projectOf(path));
    this.deps.changes.opened(params);
    this.rest.changed(path);
    this.scheduler.touched(params.textDocument.uri, openedRestMs);
  }

  /** A window whose start moved cannot be kept, nor its plan. */
  edited(params: DidChangeTextDocumentParams): void {
    const { uri } = params.textDocument;
    const { changes } = this.deps;
    if (!changes.document(uri)) return;
    const { changedFrom, deletedOnly } = changes.edited(params);
    const own = this.remembered.of(uri);
    own.isShortened = deletedOnly;
    if (own.cursor !== undefined) own.cursor = Math.min(own.cursor, changes.document(uri)!.getText().length);
    if (changedFrom < (own.held?.windowStart ?? 0)) own.held = undefined;
    this.rest.movedOn(uri);
    this.rest.changed(pathOf(uri));
    this.scheduler.touched(uri);
  }

  /** Plans are made anew by the settings that count now; requests in flight end where `restarting` the engine would break them. */
  configured(restarting: boolean): void {
    this.remembered.dropPlans();
    this.rest.changed();
    if (restarting) this.scheduler.abort();
    this.scheduler.later();
  }

  /** A model was installed: the document at hand is read. */
  modelArrived(): void {
    this.scheduler.later(openedRestMs);
  }

  /** Ends no request, and nobody waits longer for it: the next plan sees it. */
  async changedOnDisk(changes: readonly FileChange[]): Promise<void> {
    if (!(await this.deps.changes.apply(changes))) return;
    this.rest.changed();
    this.scheduler.due();
  }

  async closed(params: DidCloseTextDocumentParams): Promise<void> {
    const { uri } = params.textDocument;
    this.deps.changes.closed(params);
    this.rest.changed(pathOf(uri));
    this.rest.movedOn(uri);
    this.scheduler.forget(uri);
    const { isComposed } = this.remembered.of(uri);
    this.remembered.forget(uri);
    if (isComposed) await (await this.deps.engines.current())?.forget(this.id, uri);
  }

  /**
   * Undefined where nothing is offered: no such document, no model, aborted by `signal`, a newer request or an edit, or nobody asked
   * and the user just deleted something. Never rejects over the engine.
   */
  async offer({ uri, position, kind, automatic, selected }: Asked, signal: AbortSignal): Promise<Found | undefined> {
    const document = this.completable(uri);
    if (!document) return undefined;
    const own = this.remembered.of(uri);
    if (automatic && own.isShortened) return undefined;
    const { encoding, insertsLines } = this.client;
    const offset = offsetOf(document, position, encoding);
    if (own.cursor !== offset) this.rest.movedOn(uri);
    own.cursor = offset;
    const shown = selected && { text: selected.text, replaced: offset - offsetOf(document, selected.range.start, encoding) };
    const { meter } = this.deps;
    const multiline = this.config.multiline && (insertsLines || kind === 'ghost text');
    const asked = JSON.stringify([document.version, offset, multiline, shown]);
    const task = (newest: AbortSignal): Promise<Offer | undefined> => this.underWay.once(uri, asked, () => this.complete(uri, offset, { ...this.config, multiline }, newest, shown));
    const offer = await meter.during('completing', () => this.scheduler.newest(uri, kind, signal, answerMsMax, task));
    meter.answered(offer?.text);
    return offer && { document, offset, offer };
  }

  stop(): void {
    this.scheduler.close();
  }

  private completable(uri: string): TextDocument | undefined {
    const document = this.deps.changes.document(uri);
    const path = pathOf(uri);
    if (!document || path === undefined || isSecret(path)) return undefined;
    const { languages } = this.config;
    return languages === undefined || languages.includes(languageOf(path, document.languageId)) ? document : undefined;
  }

  private async complete(uri: string, offset: number, settings: Config, signal: AbortSignal, selected?: { text: string; replaced: number }): Promise<Offer | undefined> {
    const { repository, clock, engines, meter, timers, trace } = this.deps;
    const { config } = this;
    const startedMs = clock.nowMs();
    const engine = await within(engines.get(), waitMsMax, timers);
    if (!engine || signal.aborted) return undefined;
    const own = this.remembered.of(uri);
    own.isComposed = true;
    try {
      const completion = await complete(
        engine,
        {
          client: this.id, document: uri, repository, cursor: { path: pathOf(uri)!, offset }, held: own.held, selected,
          decodeMsMax, waitMsMax,
        },
        settings, clock, signal,
      );
      const { result, held } = completion;
      engines.worked();
      meter.completed(result, held.plan.segments.length, clock.nowMs() - startedMs);
      trace(...traceOf(uri, completion));
      if (!signal.aborted && config === this.config) {
        own.held = held;
        own.isPartial = result.context.length < held.plan.segments.length;
      }
      return { text: result.text, paths: result.context.map(({ path }) => path) };
    } catch (error) {
      if (!signal.aborted) engines.failed(error);
      return undefined;
    }
  }
}

/** The promise's value, or undefined when it takes longer than `ms`; the promise goes on. */
async function within<T>(promise: Promise<T>, ms: number, timers: Timers): Promise<T | undefined> {
  let timer: unknown;
  const late = new Promise<undefined>((resolve) => (timer = timers.set(() => resolve(undefined), ms)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    timers.clear(timer);
  }
}
