// Candidates into a context plan within a token budget: what the cursor's surroundings ask for first, the most relevant last in the order.
// Refuses to find candidates, and to know rows: every share is 1.
import type { ContextPlan, CountTokens, PlannedSegment } from '../base/segment.js';
import type { Mentions } from './mentions.js';
import type { Piece } from './segments.js';
import type { Candidate } from './sources/candidate.js';
import { segmentTokens } from './token-counts.js';

/** Of the budget, for the current file's own pieces while others want it. */
const ownFileShare = 0.25;
/** So many names count as near the cursor: one mentioned further away says less than belonging to what is imported by name. */
const nearNames = 40;
/** No text has fewer tokens than its bytes over this: what cannot fit need not be counted. */
const tokenBytesMost = 8;

interface Ranked {
  readonly piece: Piece;
  readonly candidate: Candidate;
  /** Of the candidate, 0 the most relevant. */
  readonly order: number;
  /** 0: a name that this file imports, 1: a name mentioned near the cursor, 2: more of what is imported by name, 3: the rest, 4: an import block. */
  readonly level: number;
  /** Among pieces of the same level and candidate. */
  readonly rank: number;
  readonly reason: string;
}

/** `candidates`: the most relevant first. One call to `countTokens` at most. */
export async function planOf(candidates: readonly Candidate[], mentions: Mentions, contextTokensMax: number, countTokens: CountTokens): Promise<ContextPlan> {
  const ranked = within(candidates.flatMap((candidate, order) => candidate.pieces.map((piece) => rankOf(piece, candidate, order, mentions))).sort(byNeed), contextTokensMax);
  const tokens = await segmentTokens(countTokens, ranked.map((r) => r.piece.segment));
  const chosen = new Map<Ranked, number>();
  let left = contextTokensMax;
  let ownLeft = Math.floor(contextTokensMax * ownFileShare);
  const take = (index: number): void => {
    if (chosen.has(ranked[index]) || tokens[index] > left) return;
    chosen.set(ranked[index], tokens[index]);
    left -= tokens[index];
  };
  ranked.forEach((r, i) => {
    if (r.candidate.source !== 'own-file') take(i);
    else if (tokens[i] <= ownLeft && tokens[i] <= left) {
      ownLeft -= tokens[i];
      take(i);
    }
  });
  ranked.forEach((_, i) => take(i));
  const laidOut = [...chosen.keys()].sort((a, b) => b.order - a.order || a.piece.start - b.piece.start);
  const segments = laidOut.map((r): PlannedSegment => ({ segment: r.piece.segment, source: r.candidate.source, reason: r.reason, tokens: chosen.get(r) ?? 0, share: 1 }));
  return { segments, tokens: contextTokensMax - left };
}

function rankOf(piece: Piece, candidate: Candidate, order: number, mentions: Mentions): Ranked {
  const at = { piece, candidate, order, rank: 0, reason: candidate.reason };
  if (piece.isImports) return { ...at, level: 4 };
  const asked = piece.names.find((name) => candidate.names.includes(name));
  if (asked !== undefined) return { ...at, level: 0, reason: `declares ${asked}, imported here` };
  if (mentions.receiver !== undefined && candidate.locals.includes(mentions.receiver)) return { ...at, level: 1, rank: -1, reason: `${mentions.receiver} is asked for a member at the cursor` };
  const mentioned = nearest(piece, mentions);
  if (mentioned && mentioned.rank < nearNames) return { ...at, level: 1, rank: mentioned.rank, reason: `declares ${mentioned.name}, mentioned near the cursor` };
  return { ...at, level: piece.owners.some((name) => candidate.names.includes(name)) ? 2 : 3 };
}

/** The nearest mentioned name that the piece declares; a member counts where the text takes it of something. */
function nearest(piece: Piece, mentions: Mentions): { name: string; rank: number } | undefined {
  const ranks = [...piece.names.map((name) => ({ name, rank: mentions.rank(name) })), ...piece.members.map((name) => ({ name, rank: mentions.memberRank(name) }))];
  let best: { name: string; rank: number } | undefined;
  for (const { name, rank } of ranks) if (rank !== undefined && rank < (best?.rank ?? Infinity)) best = { name, rank };
  return best;
}

const byNeed = (a: Ranked, b: Ranked): number => a.level - b.level || (a.level === 1 ? a.rank - b.rank : 0) || a.order - b.order || a.piece.start - b.piece.start;

/** As many as might fit, were every token long. */
function within(ranked: readonly Ranked[], contextTokensMax: number): Ranked[] {
  let bytes = 0;
  return ranked.filter((r) => {
    const fits = bytes <= contextTokensMax * tokenBytesMost;
    bytes += r.piece.end - r.piece.start;
    return fits;
  });
}
