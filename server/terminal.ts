// What a command sees of the terminal: output, interruption, progress, and how errors become one line and an exit code.
// Refuses to write progress to stdout: that is for results.
import { SingleBar } from 'cli-progress';
import type { Env } from '../base/paths.js';
import { systemClock, type Clock } from '../base/clock.js';
import { UserError } from '../base/errors.js';
import type { OnProgress } from '../base/progress.js';
import type { CommandIo } from './commands/io.js';
import { duration } from './quantities.js';

/** What progress is drawn on: stderr, or a fake in a test. */
export interface ProgressStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
}

/** Seconds between two lines where no bar can be drawn. */
const lineEveryMs = 5000;

export function commandIo(env: Env = process.env): CommandIo {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    env,
    signal: interruption(),
    progress: (quiet = false) => (quiet ? { on: () => {}, stop: () => {} } : terminalProgress(process.stderr)),
  };
}

/** Aborted by the first SIGINT or SIGTERM, so that a command can end cleanly; the second ends the process. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(new UserError('interrupted; what was finished is kept'));
    });
  }
  return controller.signal;
}

/** A bar where `stream` is a terminal, else a line every few seconds and one at each label's end. */
export function terminalProgress(stream: ProgressStream, clock: Clock = systemClock): { readonly on: OnProgress; stop(): void } {
  return stream.isTTY ? barProgress(stream, clock) : lineProgress(stream, clock);
}

function barProgress(stream: ProgressStream, clock: Clock): { readonly on: OnProgress; stop(): void } {
  let bar: SingleBar | undefined;
  let label: string | undefined;
  let startedMs = 0;
  let doneAtStart = 0;
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
    label = undefined;
  };
  const on: OnProgress = (progress) => {
    if (progress.label !== label) {
      stop();
      label = progress.label;
      startedMs = clock.nowMs();
      doneAtStart = progress.done;
      bar = new SingleBar({ stream, format: '{label} {bar} {percentage}% {text}', barsize: 24, hideCursor: true, etaBuffer: 50, fps: 5, gracefulExit: false });
      bar.start(progress.total, progress.done, { label, text: '' });
    }
    bar?.setTotal(progress.total);
    bar?.update(progress.done, { text: describe(progress, doneAtStart, clock.nowMs() - startedMs) });
  };
  return { on, stop };
}

function lineProgress(stream: ProgressStream, clock: Clock): { readonly on: OnProgress; stop(): void } {
  let label: string | undefined;
  let startedMs = 0;
  let doneAtStart = 0;
  let writtenMs = 0;
  let ended = false;
  const on: OnProgress = (progress) => {
    const nowMs = clock.nowMs();
    if (progress.label !== label) {
      label = progress.label;
      startedMs = writtenMs = nowMs;
      doneAtStart = progress.done;
      ended = false;
    }
    const atEnd = progress.total > 0 && progress.done >= progress.total && !ended;
    if (!atEnd && nowMs - writtenMs < lineEveryMs) return;
    if (ended) return;
    writtenMs = nowMs;
    ended = atEnd;
    stream.write(`${progress.label}: ${describe(progress, doneAtStart, nowMs - startedMs)}\n`);
  };
  return { on, stop: () => {} };
}

/** `12.0 of 400.0 MB, 3.1 MB/s, 2 min left`: amount, rate and time left. */
export function describe(progress: { done: number; total: number; unit: string }, doneAtStart: number, elapsedMs: number): string {
  const { done, total } = progress;
  const scale = progress.unit === 'bytes' ? 1e6 : 1;
  const unit = progress.unit === 'bytes' ? 'MB' : progress.unit;
  const show = (amount: number): string => (scale === 1 ? Math.round(amount).toLocaleString('en') : (amount / scale).toFixed(1));
  const parts = [total > 0 ? `${show(done)} of ${show(total)} ${unit}` : `${show(done)} ${unit}`];
  const perSecond = elapsedMs > 0 ? ((done - doneAtStart) * 1000) / elapsedMs : 0;
  if (perSecond > 0) {
    parts.push(`${scale === 1 && perSecond < 10 ? perSecond.toFixed(1) : show(perSecond)} ${unit}/s`);
    if (done < total) parts.push(`${duration((total - done) / perSecond)} left`);
  }
  return parts.join(', ');
}

/** One line for the user through `line`, and the code the process ends with; a stack only where KEDGE_DEBUG is set. */
export function exitCodeOf(error: unknown, line: (text: string) => void, env: Env = process.env): number {
  if (env.KEDGE_DEBUG && error instanceof Error) line(error.stack ?? String(error));
  if (error instanceof UserError) {
    line(`kedge: ${error.message}`);
    return error.exitCode;
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && error.name === 'CACError') {
    line(`kedge: ${message} (kedge --help lists commands and options)`);
    return 2;
  }
  line(`kedge: unexpected error: ${message.split('\n')[0]} (KEDGE_DEBUG=1 shows where; please report it)`);
  return 1;
}
