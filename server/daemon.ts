// Wiring and lifetimes: one daemon a connection, one session from `initialize` to `shutdown`.
// Refuses to load a model before a document needs it.
import {
  ErrorCodes, MessageType, ResponseError, ShowMessageNotification,
  type Connection, type InitializeParams,
} from 'vscode-languageserver';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { Workspace } from '../context/index.js';
import type { Engine } from '../engine/index.js';
import { Changes } from './changes.js';
import { clientProfile, rootsOf } from './clients.js';
import { loadConfig, type Config } from './config.js';
import { EngineSlot } from './engine-slot.js';
import { Session } from './session.js';

export interface DaemonDeps {
  /** Undefined where the model is not installed. */
  openEngine(config: Config): Promise<Engine | undefined>;
  readonly clock: Clock;
}

export class Daemon {
  private started: { readonly session: Session; readonly engines: EngineSlot } | undefined;

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
    const { clock, openEngine } = this.deps;
    const log: Log = this.connection.console;
    const client = clientProfile(params);
    const roots = rootsOf(params);
    const { config, faults } = loadConfig(roots[0], params.initializationOptions);
    for (const { place, message } of faults) this.tell(`Kedge: ${place}: ${message}`);
    const workspace = new Workspace(roots);
    const engines = new EngineSlot(() => openEngine(config), (message) => this.tell(message), log, clock);
    const changes = new Changes(workspace, client.encoding);
    const session = new Session({ client, config, changes, engines, clock, log, createProgress: () => this.connection.window.createWorkDoneProgress() });
    this.started = { session, engines };
    return session;
  }

  async stop(): Promise<void> {
    this.started?.session.stop();
    await this.started?.engines.close();
  }

  private tell(message: string): void {
    this.connection.sendNotification(ShowMessageNotification.type, { type: MessageType.Warning, message }).catch(() => {});
  }
}
