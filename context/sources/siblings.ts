// Files beside the current one: its test or subject, those that import it, its naming family, what is open or was just edited, the same folder.
// Refuses to read more than a few, and to bring more than signatures of what nothing mentions.
import { basename, dirname, extname, join, relative, sep } from 'node:path';
import { isInside } from '../../base/inside.js';
import type { Outline } from '../outline.js';
import { isSource } from '../parse.js';
import type { Piece } from '../segments.js';
import type { Snapshot } from '../snapshot.js';
import { scopeOf } from './behind.js';
import type { Candidate, Place } from './candidate.js';

type Relation = 'counterpart' | 'importer' | 'family' | 'recent' | 'folder';

/** The nearest relation first; candidate shares of what nothing mentions, and how many files of each are looked at. */
const relations: Readonly<Record<Relation, { readonly share: number; readonly filesMax: number }>> = {
  counterpart: { share: 0.25, filesMax: 2 },
  importer: { share: 0.25, filesMax: 6 },
  family: { share: 0.2, filesMax: 6 },
  recent: { share: 0.15, filesMax: 6 },
  folder: { share: 0.05, filesMax: 12 },
};

/** Of one file, for pieces that nothing mentions. */
const piecesMax = 2;

interface Sibling {
  readonly path: string;
  readonly relation: Relation;
  readonly reason: string;
}

export async function siblingCandidates(place: Place): Promise<Candidate[]> {
  const { snapshot, outline, mentions, pause } = place;
  const foreign = outline ? scopeOf(outline) : new Set<string>();
  const found: Candidate[] = [];
  for (const { path, relation, reason } of siblingsOf(place)) {
    await pause();
    const whole = snapshot.pieces(path, 'declaration').filter((piece) => !piece.isImports);
    const mentioned = whole.filter((piece) => piece.names.some((name) => !foreign.has(name) && mentions.isNear(name)));
    const rest = restOf(snapshot, path, relation, whole, outline).filter((piece) => !mentioned.some((m) => m.start <= piece.start && piece.end <= m.end));
    const pieces = [...mentioned, ...rest.slice(0, piecesMax)];
    if (pieces.length > 0) found.push({ source: 'siblings', path, reason, pieces, foreign, share: relations[relation].share });
  }
  const isMentioned = ({ pieces }: Candidate): number => (pieces.some((piece) => piece.names.some((name) => !foreign.has(name) && mentions.isNear(name))) ? 0 : 1);
  return found.sort((a, b) => isMentioned(a) - isMentioned(b));
}

/** What stands for a file that nothing mentions: where it uses the current file, else its signatures, else, of a language without, its beginning. */
function restOf(snapshot: Snapshot, path: string, relation: Relation, whole: readonly Piece[], outline: Outline | undefined): readonly Piece[] {
  if (relation === 'importer' || relation === 'counterpart') {
    const own = new Set(outline?.declarations.flatMap((d) => d.names).filter((name) => name !== 'default'));
    const using = whole.filter((piece) => (piece.segment.text.match(/[\p{L}_$][\p{L}\p{N}_$]*/gu) ?? []).some((word) => own.has(word)));
    if (using.length > 0) return using;
  }
  // What a mention asks for comes whole: signatures stand for the file alone.
  return snapshot.outline(path) ? snapshot.pieces(path, 'outline').map((piece) => ({ ...piece, names: [], members: [] })) : whole;
}

/** The nearest relation first, each file once. */
function siblingsOf({ snapshot, path }: Place): Sibling[] {
  const folder = dirname(path);
  const beside = snapshot.filesIn(folder, (name) => isLike(path, name));
  const shared = (file: string): number => commonLength(basename(file), basename(path));
  const near = [...beside].sort((a, b) => shared(b) - shared(a));
  const recent = snapshot.recent().filter((file) => isSource(file) || isLike(path, file));
  const importers = [...snapshot.importersOf(path)].sort((a, b) => nearness(recent, folder, a) - nearness(recent, folder, b) || (a < b ? -1 : 1));
  const tested = isTest(path) ? 'is what this file tests' : 'tests this file';
  const listed: Sibling[] = [
    ...counterparts(snapshot, path).map((file) => ({ path: file, relation: 'counterpart' as const, reason: tested })),
    ...importers.map((file) => ({ path: file, relation: 'importer' as const, reason: 'imports this file' })),
    ...near.filter((file) => familyOf(file) === familyOf(path)).map((file) => ({ path: file, relation: 'family' as const, reason: `of the same family, ${familyOf(path)}` })),
    ...recent.map((file) => ({ path: file, relation: 'recent' as const, reason: snapshot.isOpen(file) ? 'open in the editor' : 'edited a moment ago' })),
    ...near.map((file) => ({ path: file, relation: 'folder' as const, reason: 'in the same folder' })),
  ];
  const taken = new Set([path]);
  const counts = new Map<Relation, number>();
  return listed.filter(({ path: file, relation }) => {
    const count = counts.get(relation) ?? 0;
    if (taken.has(file) || count >= relations[relation].filesMax) return false;
    counts.set(relation, count + 1);
    taken.add(file);
    return true;
  });
}

const nearness = (recent: readonly string[], folder: string, path: string): number => (recent.includes(path) ? recent.indexOf(path) - recent.length : dirname(path) === folder ? 0 : 1);

const script = /^\.[cm]?[jt]sx?$/;
const python = /^\.pyi?$/;
const extensionOf = (path: string): string => extname(path).toLowerCase();

/** Whether both are of one language. */
function isLike(a: string, b: string): boolean {
  const [first, second] = [extensionOf(a), extensionOf(b)];
  return first === second || [script, python].some((kind) => kind.test(first) && kind.test(second));
}

const stemOf = (path: string): string => basename(path).slice(0, -extname(path).length || undefined);
const testStem = /^test[_-](.+)$|^(.+?)(?:[._-](?:test|spec)s?|(?<=[a-z\d])(?:Test|Spec)s?)$/;
const testFolders = ['__tests__', 'test', 'tests'];

/** `user` for `user.test`, `test_user`, `user_spec` and `UserTest`. */
function subjectOf(path: string): string {
  const match = testStem.exec(stemOf(path));
  return match?.[1] ?? match?.[2] ?? stemOf(path);
}

const isTest = (path: string): boolean => testStem.test(stemOf(path)) || path.split(sep).some((part) => testFolders.includes(part));

/** The test of a file or what a test is of: the same name, beside it, in a folder for tests, or at the same place below one. */
function counterparts(snapshot: Snapshot, path: string): string[] {
  const folder = dirname(path);
  const root = snapshot.roots.find((dir) => isInside(dir, path)) ?? folder;
  const folders = new Set([folder]);
  for (let above = folder; isInside(root, above); above = dirname(above)) {
    const below = relative(above, folder);
    const inner = below.split(sep).slice(1).join(sep);
    if (testFolders.includes(below.split(sep)[0])) for (const home of ['', 'src', 'lib']) folders.add(join(above, home, inner));
    else for (const tests of testFolders) folders.add(join(above, tests, below)).add(join(above, tests, inner)).add(join(above, tests));
    if (above === root) break;
  }
  const matching = [...folders].flatMap((dir) => snapshot.filesIn(dir, (name) => isLike(path, name) && subjectOf(name) === subjectOf(path))).filter((file) => file !== path && isTest(file) !== isTest(path));
  return [...new Set(matching)];
}

/** `user` for `user.service`, `user_service`, `user-service`, `UserService` and `user`: what is before the first dot, or all words but the last. */
function familyOf(path: string): string {
  const stem = subjectOf(path);
  const dot = stem.indexOf('.', 1);
  const words = dot > 0 ? [stem.slice(0, dot)] : stem.split(/[_-]|(?<=[a-z\d])(?=[A-Z])/);
  return (words.length > 1 ? words.slice(0, -1) : words).join('-').toLowerCase();
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
