// Notices to mariners that are in force.
import type { TimeWindow } from './timeWindow.js';

export interface Notice {
  readonly headline: string;
  readonly inForce: TimeWindow;
}

export class NoticeBoard {
  private notices: Notice[] = [];

  /** Puts a notice up; the newest stands on top. */
  displayNotice(notice: Notice): void {
    this.notices.unshift(notice);
  }

  /** Throws away what is no longer in force. */
  sweepExpired(now: Date): number {
    const before = this.notices.length;
    this.notices = this.notices.filter((notice) => notice.inForce.to > now);
    return before - this.notices.length;
  }
}
