// Passages of the repository that are like the lines before the cursor: whoever wrote those often goes on as somebody did elsewhere.
// Refuses to understand either: words that both have are all that counts.
import { dirname } from 'node:path';
import { isInside } from '../../base/inside.js';
import { bagOf, okapi } from '../../base/okapi.js';
import type { Snapshot, WordedPiece } from '../snapshot.js';
import type { Candidate, Place } from './candidate.js';

/** Looked at, the nearest in the tree of folders first. */
const filesMax = 600;
const foldersMax = 300;
/** Before the cursor, its own line included. */
const queryLines = 10;
/** Of the score that the lines have against themselves: what shares less says little, and its rows compete with those that count. */
const likenessLeast = 0.2;
/** Each move of the cursor may bring others, and each costs reading once: some 2,500 tokens at most. */
const piecesMax = 24;
/** Candidate share: any line of an example may be the one that is repeated. */
const share = 1;

export async function alikeCandidates({ snapshot, path, text, offset, knownOnly, pause, readBefore }: Place): Promise<Candidate[]> {
  const found: (WordedPiece & { readonly path: string })[] = [];
  for (const file of await filesNear(snapshot, path, pause)) {
    const pieces = snapshot.wordedPieces(file, knownOnly);
    if (!pieces) continue;
    found.push(...pieces.map((worded) => ({ ...worded, path: file })));
    await pause();
  }
  const lines = text.slice(0, offset).split('\n').slice(-queryLines).join('\n');
  const [own, ...scores] = okapi([bagOf(lines), ...found.map(({ bag }) => bag)], lines);
  const ranked = found.map((worded, i) => ({ ...worded, score: scores[i] })).filter(({ score }) => score > 0 && score >= own * likenessLeast);
  ranked.sort((a, b) => b.score - a.score);
  const alike = ranked.slice(0, piecesMax);
  const isAlike = new Set(alike.map(({ piece }) => piece));
  const spare = found.filter(({ piece }) => readBefore.has(piece.segment.digest) && !isAlike.has(piece));
  return [
    ...alike.map(({ piece, path: file }): Candidate => ({ source: 'alike', path: file, reason: 'like the lines before the cursor', pieces: [piece], share })),
    ...spare.map(({ piece, path: file }): Candidate => ({ source: 'alike', path: file, reason: 'read together with what is like the lines before the cursor', pieces: [piece], share, isSpare: true })),
  ];
}

/** Source files of the path's root, its own folder's first, then those of the folders one step away, and so on. */
async function filesNear(snapshot: Snapshot, path: string, pause: Place['pause']): Promise<string[]> {
  const root = snapshot.roots.find((dir) => isInside(dir, path));
  if (root === undefined) return [];
  const files: string[] = [];
  const folders = new Set([dirname(path)]);
  for (const folder of folders) {
    const { sources, folders: below } = snapshot.listing(folder);
    files.push(...sources.filter((file) => file !== path));
    if (files.length >= filesMax || folders.size >= foldersMax) break;
    for (const one of below) folders.add(one);
    if (folder !== root) folders.add(dirname(folder));
    await pause();
  }
  return files.slice(0, filesMax);
}
