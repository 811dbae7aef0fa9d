// What every command of the command line shares: where text goes, and how long work shows where it stands.
// Refuses to know any one command.
import type { CAC } from 'cac';
import type { Env } from '../../base/paths.js';
import type { OnProgress } from '../../base/progress.js';

export interface CommandIo {
  /** stdout: results only. */
  out(text: string): void;
  /** stderr: everything that is not a result. */
  err(text: string): void;
  readonly env: Env;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** A bar on a terminal, a line now and then elsewhere, nothing where `quiet`. Call `stop` before printing results. */
  progress(quiet?: boolean): { readonly on: OnProgress; stop(): void };
}

/** Shows where `work` stands while it lasts. */
export async function withProgress<T>(io: Pick<CommandIo, 'progress'>, quiet: boolean, work: (on: OnProgress) => Promise<T>): Promise<T> {
  const progress = io.progress(quiet);
  try {
    return await work(progress.on);
  } finally {
    progress.stop();
  }
}

/** One command, one file: adds itself to `cli`; its action throws UserError for expected trouble and sets process.exitCode for anything but 0. */
export type AddCommand = (cli: CAC, io: CommandIo) => void;
