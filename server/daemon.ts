// Wiring and lifetimes: one daemon a connection, one session from `initialize` to `shutdown`.
// Refuses to load a model before a document needs it.
import { pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import {
  DidChangeConfigurationNotification, DidChangeWatchedFilesNotification, ErrorCodes, MessageType, ResponseError, ShowMessageNotification,
  type Connection, type Diagnostic, type InitializeParams,
} from 'vscode-languageserver';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { packageVersion } from '../base/package.js';
import type { Env } from '../base/paths.js';
import type { OnProgress } from '../base/progress.js';
import type { FileChange, Repository } from '../context/index.js';
import type { Engine } from '../engine/index.js';
import { Changes } from './changes.js';
import { clientProfile, rootsOf, type ClientProfile } from './clients.js';
import { follow } from './config-files.js';
import type { Config, RepositorySettings } from './config.js';
import { EngineSlot } from './engine-slot.js';
import { Folders } from './folders.js';
import { engineSettings, type PullableModel } from './installed.js';
import { ModelOffer } from './model-offer.js';
import type { Power } from './power.js';
import { Reporter } from './reporter.js';
import type { Timers } from './scheduler.js';
import { Session } from './session.js';
import { Settings, type Counting } from './settings.js';
import { showing, type WorkDone } from './work-done.js';

export interface DaemonDeps {
  /** Undefined where the model is not installed. */
  openEngine(config: Config, onProgress: OnProgress): Promise<Engine | undefined>;
  /** What is fetched where none is installed. */
  readonly pullable: PullableModel;
  /** `onBroken` hears of it when its thread breaks and another one takes over. */
  openRepository(roots: readonly string[], settings: RepositorySettings, onBroken: (error: Error) => void): Repository;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly power: Power;
  /** Where the user's own settings and the daemons' small files lie. */
  readonly env: Env;
  /** Ends the process. */
  exit(code: 0 | 1): void;
  /** Runs `action` when the process ends. */
  atExit(action: () => void): void;
}

/** Under which an editor keeps Kedge's settings. */
const section = 'kedge';

/** So long an ending daemon waits for the model to finish its run and for the store to be sealed. */
const endMsMax = 3000;

export class Daemon {
  private started: { readonly session: Session; readonly engines: EngineSlot; readonly settings: Settings; readonly repository: Repository; readonly folders: Folders; readonly reporter: Reporter; unfollow(): void } | undefined;
  private listens!: () => void;
  private readonly listening = new Promise<void>((resolve) => (this.listens = resolve));
  private stopping: Promise<void> | undefined;
  private readonly stopped = new AbortController();

  constructor(
    private readonly connection: Connection,
    private readonly deps: DaemonDeps,
  ) {}

  /** From `initialize` to `shutdown`. */
  get isRunning(): boolean {
    return this.started !== undefined && this.stopping === undefined;
  }

  /** Throws the protocol's error where the daemon is not running. */
  get session(): Session {
    return this.running.session;
  }

  get folders(): Folders {
    return this.running.folders;
  }

  private get log(): Log {
    return this.connection.console;
  }

  private get running(): NonNullable<typeof this.started> {
    if (!this.started) throw new ResponseError(ErrorCodes.ServerNotInitialized, 'initialize comes first');
    if (this.stopping) throw new ResponseError(ErrorCodes.InvalidRequest, 'after shutdown only exit comes');
    return this.started;
  }

  start(params: InitializeParams): Session {
    if (this.started) throw new ResponseError(ErrorCodes.InvalidRequest, 'initialize came before');
    const { clock, env, openRepository, power, timers, atExit } = this.deps;
    const { log } = this;
    const client = clientProfile(params);
    const roots = rootsOf(params);
    const settings = new Settings(roots, params.initializationOptions, {
      env, encoding: client.encoding,
      publish: (path, diagnostics) => this.publish(path, diagnostics),
      tell: (fault) => this.tell(`Kedge: ${fault}`),
      changed: (before) => this.reconfigure(before),
    });
    const reporter = new Reporter(params, roots, (message) => this.tell(message), { env, clock, timers, log, atExit });
    const repository = openRepository(roots, settings.repository, (error) => log.error(`the repository's thread is started again: ${error.stack ?? error.message}`));
    const workDone: WorkDone = { createProgress: () => this.connection.window.createWorkDoneProgress(), clock };
    const engines = this.enginesBy(settings, client, reporter, workDone);
    const changes = new Changes(repository, client.encoding, (applied) => settings.apply(applied));
    const folders = this.foldersOf(roots, client, reporter, repository);
    const session = new Session({
      client, settings, changes, repository, engines, clock, timers, log, workDone, power, folders,
      meter: reporter.meter,
      trace: (message, verbose) => this.connection.tracer.log(message, verbose),
    });
    const unfollow = follow(() => settings.places(), (path) => settings.apply([{ kind: 'disk', path }]));
    this.started = { session, engines, settings, repository, folders, reporter, unfollow };
    log.info(`Kedge ${packageVersion()} serves ${client.name || 'an editor without a name'} in ${roots.join(', ') || 'the projects of the files that are opened'}`);
    return session;
  }

  /** The model that the settings name, which is offered where it is missing. */
  private enginesBy(settings: Settings, client: ClientProfile, { meter }: Reporter, workDone: WorkDone): EngineSlot {
    const { clock, openEngine, pullable } = this.deps;
    const { log } = this;
    const tell = (message: string): void => this.tell(message);
    const offer = new ModelOffer({
      log, tell, pullBytes: pullable.bytes,
      policy: () => settings.config.modelPull,
      ask: client.messageActions ? (message, titles) => this.ask(message, titles) : undefined,
      pull: () => showing(workDone, 'Kedge', (onProgress) => pullable.pull(onProgress, log, this.stopped.signal)),
      pulled: () => this.started?.session.modelArrived(),
    });
    const open = (): Promise<Engine | undefined> => meter.during('opening the model', () => showing(workDone, 'Kedge', (onProgress) => openEngine(settings.config, onProgress)));
    return new EngineSlot(open, () => offer.missing(this.stopped.signal), tell, log, clock);
  }

  /** The workspace's folders, whose changes the session hears of. */
  private foldersOf(roots: readonly string[], client: ClientProfile, reporter: Reporter, repository: Repository): Folders {
    const changed = (changes: readonly FileChange[]): void => void this.started?.session.changedOnDisk(changes);
    return new Folders(roots, {
      client, changed, log: this.log,
      register: (options) => this.connection.client.register(DidChangeWatchedFilesNotification.type, options),
      watch: (projects, onChanges, onError) => repository.watch(projects, onChanges, onError),
      watchFailed: (error) => reporter.watchFailed(error),
      moved: (moved, loose) => {
        changed([{ kind: 'roots', roots: moved, loose }]);
        reporter.rootsChanged(moved);
      },
    });
  }

  /** Asks the client for its settings, and to be told when they change. */
  async initialized(): Promise<void> {
    this.listens();
    const { client } = this.session;
    const watching = this.folders.initialized();
    const register = client.settingsByRegistration ? this.connection.client.register(DidChangeConfigurationNotification.type, { section }) : undefined;
    await Promise.all([watching, register?.catch(this.unanswered), client.settingsOnRequest ? this.settingsChanged(undefined) : undefined]);
  }

  /** `sent`: what came with the client's notification; a client that can be asked is asked instead. */
  async settingsChanged(sent: unknown): Promise<void> {
    const { settings, session } = this.running;
    if (session.client.settingsOnRequest) await this.connection.workspace.getConfiguration(section).then((value) => settings.fromEditor(value), this.unanswered);
    else if (typeof sent === 'object' && sent !== null && section in sent) settings.fromEditor(sent[section]);
  }

  private readonly unanswered = (error: unknown): void => this.log.warn(`asking the editor for settings: ${String(error)}`);

  /** `shutdown`: what was read is sealed on disk, then the model is let go. */
  stop(): Promise<void> {
    return (this.stopping = this.close(this.running));
  }

  /** `exit`, or the editor is gone. The process ends with 0 after `shutdown`, with 1 without. */
  end(): void {
    const { exit, timers } = this.deps;
    const code = this.stopping ? 0 : 1;
    timers.set(() => exit(code), endMsMax);
    this.stopping ??= this.started ? this.close(this.started) : Promise.resolve();
    this.stopping.then(() => exit(code), () => exit(code));
  }

  private async close({ session, unfollow, folders, repository, engines, reporter }: NonNullable<typeof this.started>): Promise<void> {
    this.stopped.abort();
    session.stop();
    unfollow();
    await Promise.all([folders.close(), repository.close(), engines.end()]);
    reporter.close();
  }

  /** An engine that other settings opened is closed; the next request opens it anew. */
  private reconfigure(before: Counting): void {
    if (!this.started) return;
    const { engines, repository, session, settings } = this.started;
    const { exclude: patterns, excludeFrom: from, pythonEnvironments: folders } = settings.repository;
    if (!isDeepStrictEqual(settings.repository, before.repository)) void repository.apply([{ kind: 'exclude', patterns, from }, { kind: 'environments', folders }]);
    const restarting = engineSettings.some((key) => settings.config[key] !== before.config[key]);
    session.configured(restarting);
    if (restarting) engines.renew().catch((error: unknown) => this.log.warn(`closing the engine: ${String(error)}`));
  }

  private async ask(message: string, titles: readonly string[]): Promise<string | undefined> {
    const chosen = await this.connection.window.showInformationMessage(message, ...titles.map((title) => ({ title })));
    return chosen?.title;
  }

  private tell(message: string): void {
    this.connection.sendNotification(ShowMessageNotification.type, { type: MessageType.Warning, message }).catch(() => {});
  }

  /** In order, and not before the client has taken the answer to `initialize`. */
  private publish(path: string, diagnostics: Diagnostic[]): void {
    this.listening.then(() => this.connection.sendDiagnostics({ uri: pathToFileURL(path).href, diagnostics })).catch(() => {});
  }
}
