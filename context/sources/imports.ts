// The files that the current one imports, in order of first mention near the cursor, then in file order; behind them, by name alone, what
// their asked declarations mention or inherit. Refuses to follow imports further.
import type { Mentions } from '../mentions.js';
import { importTargets } from '../resolve.js';
import { behindOf } from './behind.js';
import type { Candidate, Place } from './candidate.js';

/** Files that one file's imports may bring in. */
const filesMax = 200;
/** Names that stand behind what is asked for. */
const behindMax = 64;
/** Candidate shares of what nothing asks for by name: in an imported file, in a file that is reached through one. */
const restShare = 0.5;
const behindShare = 0.25;

interface Imported {
  readonly path: string;
  readonly names: Set<string>;
  readonly locals: Set<string>;
}

/** The most relevant first; `pieces` of each whole file, of a file behind only those that declare what is meant. */
export async function importCandidates(place: Place): Promise<Candidate[]> {
  const { snapshot, mentions, pause } = place;
  const ranked = (await importedFiles(place)).slice(0, filesMax);
  const behind = new Map<string, Map<string, string>>(ranked.map(({ path }) => [path, new Map()]));
  let left = behindMax;
  for (const { path, names } of ranked) {
    if (names.size === 0 || left === 0) continue;
    await pause();
    for (const { path: at, name, by } of behindOf(snapshot, path, names).filter((b) => b.path !== place.path).slice(0, left)) {
      behind.set(at, (behind.get(at) ?? new Map<string, string>()).set(name, by));
      left -= 1;
    }
  }
  const candidates: Candidate[] = [];
  for (const [path, named] of behind) {
    await pause();
    const imported = ranked.find((file) => file.path === path);
    const pieces = snapshot.pieces(path, 'declaration');
    if (!imported) {
      const meant = pieces.filter((piece) => [...piece.names, ...piece.owners].some((name) => named.has(name)));
      candidates.push({ source: 'imports', path, reason: 'behind an import', pieces: meant, behind: named, share: behindShare });
      continue;
    }
    candidates.push({ source: 'imports', path, reason: reasonOf(imported, mentions), pieces, outline: snapshot.pieces(path, 'outline'), names: [...imported.names], locals: [...imported.locals], behind: named, share: restShare });
  }
  return candidates;
}

/** Nearest first. */
async function importedFiles({ snapshot, path, outline, mentions, pause }: Place): Promise<Imported[]> {
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
  const ranked = [...byFile.values()].map((file, order) => ({ file, order, rank: rankOf(file, mentions) }));
  // Of files that a name leads through, the one that declares it is nearer to the point.
  const passesOn = (file: Imported): number => (file.names.size > 0 ? 0 : 1);
  ranked.sort((a, b) => (a.rank === b.rank ? (a.rank === Infinity ? 0 : passesOn(a.file) - passesOn(b.file)) || a.order - b.order : a.rank - b.rank));
  return ranked.map(({ file }) => file);
}

const rankOf = ({ locals }: Imported, mentions: Mentions): number => Math.min(...[...locals].map((local) => mentions.rank(local) ?? Infinity));

function reasonOf(file: Imported, mentions: Mentions): string {
  const rank = rankOf(file, mentions);
  const nearest = [...file.locals].find((local) => mentions.rank(local) === rank);
  return nearest === undefined ? 'imported' : `imported, ${nearest} mentioned near the cursor`;
}
