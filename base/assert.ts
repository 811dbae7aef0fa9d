// What happens when an invariant breaks: throw in tests, log and fall back live.
// Refuses to handle expected trouble: that is a value or a UserError.

/** Narrows `condition`; throws with `message` when it does not hold. For invariants of our own, never for user input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}

/** A branch that cannot be reached; the argument's type shows that every case was handled. */
export function never(value: never): Error {
  return new Error(`invariant broken: unexpected ${JSON.stringify(value)}`);
}
