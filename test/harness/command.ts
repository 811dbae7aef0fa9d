// Runs a command in this process and returns what it prints. Refuses to draw progress.
import { cac } from 'cac';
import type { Env } from '../../base/paths.js';
import type { AddCommand } from '../../server/commands/io.js';

export interface Printed {
  readonly out: string;
  readonly err: string;
  readonly exitCode: typeof process.exitCode;
}

/** Rejects with what the command throws. Leaves `process.exitCode` as the command set it. */
export async function runCommand(add: AddCommand, env: Env, ...args: string[]): Promise<Printed> {
  const out: string[] = [];
  const err: string[] = [];
  const cli = cac('kedge');
  add(cli, { out: (text) => void out.push(text), err: (text) => void err.push(text), env, signal: new AbortController().signal, progress: () => ({ on: () => {}, stop: () => {} }) });
  cli.parse(['node', 'kedge', ...args], { run: false });
  await cli.runMatchedCommand();
  return { out: out.join('\n'), err: err.join('\n'), exitCode: process.exitCode };
}
