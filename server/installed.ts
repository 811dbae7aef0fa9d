// Opens the engine on an installed model and this user's store: what the daemon and every command share.
// Refuses to pull a model unasked.
import { UserError } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { storeDir, type Env } from '../base/paths.js';
import type { OnProgress } from '../base/progress.js';
import { defaultEntry, findModel, openEngine, pullModel, type Engine, type InstalledModel } from '../engine/index.js';
import type { Config } from './config.js';

/** An engine that was opened with others is another engine. */
export const engineSettings = ['model', 'threads', 'storeBytesMax'] as const;
export type EngineSettings = Pick<Config, (typeof engineSettings)[number]>;

export interface OpenInstalledOptions {
  /** The store's folder, where it is not the user's. */
  readonly dir?: string;
  /** Keep what this run wrote whatever the store's bound (the default); a daemon lives too long for that. */
  readonly protectOwn?: boolean;
  /** Of converting a model that this version has not converted yet. */
  readonly onProgress?: OnProgress;
}

/** Undefined where the default model is not installed; UserError where the named one is not. */
export function installedModel(name: string | undefined, env: Env): InstalledModel | undefined {
  const model = findModel(name, env);
  if (!model && name !== undefined) throw new UserError(`no model "${name}" is installed: kedge model list shows those that are`);
  return model;
}

/** Undefined and UserError as for `installedModel`. */
export async function openInstalled({ model: name, storeBytesMax, threads }: EngineSettings, env: Env, options: OpenInstalledOptions = {}): Promise<Engine | undefined> {
  const model = installedModel(name, env);
  const { dir = storeDir(env), protectOwn, onProgress } = options;
  return model && openEngine({ model, storeDir: dir, storeBytesMax, threads, protectOwn, onProgress });
}

export interface PullableModel {
  /** To be fetched. */
  readonly bytes: number;
  /** Rejects with a UserError that says what to do, or with the signal's reason. What was fetched by then is kept for the next time. */
  pull(onProgress: OnProgress, log: Log, signal: AbortSignal): Promise<void>;
}

/** The default model; converted when it is first opened. */
export function pullableModel(env: Env): PullableModel {
  const entry = defaultEntry();
  return {
    bytes: entry.bytes,
    pull: async (onProgress, log, signal) => void (await pullModel(entry.name, { env, onProgress, log, signal, convertNow: false })),
  };
}

export const noModelError = (): UserError => new UserError('no model is installed yet: run kedge model pull');
