// Closes the harbour when it blows too hard.
import { TimeWindow } from './timeWindow.js';
import type { NoticeBoard } from './notices.js';
import type { HarbourRules } from './rules.js';
import type { WindReport } from './weather.js';

const CLOSED_HOURS = 3;

/** True when the strongest gust is above what the rules allow. */
export function tooWindy(report: WindReport, rules: HarbourRules): boolean {
  const gust = report.gustAtPeak;
  return gust > rules.gustCeiling;
}

export function closeHarbour(board: NoticeBoard, now: Date): void {
  const reopen = new Date(now.getTime() + CLOSED_HOURS * 3_600_000);
  const notice = { headline: 'harbour closed: storm', inForce: new TimeWindow(now, reopen) };
  board.displayNotice(notice);
}
