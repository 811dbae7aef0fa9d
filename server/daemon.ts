// Wiring and lifetimes: one daemon a connection, one session from `initialize` to `shutdown`.
// Refuses to load a model before a document needs it.
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import {
  ErrorCodes, MessageType, ResponseError, ShowMessageNotification,
  type Connection, type InitializeParams,
} from 'vscode-languageserver';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { OnProgress } from '../base/progress.js';
import { watch, Workspace, type Watcher } from '../context/index.js';
import type { Engine } from '../engine/index.js';
import { Changes } from './changes.js';
import { clientProfile, rootsOf } from './clients.js';
import { loadConfig, type Config } from './config.js';
import { EngineSlot } from './engine-slot.js';
import type { Timers } from './scheduler.js';
import { Session } from './session.js';
import { showing, type WorkDone } from './work-done.js';

export interface DaemonDeps {
  /** Undefined where the model is not installed. */
  openEngine(config: Config, onProgress: OnProgress): Promise<Engine | undefined>;
  readonly clock: Clock;
  readonly timers: Timers;
}

export class Daemon {
  private started: { readonly session: Session; readonly engines: EngineSlot } | undefined;
  private watcher: Watcher | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly deps: DaemonDeps,
  ) {}

  /** Throws the protocol's error where `initialize` has not come yet. */
  get session(): Session {
    if (!this.started) throw new ResponseError(ErrorCodes.ServerNotInitialized, 'initialize comes first');
    return this.started.session;
  }

  start(params: InitializeParams): Session {
    const { clock, openEngine, timers } = this.deps;
    const log: Log = this.connection.console;
    const client = clientProfile(params);
    const roots = rootsOf(params);
    const { config, faults } = loadConfig(roots[0], params.initializationOptions);
    for (const { place, message } of faults) this.tell(`Kedge: ${place}: ${message}`);
    const workspace = new Workspace(roots);
    const workDone: WorkDone = { createProgress: () => this.connection.window.createWorkDoneProgress(), clock };
    const engines = new EngineSlot(() => showing(workDone, 'Kedge', (onProgress) => openEngine(config, onProgress)), (message) => this.tell(message), log, clock);
    const changes = new Changes(workspace, client.encoding);
    const session: Session = new Session({
      client, config, changes, engines, clock, timers, log, workDone,
      adoptRoot: (root) => {
        changes.apply([{ kind: 'roots', roots: [root] }]);
        this.watch([root], session, log);
      },
    });
    this.watch(roots, session, log);
    this.started = { session, engines };
    return session;
  }

  async stop(): Promise<void> {
    this.started?.session.stop();
    await Promise.all([this.watcher?.close(), this.started?.engines.close()]);
  }

  /** A whole disk or home folder is no project: changes there count when a file is opened. */
  private watch(roots: readonly string[], session: Session, log: Log): void {
    const projects = roots.filter((root) => root !== homedir() && dirname(root) !== root);
    if (projects.length === 0) return;
    this.watcher = watch(projects, (changes) => session.changedOnDisk(changes), (error) => log.warn(`watching files: ${String(error)}`));
  }

  private tell(message: string): void {
    this.connection.sendNotification(ShowMessageNotification.type, { type: MessageType.Warning, message }).catch(() => {});
  }
}
