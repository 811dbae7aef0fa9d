// Cuts a list of neighbouring parts into pieces that fit a bound, at places that depend on the parts' names and not on their sizes.
// Refuses to know what a part is.
import { digestOf } from '../base/digest.js';

export interface Part {
  /** Differs from its neighbours' and stays the same while the part is edited: its place in the order of cuts follows from it. */
  readonly key: string;
  /** Cuts before parts of low weight come first; the keys decide among equals. */
  readonly weight: number;
  readonly bytes: number;
}

/**
 * Runs of parts, in order, each within `bytesMax` unless a single part is larger. A run that is too large is cut somewhere in its
 * middle half, counted in parts, before the part of lowest weight whose key has the lowest digest; then each side again. So an edit
 * inside one part changes only the run that holds it, which may then be cut in two or joined with a neighbour, and a part that is
 * added or removed seldom moves a cut elsewhere.
 */
export function cut<P extends Part>(parts: readonly P[], bytesMax: number): P[][] {
  const sums = [0];
  for (const part of parts) sums.push(sums[sums.length - 1] + part.bytes);
  if (sums[parts.length] <= bytesMax) return parts.length > 0 ? [[...parts]] : [];
  const digests = parts.map((part) => digestOf(part.key));
  const earlier = (a: number, b: number): boolean => parts[a].weight < parts[b].weight || (parts[a].weight === parts[b].weight && digests[a] < digests[b]);
  const runs: P[][] = [];
  const pending: [from: number, to: number][] = [[0, parts.length]];
  for (let range = pending.pop(); range; range = pending.pop()) {
    const [from, to] = range;
    if (to - from === 1 || sums[to] - sums[from] <= bytesMax) {
      runs.push(parts.slice(from, to));
      continue;
    }
    const margin = Math.floor((to - from) / 4);
    let best = from + Math.max(1, margin);
    for (let i = best + 1; i < to - margin; i++) if (earlier(i, best)) best = i;
    pending.push([best, to], [from, best]);
  }
  return runs;
}
