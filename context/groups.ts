// Which passages the model reads together, one behind another: they say more of each other than apart, and groups outlive small moves of the cursor.
// Refuses to choose passages.
import { digestOf } from '../base/digest.js';
import type { ContextPlan } from '../base/segment.js';
import type { Ranked } from './rank.js';

/** So much is read again when a passage of a group is gone. */
const groupTokensMax = 1000;
/** An earlier group stays while so much of it is wanted. */
const wantedShareLeast = 0.5;

export interface Group {
  /** In the order in which they are read; what is not wanted itself came with the others. */
  readonly members: readonly Ranked[];
  /** As an earlier plan held it. */
  readonly isKept: boolean;
}

/** Of the segments that are read together. */
export const groupDigest = (members: readonly Ranked[]): string => digestOf(...members.map(({ piece }) => piece.segment.digest));

/**
 * `wanted` passages in their order, in groups: those of `earlier` plans that may stay, then new ones of about equal size. `offered`: every passage that stands as it was read, by digest.
 * All groups together have at most `tokensMax` tokens, if those of `wanted` do.
 */
export function groupsOf(wanted: readonly Ranked[], offered: ReadonlyMap<string, Ranked>, earlier: ContextPlan | undefined, tokensOf: (r: Ranked) => number, tokensMax: number): Group[] {
  const isWanted = new Set(wanted);
  const tokens = (members: readonly Ranked[]): number => members.reduce((sum, r) => sum + tokensOf(r), 0);
  const besides = ({ members }: Group): number => tokens(members.filter((r) => !isWanted.has(r)));
  const kept = earlierGroups(earlier, offered)
    .map((members): Group => ({ members, isKept: true }))
    .filter((group) => besides(group) <= tokens(group.members) * (1 - wantedShareLeast))
    .sort((a, b) => besides(a) - besides(b));
  const room = tokensMax - tokens(wanted);
  while (kept.reduce((sum, group) => sum + besides(group), 0) > room) kept.pop();
  const taken = new Set(kept.flatMap(({ members }) => members));
  return [...kept, ...newGroups(wanted.filter((r) => !taken.has(r)), tokensOf)];
}

/** The groups of a plan all of whose members are still offered. */
function earlierGroups(plan: ContextPlan | undefined, offered: ReadonlyMap<string, Ranked>): Ranked[][] {
  const groups = new Map<string, (Ranked | undefined)[]>();
  for (const { segment, group } of plan?.segments ?? []) {
    if (group !== undefined) groups.set(group, [...(groups.get(group) ?? []), offered.get(segment.digest)]);
  }
  return [...groups.values()].filter((members): members is Ranked[] => members.every((r) => r !== undefined));
}

function newGroups(passages: readonly Ranked[], tokensOf: (r: Ranked) => number): Group[] {
  const total = passages.reduce((sum, r) => sum + tokensOf(r), 0);
  const size = total / Math.ceil(total / groupTokensMax);
  const groups: Ranked[][] = [];
  let before = 0;
  for (const r of passages) {
    const index = Math.floor(before / size);
    (groups[index] ??= []).push(r);
    before += tokensOf(r);
  }
  return Object.values(groups).map((members) => ({ members, isKept: false }));
}
