// Plain numbers with their unit in the name; conversions live here and nowhere else.
export type Metres = number;
export type Knots = number;

const METRES_PER_NAUTICAL_MILE = 1852;

export function nauticalMiles(distance: Metres): number {
  return distance / METRES_PER_NAUTICAL_MILE;
}

export function minutesToCover(distance: Metres, speed: Knots): number {
  if (speed <= 0) throw new RangeError('a ship at rest covers no distance');
  return (nauticalMiles(distance) / speed) * 60;
}
