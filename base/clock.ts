// Time as a parameter, so that tests own it. Refuses to sleep.

/** Milliseconds from an arbitrary start (monotonic) and since 1970 (wall). */
export interface Clock {
  nowMs(): number;
  wallMs(): number;
}

export const systemClock: Clock = { nowMs: () => performance.now(), wallMs: () => Date.now() };
