// Notices to mariners that are in force.
import type { TimeWindow } from './timeWindow.js';

export interface Notice {
  readonly headline: string;
  readonly inForce: TimeWindow;
}

export class NoticeBoard {
  private pinned: Notice[] = [];

  /** Puts a notice up; the newest stands on top. */
  pinUp(notice: Notice): void {
    this.pinned.unshift(notice);
  }

  /** Throws away what is no longer in force. */
  sweepExpired(now: Date): number {
    const before = this.pinned.length;
    this.pinned = this.pinned.filter((notice) => notice.inForce.to > now);
    return before - this.pinned.length;
  }
}
