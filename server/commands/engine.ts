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
  const settings = { ...config, model: flags.model === undefined ? config.model : String(flags.model), threads: flags.threads === undefined ? config.threads : wholeFlag('threads', flags.threads) };
  const engine = await withProgress(io, false, (onProgress) => openInstalled(settings, io.env, { dir, onProgress }));
  if (!engine) throw noModelError();
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

/** What a flag says that takes a whole number from `least` up. UserError where it is none. */
export function wholeFlag(name: string, given: string | number, least = 1): number {
  if (typeof given === 'number' && Number.isInteger(given) && given >= least) return given;
  throw new UserError(`--${name} ${given} is not a whole number from ${least} up`, 2);
}
