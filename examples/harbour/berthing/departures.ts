// A ship goes out: tugs against the wind, lines off, the berth is free again.
import type { BerthAllocator } from './allocator.js';
import type { HarbourJournal } from './journal.js';
import { CallStage, type PortCall } from './portCall.js';
import type { Tug, TugFleet } from './tug.js';
import type { WindReport } from './weather.js';

export class Departures {
  constructor(
    private readonly fleet: TugFleet,
    private readonly allocator: BerthAllocator,
    private readonly journal: HarbourJournal,
  ) {}

  orderTugs(call: PortCall, wind: WindReport): Tug[] {
    const tonnes = this.fleet.tonnesToHold(call.vessel, wind);
    return tonnes > 5 ? this.fleet.musterTugs(tonnes) : [];
  }

  /** The ship leaves: her hold on the berth is given back. */
  letGo(call: PortCall): void {
    if (call.hold) this.allocator.surrender(call.hold);
    call.hold = undefined;
    call.stage = CallStage.LinesAway;
    this.journal.inscribe(call.vessel.name, 'left the berth');
  }
}
