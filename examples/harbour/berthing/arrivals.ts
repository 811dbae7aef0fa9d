// A ship comes in: a berth, a pilot, and word by radio.
import type { BerthAllocator } from './allocator.js';
import { byQuayLength, fitsAlongside, type Berth } from './berth.js';
import type { PilotRoster } from './pilot.js';
import { CallStage, type PortCall } from './portCall.js';
import type { PortRadio } from './radio.js';
import type { TimeWindow } from './timeWindow.js';

export class Arrivals {
  constructor(
    private readonly berths: Berth[],
    private readonly allocator: BerthAllocator,
    private readonly roster: PilotRoster,
    private readonly radio: PortRadio,
  ) {}

  /** Finds the shortest berth that is free for the whole stay. */
  findBerth(call: PortCall, stay: TimeWindow): boolean {
    const fitting = this.berths.filter((berth) => fitsAlongside(call.vessel, berth)).sort(byQuayLength);
    for (const berth of fitting) {
      const hold = this.allocator.reserveWindow(berth, stay);
      if (hold) {
        call.hold = hold;
        return true;
      }
    }
    return false;
  }

  /** Sends a pilot to the ship and tells her where she will lie. */
  bringIn(call: PortCall, at: Date): void {
    const { vessel } = call;
    const pilot = this.roster.pilotOnWatch(vessel.length, at);
    if (!pilot || !call.hold) return;
    call.pilot = pilot;
    // Call the ship by her name and tell her the berth.
    this.radio.hailShip(vessel.name, `proceed to berth ${call.hold.berth.code}`);
  }

  moored(call: PortCall): void {
    // All lines are ashore and tight: she is moored at her berth.
    call.stage = CallStage.MadeFast;
  }
}
