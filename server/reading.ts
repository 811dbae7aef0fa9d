// Reads a plan's segments into the store while the editor shows how far it is.
// Refuses to show anything where nothing is left to read, which takes no time.
import type { WorkDoneProgressReporter } from 'vscode-languageserver';
import type { Clock } from '../base/clock.js';
import type { Segment } from '../base/segment.js';
import type { Engine } from '../engine/index.js';

export interface ReadingDeps {
  readonly client: string;
  readonly storedShare: number;
  readonly clock: Clock;
  /** The editor's own progress display; a reporter that does nothing where it has none. */
  createProgress(): Promise<WorkDoneProgressReporter>;
}

const shownAfterMs = 300;

export async function readSegments(engine: Engine, segments: readonly Segment[], deps: ReadingDeps, signal: AbortSignal): Promise<void> {
  const startedMs = deps.clock.nowMs();
  let creating: Promise<WorkDoneProgressReporter> | undefined;
  let percentShown = -1;
  const onProgress = (done: number, total: number): void => {
    const percent = total > 0 ? Math.floor((done * 100) / total) : 100;
    if (percent === percentShown || (!creating && (percent === 100 || deps.clock.nowMs() - startedMs < shownAfterMs))) return;
    percentShown = percent;
    const message = `${done.toLocaleString('en')} of ${total.toLocaleString('en')} tokens`;
    creating = creating
      ? creating.then((reporter) => (reporter.report(percent, message), reporter))
      : deps.createProgress().then((reporter) => (reporter.begin('Kedge reads', percent, message, false), reporter));
  };
  try {
    await engine.read({ client: deps.client, priority: 'reading', segments, storedShare: deps.storedShare }, signal, onProgress);
  } finally {
    (await creating?.catch(() => undefined))?.done();
  }
}
