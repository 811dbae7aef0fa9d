// What the mast at the pier head reports.
import type { Knots } from './units.js';

export interface WindReport {
  readonly takenAt: Date;
  readonly steadySpeed: Knots;
  readonly gustAtPeak: Knots;
  readonly bearing: number;
}

/** Wind across the quay, which is what pushes a ship off it. */
export function crosswind(report: WindReport, quayBearing: number): Knots {
  const angle = ((report.bearing - quayBearing) * Math.PI) / 180;
  return Math.abs(report.steadySpeed * Math.sin(angle));
}
