// What happens when an invariant breaks: it throws, in tests and live.
// Refuses to handle expected trouble: that is a value or a UserError.

/** Narrows `condition`; throws with `message` when it does not hold. For invariants of our own, never for user input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}
