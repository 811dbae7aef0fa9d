// The files that the current one imports directly, in order of first mention near the cursor, then in file order.
// Refuses to follow what those import, except to where an imported name is declared.
import type { Mentions } from '../mentions.js';
import { importTargets } from '../resolve.js';
import type { SegmentForm } from '../segments.js';
import type { Snapshot } from '../snapshot.js';
import type { Candidate } from './candidate.js';

/** Files that one file's imports may bring in. */
const filesMax = 200;

interface Imported {
  readonly path: string;
  readonly names: Set<string>;
  readonly locals: Set<string>;
}

/** Nearest first; `pieces` of each whole file. Pauses between files: many may be parsed, and their trees wait to be freed. */
export async function importCandidates(snapshot: Snapshot, path: string, mentions: Mentions, form: SegmentForm, pause: () => Promise<void>): Promise<Candidate[]> {
  const outline = snapshot.outline(path);
  const byFile = new Map<string, Imported>();
  for (const statement of outline?.imports ?? []) {
    await pause();
    for (const target of importTargets(snapshot, path, statement, (local) => mentions.membersOf(local))) {
      const known = byFile.get(target.path) ?? { path: target.path, names: new Set(), locals: new Set() };
      byFile.set(target.path, known);
      target.names.forEach((name) => known.names.add(name));
      target.locals.forEach((local) => known.locals.add(local));
    }
  }
  const ranked = [...byFile.values()].map((file, order) => ({ file, order, rank: Math.min(...[...file.locals].map((local) => mentions.rank(local) ?? Infinity)) }));
  // Of files that a name leads through, the one that declares it is nearer to the point.
  const passesOn = (file: Imported): number => (file.names.size > 0 ? 0 : 1);
  ranked.sort((a, b) => (a.rank === b.rank ? (a.rank === Infinity ? 0 : passesOn(a.file) - passesOn(b.file)) || a.order - b.order : a.rank - b.rank));
  const candidates: Candidate[] = [];
  for (const { file, rank } of ranked.slice(0, filesMax)) {
    await pause();
    candidates.push({ source: 'imports', path: file.path, reason: reasonOf(file, rank, mentions), pieces: snapshot.pieces(file.path, form), names: [...file.names], locals: [...file.locals] });
  }
  return candidates;
}

function reasonOf(file: Imported, rank: number, mentions: Mentions): string {
  if (rank === Infinity) return 'imported';
  const nearest = [...file.locals].find((local) => mentions.rank(local) === rank);
  return `imported, ${nearest} mentioned near the cursor`;
}
