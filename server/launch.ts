// The daemon as a process: over the transport that its command line names, with this machine's clock, power and files.
// Refuses to know which model runs: the caller opens it.
import { systemClock } from '../base/clock.js';
import { outlinesDir } from '../base/paths.js';
import { openRepository } from '../context/index.js';
import { listen } from './connection.js';
import type { DaemonDeps } from './daemon.js';
import { systemPower } from './power.js';
import { systemTimers } from './scheduler.js';
import { runningDaemons, systemProcesses } from './stats.js';
import { openChannel, transportOf } from './transport.js';

/** `stdout` is the only way to the process's own. UserError where `args` name no transport, or the editor cannot be reached. */
export async function launch(args: readonly string[], stdout: NodeJS.WritableStream, model: Pick<DaemonDeps, 'openEngine' | 'pullable'>): Promise<void> {
  // What daemons left behind that were killed is deleted.
  runningDaemons(process.env, systemProcesses(systemClock));
  const channel = await openChannel(transportOf(args), stdout);
  const daemon = listen(channel, {
    ...model,
    openRepository: (roots, settings, onBroken) => openRepository({ roots, outlinesDir: outlinesDir(process.env), ...settings, onBroken }),
    clock: systemClock, timers: systemTimers, power: systemPower(systemClock), env: process.env, exit: (code) => process.exit(code), atExit: (action) => void process.on('exit', action),
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => daemon.end());
}
