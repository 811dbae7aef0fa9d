// Ties the parts together: what the officer on duty can do.
import type { Anchorage } from './anchorage.js';
import type { Arrivals } from './arrivals.js';
import { judgePassage } from './lockPassage.js';
import { announce, type PortCall } from './portCall.js';
import type { HarbourRules } from './rules.js';
import { tooWindy } from './stormWatch.js';
import type { Sill, TideTable } from './tide.js';
import type { TimeWindow } from './timeWindow.js';
import type { Vessel } from './vessel.js';
import type { WindReport } from './weather.js';

export class ControlRoom {
  constructor(
    private readonly arrivals: Arrivals,
    private readonly anchorage: Anchorage,
    private readonly tides: TideTable,
    private readonly rules: HarbourRules,
  ) {}

  /** Lets a ship in at once where wind, tide and berths allow it; otherwise she waits in the roads. */
  receive(vessel: Vessel, stay: TimeWindow, sill: Sill, wind: WindReport): PortCall {
    const call = announce(vessel);
    const passage = judgePassage(vessel, sill, this.tides, stay.from, this.rules);
    const open = passage.allowed && !tooWindy(wind, this.rules);
    if (open && this.arrivals.findBerth(call, stay)) {
      this.arrivals.bringIn(call, stay.from);
    } else {
      this.anchorage.dropAnchor(call);
    }
    return call;
  }
}
