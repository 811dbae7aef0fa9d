// Ranked pieces into a context plan within a token budget, the most relevant last in the order; what an earlier plan held keeps its place, passages stand in groups.
// Refuses to find or score candidates, and to know rows beyond each segment's share.
import type { ContextPlan, CountTokens, PlannedSegment, SourceName } from '../base/segment.js';
import { groupDigest, groupsOf } from './groups.js';
import type { Mentions } from './mentions.js';
import { byNeed, needs, rankPieces, type Ranked } from './rank.js';
import type { Piece } from './segments.js';
import type { Candidate } from './sources/candidate.js';
import { segmentTokens } from './token-counts.js';

/** Of the budget, for what a source offers while others want the rest; imports have no bound. */
const sourceShares: Partial<Readonly<Record<SourceName, number>>> = { 'own-file': 0.25, alike: 0.5, siblings: 0.15, apidocs: 0.15, configs: 0.05 };
/** No text has fewer tokens than its bytes over this: what cannot fit need not be counted. */
const tokenBytesMost = 8;
/** What the last plan holds comes after what is asked for or mentioned now, before everything else. */
const heldUrgency = needs.indexOf('mentioned') + 0.5;

export interface PlanSettings {
  readonly contextTokensMax: number;
  readonly countTokens: CountTokens;
  /** The last plan: what of it is still there stays, in its order, and what is new stands behind it. Left out: everything is laid out anew. */
  readonly previous?: ContextPlan;
  /** Whose groups stay where they still serve; `previous` where that is given. */
  readonly readBefore?: ContextPlan;
  /** Experiment: what nothing asks for or mentions never stands whole. */
  readonly mentionedOnly?: boolean;
}

/** What a file offers beyond what the plan holds of it; without a path a whole source, without pieces what was not read. */
export interface LeftOut {
  readonly source: SourceName;
  readonly path?: string;
  readonly pieces?: number;
  readonly reason: string;
}

export interface Planned {
  readonly plan: ContextPlan;
  readonly leftOut: readonly LeftOut[];
}

/** `candidates`: the most relevant first. One call to `countTokens` at most. */
export async function planOf(candidates: readonly Candidate[], mentions: Mentions, settings: PlanSettings): Promise<Planned> {
  const { contextTokensMax, previous } = settings;
  const places = new Map(previous?.segments.map(({ segment }, place) => [segment.digest, place]));
  const isHeld = (r: Ranked): boolean => places.has(r.piece.segment.digest);
  const urgency = (r: Ranked): number => (isHeld(r) ? Math.min(heldUrgency, needs.indexOf(r.need)) : needs.indexOf(r.need));
  const offered = unique(rankPieces(candidates, mentions)).sort((a, b) => urgency(a) - urgency(b) || byNeed(a, b));
  const all = offered.filter((r) => r.need !== 'spare');
  const counted = [...within(all, contextTokensMax), ...offered.filter((r) => r.need === 'spare')];
  const counts = await segmentTokens(settings.countTokens, counted.map((r) => r.piece.segment));
  const tokens = new Map(counted.map((r, i) => [r, settings.mentionedOnly && r.need === 'rest' ? Infinity : counts[i]]));
  const chosen = choose(all, (list) => spend(list, tokens, isHeld, contextTokensMax), isHeld);
  const tokensOf = (r: Ranked): number => tokens.get(r) ?? 0;
  const segments = layOut(chosen, offered.filter(isPassage), tokensOf, places, settings);
  return { plan: { segments, tokens: segments.reduce((sum, s) => sum + s.tokens, 0) }, leftOut: leftOutOf(all, chosen, contextTokensMax) };
}

/** What stands together: a piece, or a group of passages. */
interface Block {
  readonly members: readonly Ranked[];
  /** Whether an earlier plan's place for it counts. */
  readonly stays: boolean;
}

/** In their order, with what `passages` lend to the groups of the chosen ones. `places`: of segments in the previous plan. */
function layOut(chosen: ReadonlySet<Ranked>, passages: readonly Ranked[], tokensOf: (r: Ranked) => number, places: ReadonlyMap<string, number>, { contextTokensMax, previous, readBefore }: PlanSettings): PlannedSegment[] {
  const standsWhole = (r: Ranked): number => (r.need === 'signatures' ? 0 : 1);
  const inOrder = [...chosen].sort((a, b) => b.order - a.order || standsWhole(a) - standsWhole(b) || a.piece.start - b.piece.start);
  const others = inOrder.filter((r) => !isPassage(r));
  const room = contextTokensMax - others.reduce((sum, r) => sum + tokensOf(r), 0);
  const groups = groupsOf(inOrder.filter(isPassage), new Map(passages.map((r) => [r.piece.segment.digest, r])), previous ?? readBefore, tokensOf, room);
  const blocks: Block[] = [...others.map((r) => ({ members: [r], stays: true })), ...groups.map(({ members, isKept }) => ({ members, stays: isKept }))];
  const placeOf = ({ members: [{ piece }], stays }: Block): number => (stays ? places.get(piece.segment.digest) : undefined) ?? places.size;
  const orderOf = ({ members }: Block): number => Math.min(...members.filter((r) => chosen.has(r)).map(({ order }) => order));
  return blocks
    .sort((a, b) => placeOf(a) - placeOf(b) || orderOf(b) - orderOf(a))
    .flatMap(({ members }) => {
      const group = members.length > 1 ? { group: groupDigest(members) } : {};
      return members.map((r) => ({ segment: r.piece.segment, source: r.candidate.source, reason: r.reason, tokens: tokensOf(r), share: r.share, ...group }));
    });
}

const isPassage = ({ candidate }: Ranked): boolean => candidate.source === 'alike';

/** A segment that two candidates offer is the one's that wants it more, but a name says more than likeness; one that stands whole is no stand-in for itself. */
function unique(ranked: readonly Ranked[]): Ranked[] {
  const found = new Map<string, Ranked>();
  for (const r of ranked) {
    const known = found.get(r.piece.segment.digest);
    if (!known || known.need === 'signatures' || (known.need === 'alike' && r.need !== 'rest')) found.set(r.piece.segment.digest, r);
  }
  return [...found.values()];
}

/** As many as might fit, were every token long. */
function within(ranked: readonly Ranked[], contextTokensMax: number): Ranked[] {
  let chars = 0;
  return ranked.filter((r) => {
    const fits = chars <= contextTokensMax * tokenBytesMost;
    chars += r.piece.segment.text.length;
    return fits;
  });
}

/** Signatures take room only where the pieces that they stand for find none. */
function choose(ranked: readonly Ranked[], spent: (list: readonly Ranked[]) => Set<Ranked>, isHeld: (r: Ranked) => boolean): Set<Ranked> {
  const standIn = (r: Ranked): boolean => r.need === 'signatures' && !isHeld(r);
  const whole = spent(ranked.filter((r) => !standIn(r)));
  const partly = new Set(missing(ranked, whole).map((r) => r.candidate));
  const mixed = spent(ranked.filter((r) => !standIn(r) || partly.has(r.candidate)));
  const absent = missing(ranked, mixed);
  const standsForAny = (r: Ranked): boolean => absent.some((a) => a.candidate === r.candidate && a.piece.start < r.piece.end && r.piece.start < a.piece.end);
  return spent(ranked.filter((r) => !standIn(r) || (mixed.has(r) && standsForAny(r))));
}

const missing = (ranked: readonly Ranked[], chosen: ReadonlySet<Ranked>): Ranked[] => ranked.filter((r) => !chosen.has(r) && r.need !== 'signatures' && r.need !== 'block');

/** In order: first each that fits its source's part of the budget, then each that still fits. What was not counted does not. */
function spend(ranked: readonly Ranked[], tokens: ReadonlyMap<Ranked, number>, isHeld: (r: Ranked) => boolean, tokensMax: number): Set<Ranked> {
  const chosen = new Set<Ranked>();
  const wholeIn = new Map<string, Piece[]>();
  const isShown = ({ candidate, piece }: Ranked): boolean => wholeIn.get(candidate.path)?.some((other) => other.start <= piece.start && piece.end <= other.end) ?? false;
  const spentOn = new Map<SourceName, number>();
  let left = tokensMax;
  const pass = (shareOf: (r: Ranked) => number): void => {
    for (const r of ranked) {
      const { source } = r.candidate;
      const cost = tokens.get(r) ?? Infinity;
      const spent = (spentOn.get(source) ?? 0) + cost;
      if (chosen.has(r) || cost > left || isShown(r) || spent > Math.floor(tokensMax * shareOf(r))) continue;
      chosen.add(r);
      const whole = wholeIn.get(r.candidate.path) ?? [];
      if (r.need !== 'signatures') {
        whole.push(r.piece);
        wholeIn.set(r.candidate.path, whole);
      }
      spentOn.set(source, spent);
      left -= cost;
    }
  };
  pass((r) => (isHeld(r) ? 1 : (sourceShares[r.candidate.source] ?? 1)));
  pass(() => 1);
  return chosen;
}

function leftOutOf(ranked: readonly Ranked[], chosen: ReadonlySet<Ranked>, contextTokensMax: number): LeftOut[] {
  const signed = new Set([...chosen].filter((r) => r.need === 'signatures').map((r) => r.candidate));
  const byFile = new Map<Candidate, number>();
  for (const { candidate } of missing(ranked, chosen)) byFile.set(candidate, (byFile.get(candidate) ?? 0) + 1);
  return [...byFile].map(([candidate, pieces]) => ({
    source: candidate.source,
    path: candidate.pieces[0].segment.path,
    pieces,
    reason: signed.has(candidate) ? 'its signatures stand for it' : `no room within ${contextTokensMax} tokens`,
  }));
}
