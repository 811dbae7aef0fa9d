// How a command gets its engine: the flags that name a model and threads, opening, and closing whatever happens.
// Refuses to know what the command does with it.
import type { Command } from 'cac';
import { UserError } from '../../base/errors.js';
import type { Engine } from '../../engine/index.js';
import { loadConfig } from '../config-load.js';
import type { Config } from '../config.js';
import { noModelError, openInstalled } from '../installed.js';
import { withProgress, type CommandIo } from './io.js';

/** As cac hands them over: it makes numbers of what looks like one. */
export interface EngineFlags {
  readonly model?: string | number;
  readonly threads?: string | number;
}

export const engineFlags = (command: Command): Command =>
  command.option('--model <name>', 'An installed model other than the default').option('--threads <n>', 'Processor threads');

/** The user's settings and those of the workspace's folder `root`; faults are named on stderr. */
export function commandConfig(io: CommandIo, root?: string): Config {
  const { config, faults } = loadConfig(root, io.env);
  for (const fault of faults) io.err(`kedge: ${fault}`);
  return config;
}

export interface WithEngineOptions {
  /** The store's folder, where it is not the user's. */
  readonly dir?: string;
  /** The user's settings by default; flags beat them. */
  readonly config?: Config;
}

/** Opens the engine for `use` and closes it, sealing what was read. UserError where the model is not installed. */
export async function withEngine<T>(io: CommandIo, flags: EngineFlags, use: (engine: Engine) => Promise<T>, { dir, config = commandConfig(io) }: WithEngineOptions = {}): Promise<T> {
  const settings = { ...config, model: flags.model === undefined ? config.model : String(flags.model), threads: countFlag('threads', flags.threads) ?? config.threads };
  const engine = await withProgress(io, false, (onProgress) => openInstalled(settings, io.env, { dir, onProgress }));
  if (!engine) throw noModelError();
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

/** A flag that is a whole number from 1 up, or absent. */
export function countFlag(name: string, value: string | number | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
  throw new UserError(`--${name} ${value} is not a whole number from 1 up`, 2);
}
