#!/usr/bin/env node
// The program: argv, the daemon's launch and exit codes. Loads only the command that was asked for, so that `--version` is instant.
// Refuses to print anything but results (a command) or protocol (the daemon) on stdout.
import { UserError } from '../base/errors.js';
import { packageVersion } from '../base/package.js';
import type { AddCommand } from './commands/io.js';
import { claimStdout } from './output.js';
import { commandIo, exitCodeOf } from './terminal.js';

/** In the order that `--help` lists them. */
const commands: Readonly<Record<string, () => Promise<AddCommand>>> = {
  model: async () => (await import('./commands/model.js')).addModelCommand,
  index: async () => (await import('./commands/index.js')).addIndexCommand,
  complete: async () => (await import('./commands/complete.js')).addCompleteCommand,
  explain: async () => (await import('./commands/explain.js')).addExplainCommand,
  demo: async () => (await import('./commands/demo.js')).addDemoCommand,
  eval: async () => (await import('./commands/eval.js')).addEvalCommand,
  cache: async () => (await import('./commands/cache.js')).addCacheCommand,
  stats: async () => (await import('./commands/stats.js')).addStatsCommand,
  config: async () => (await import('./commands/config.js')).addConfigCommand,
  doctor: async () => (await import('./commands/doctor.js')).addDoctorCommand,
};

const transportFlag = /^--(stdio|node-ipc|socket|pipe)(=|$)/;

async function main(argv: readonly string[]): Promise<void> {
  const args = argv.slice(2);
  const word = args[0]?.startsWith('-') ? undefined : args[0];
  if (args.some((arg) => transportFlag.test(arg))) return launchDaemon(args);
  if (word === undefined && (args.includes('--version') || args.includes('-v'))) {
    process.stdout.write(`kedge ${packageVersion()}\n`);
    return;
  }
  if (word !== undefined && !Object.hasOwn(commands, word)) {
    throw new UserError(`no command "${word}": the commands are ${Object.keys(commands).join(', ')} (kedge --help says what each does)`, 2);
  }
  if (word === undefined && args.length > 0 && !args.includes('--help') && !args.includes('-h')) {
    throw new UserError(`no option "${args[0]}" without a command: run kedge --help`, 2);
  }
  await runCommand(argv, word);
}

async function runCommand(argv: readonly string[], word: string | undefined): Promise<void> {
  const { cac } = await import('cac');
  const cli = cac('kedge');
  const io = commandIo();
  for (const name of word === undefined ? Object.keys(commands) : [word]) (await commands[name]())(cli, io);
  cli.usage('--stdio | <command> [options]');
  cli.option('--stdio', 'Run as a language server for an editor, over stdin and stdout');
  cli.option('--node-ipc', 'The same over the IPC channel of the Node process that starts it');
  cli.option('--socket <port>', 'The same over a port of this machine on which the editor listens');
  cli.option('--pipe <name>', 'The same over a pipe or socket file on which the editor listens');
  cli.help().version(packageVersion());
  if (word === undefined) {
    cli.parse([...argv.slice(0, 2), '--help'], { run: false });
    return;
  }
  cli.parse([...argv], { run: false });
  await cli.runMatchedCommand();
}

async function launchDaemon(args: readonly string[]): Promise<void> {
  // A daemon whose event loop runs empty has not been shut down.
  process.exitCode = 1;
  const stdout = claimStdout();
  const [{ launch }, { openInstalled, pullableModel }] = await Promise.all([import('./launch.js'), import('./installed.js')]);
  await launch(args, stdout, {
    openEngine: (config, onProgress) => openInstalled(config, process.env, { protectOwn: false, onProgress }),
    pullable: pullableModel(process.env),
  });
}

main(process.argv).catch((error: unknown) => {
  process.exitCode = exitCodeOf(error, (line) => process.stderr.write(`${line}\n`));
});
