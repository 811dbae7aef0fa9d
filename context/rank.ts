// Scores candidates' pieces by what the cursor's surroundings ask for and mention, the nearest mention first, and says how much of each is worth loading.
// Refuses to know the budget.
import type { Mentions } from './mentions.js';
import type { Piece } from './segments.js';
import type { Candidate } from './sources/candidate.js';

/**
 * Why a piece is wanted, the most wanted first: it is like the lines before the cursor; a name that this file imports; one mentioned near the cursor; a type that such a
 * declaration mentions or inherits; an installed package's declaration; more of what is imported by name; the signatures of a file
 * that finds no room; files beside this one; what configures it; the rest of imported files; import blocks; what is only worth having with what it was read with.
 */
export const needs = ['alike', 'receiver', 'asked', 'mentioned', 'behind', 'documented', 'signatures', 'more', 'related', 'governing', 'rest', 'block', 'spare'] as const;
export type Need = (typeof needs)[number];

/** Candidate shares by need; the other needs have their candidate's own. */
const shares: Partial<Readonly<Record<Need, number>>> = { receiver: 1, asked: 1, mentioned: 1, behind: 0.75, more: 0.75, signatures: 0.5, block: 0.1 };

export interface Ranked {
  readonly piece: Piece;
  readonly candidate: Candidate;
  /** Of the candidate, 0 the most relevant. */
  readonly order: number;
  readonly need: Need;
  /** Among mentioned pieces: how near the mention is; 0 elsewhere. */
  readonly rank: number;
  readonly share: number;
  readonly reason: string;
}

/** Every piece, signatures among them, the most wanted first. `candidates`: the most relevant first. */
export function rankPieces(candidates: readonly Candidate[], mentions: Mentions): Ranked[] {
  const ranked = candidates.flatMap((candidate, order) => [
    ...candidate.pieces.map((piece) => rankOf(piece, candidate, order, mentions)),
    ...(candidate.outline ?? []).map((piece) => rankedAs(piece, candidate, order, 'signatures', `signatures of a file that is ${candidate.reason}`)),
  ]);
  return ranked.sort(byNeed);
}

const rankedAs = (piece: Piece, candidate: Candidate, order: number, need: Need, reason: string, rank = 0): Ranked => ({ piece, candidate, order, need, rank, share: shares[need] ?? candidate.share, reason });

function rankOf(piece: Piece, candidate: Candidate, order: number, mentions: Mentions): Ranked {
  const { source, names = [], locals = [], behind, reason } = candidate;
  const as = (need: Need, why: string = reason, rank = 0): Ranked => rankedAs(piece, candidate, order, need, why, rank);
  if (piece.isImports) return as('block');
  if (source === 'alike') return as(candidate.isSpare ? 'spare' : 'alike');
  if (source === 'apidocs') return as('documented');
  if (source === 'configs') {
    const asking = locals.find((name) => mentions.isNear(name));
    return asking === undefined ? as('governing') : as('mentioned', `${reason}, ${asking} mentioned near the cursor`, mentions.rank(asking));
  }
  if (mentions.receiver !== undefined && locals.includes(mentions.receiver)) return as('receiver', `${mentions.receiver} is asked for a member at the cursor`);
  if (mentions.receiverType !== undefined && piece.owners.includes(mentions.receiverType)) return as('receiver', `${mentions.receiver} is a ${mentions.receiverType}, asked for a member at the cursor`);
  const asked = piece.names.find((name) => names.includes(name));
  if (asked !== undefined) return as('asked', `declares ${asked}, imported here`);
  const mentioned = nearest(piece, candidate, mentions);
  if (mentioned) return as('mentioned', `declares ${mentioned.name}, mentioned near the cursor`, mentioned.rank);
  const meant = piece.names.find((name) => behind?.has(name));
  if (meant !== undefined) return as('behind', `declares ${meant}, which ${behind?.get(meant)} mentions`);
  const owner = piece.owners.find((name) => names.includes(name));
  if (owner !== undefined) return as('more', `more of ${owner}, imported here`);
  return as(source === 'siblings' ? 'related' : 'rest');
}

/** The nearest mentioned name that the piece declares; a member counts where the text takes it of something that may be this file's. */
function nearest(piece: Piece, { foreign }: Candidate, mentions: Mentions): { name: string; rank: number } | undefined {
  const named = piece.names.filter((name) => !foreign?.has(name) && mentions.isNear(name)).map((name) => ({ name, rank: mentions.rank(name) ?? 0 }));
  const members = foreign ? [] : piece.members.filter((name) => mentions.isMemberNear(name)).map((name) => ({ name, rank: mentions.memberRank(name) ?? 0 }));
  return [...named, ...members].sort((a, b) => a.rank - b.rank)[0];
}

export const byNeed = (a: Ranked, b: Ranked): number => needs.indexOf(a.need) - needs.indexOf(b.need) || a.rank - b.rank || a.order - b.order || a.piece.start - b.piece.start;
