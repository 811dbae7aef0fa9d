// A suite that needs something a machine may lack (the real model, an editor): skipped, named and counted without it.
// Refuses to skip in silence, and to skip at all where KEDGE_REQUIRE_ALL=1.
import { describe, it } from 'vitest';

/**
 * Runs `suite` where `present`; elsewhere `suite` is never called and stands for one skipped test,
 * whose reason (`what` is missing) the reporter prints. With KEDGE_REQUIRE_ALL=1 that test fails instead.
 */
export function describeIf(present: boolean, what: string, suite: () => void): void {
  if (present) {
    describe(what, suite);
    return;
  }
  describe(what, () => {
    it('is present on this machine', ({ skip }) => {
      if (process.env.KEDGE_REQUIRE_ALL === '1') throw new Error(`KEDGE_REQUIRE_ALL=1, but ${what} is missing`);
      skip(`${what} is missing`);
    });
  });
}
