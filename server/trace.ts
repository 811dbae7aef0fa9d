// A completion as the editor's trace of the protocol tells it. Refuses to know how it is shown.
import type { Completion } from './complete.js';

/** A line, and the plan and timings. */
export function traceOf(uri: string, { result, held, planMs }: Completion): [line: string, verbose: string] {
  const { text, timing, tokensPrefilled, tokensDecoded } = result;
  const line = `${uri}: ${tokensDecoded} tokens for ${JSON.stringify(text)} in ${Math.round(planMs + timing.totalMs)} ms`;
  const segments = held.plan.segments.map(({ segment, source, reason, tokens }) => `${source} ${segment.path}: ${reason}, ${tokens} tokens`);
  const times = Object.entries({ planMs, ...timing }).map(([name, ms]) => `${name} ${Math.round(ms)}`);
  return [line, [`${times.join(', ')}; ${tokensPrefilled} tokens of the window read`, ...segments].join('\n')];
}
