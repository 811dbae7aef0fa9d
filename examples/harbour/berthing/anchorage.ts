// Ships that wait in the roads, first come, first served.
import { CallStage, type PortCall } from './portCall.js';

export class Anchorage {
  private readonly waiting: PortCall[] = [];

  dropAnchor(call: PortCall): void {
    call.stage = CallStage.InRoads;
    this.waiting.push(call);
  }

  /** The ship that has waited longest, taken off the queue. */
  weighAnchor(): PortCall | undefined {
    return this.waiting.shift();
  }
}
