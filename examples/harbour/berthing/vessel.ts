// A ship as the harbour sees it: how long, how deep, how high out of the water.
import type { Metres } from './units.js';

export enum VesselKind {
  Container = 'container',
  BulkCarrier = 'bulk',
  Ferry = 'ferry',
  Tanker = 'tanker',
}

export interface Vessel {
  readonly imo: number;
  readonly name: string;
  readonly kind: VesselKind;
  readonly length: Metres;
  /** Depth of the keel when loaded in salt water. */
  readonly saltDraught: Metres;
  /** Side that the wind pushes on, in square metres. */
  readonly sailArea: number;
}

/** Ships sink a little deeper in fresh water. */
export function freshDraught(vessel: Vessel): Metres {
  return vessel.saltDraught * 1.025;
}
