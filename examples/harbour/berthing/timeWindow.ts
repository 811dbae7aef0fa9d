// A stretch of time: from is inside, to is not.
const MS_PER_MINUTE = 60_000;

export class TimeWindow {
  constructor(
    readonly from: Date,
    readonly to: Date,
  ) {
    if (to <= from) throw new RangeError('a window must end after it starts');
  }

  get minutes(): number {
    return (this.to.getTime() - this.from.getTime()) / MS_PER_MINUTE;
  }

  /** True when both windows share at least one moment. */
  collidesWith(other: TimeWindow): boolean {
    return this.from < other.to && other.from < this.to;
  }

  /** The same window with `minutes` of slack at both ends. */
  withSlack(minutes: number): TimeWindow {
    const slack = minutes * MS_PER_MINUTE;
    return new TimeWindow(new Date(this.from.getTime() - slack), new Date(this.to.getTime() + slack));
  }
}
