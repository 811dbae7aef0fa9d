// Shows in the editor how far long work is, by the protocol's work-done progress.
// Refuses to show what ends at once, and to let an editor that shows nothing, or never answers, hold the work up.
import type { WorkDoneProgressReporter } from 'vscode-languageserver';
import type { Clock } from '../base/clock.js';
import type { OnProgress } from '../base/progress.js';

const shownAfterMs = 300;

export interface WorkDone {
  /** The editor's own display; a reporter that does nothing where it has none. */
  createProgress(): Promise<WorkDoneProgressReporter>;
  readonly clock: Clock;
}

/** Runs `work` and shows what it reports under `title`, a percentage at a time, and each label as work of its own. */
export async function showing<T>({ createProgress, clock }: WorkDone, title: string, work: (onProgress: OnProgress) => Promise<T>): Promise<T> {
  const startedMs = clock.nowMs();
  let creating: Promise<WorkDoneProgressReporter | undefined> | undefined;
  let shown = { label: '', percent: -1 };
  const onProgress: OnProgress = ({ label, done, total, unit }) => {
    const percent = total > 0 ? Math.floor((done * 100) / total) : 100;
    const same = label === shown.label;
    const begun = same && creating !== undefined;
    if ((same && percent === shown.percent) || (!begun && (percent === 100 || clock.nowMs() - startedMs < shownAfterMs))) return;
    shown = { label, percent };
    const message = `${label}: ${unit === 'bytes' ? `${megabytes(done)} of ${megabytes(total)} MB` : `${count(done)} of ${count(total)} ${unit}`}`;
    const before = creating;
    const display = async (): Promise<WorkDoneProgressReporter | undefined> => {
      const reporter = await before;
      if (begun) {
        reporter?.report(percent, message);
        return reporter;
      }
      reporter?.done();
      const created = await createProgress();
      created.begin(title, percent, message, false);
      return created;
    };
    creating = display().catch(() => undefined);
  };
  try {
    return await work(onProgress);
  } finally {
    creating?.then((reporter) => reporter?.done()).catch(() => {});
  }
}

const megabytes = (bytes: number): string => count(bytes / 1e6);
const count = (amount: number): string => Math.round(amount).toLocaleString('en');
