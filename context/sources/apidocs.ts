// What installed packages offer under the names that the current file imports: declarations, signatures and documentation, bodies left out.
// Refuses names that are not imported, and packages that cannot be read.
import { isPython } from '../languages/python.js';
import { declared, type Declaration } from '../outline.js';
import { outlineText, type Chunk } from '../outline-text.js';
import { importTargets } from '../resolve.js';
import { segmentOf, type Piece } from '../segments.js';
import type { Snapshot } from '../snapshot.js';
import type { Candidate, Place } from './candidate.js';

/** Names that one file's imports may bring in. */
const namesMax = 40;
/** Candidate shares: of what is mentioned near the cursor, and of what is not. */
const nearShare = 0.5;
const farShare = 0.25;
/** Of one name's declarations together, and of one of their comments. */
const declarationCharsMax = 2400;
const docCharsMax = 1200;

interface Asked {
  readonly path: string;
  readonly name: string;
  readonly local: string;
  readonly specifier: string;
}

/** One candidate a name, the nearest mention first. */
export async function apiDocCandidates({ snapshot, path, outline, mentions, pause }: Place): Promise<Candidate[]> {
  const asked = new Map<string, Asked>();
  for (const statement of outline?.imports ?? []) {
    await pause();
    for (const { path: at, names, locals } of importTargets(snapshot.dependencies, path, statement, (local) => mentions.membersOf(local))) {
      const taken = statement.names.filter(({ imported, local }) => imported === '*' && local !== '*' && locals.includes(local)).flatMap(({ local }) => mentions.membersOf(local));
      for (const name of [...names, ...taken]) {
        const local = statement.names.find(({ imported }) => imported === name)?.local ?? name;
        if (!asked.has(`${at}\0${name}`)) asked.set(`${at}\0${name}`, { path: at, name, local, specifier: statement.specifier });
      }
    }
  }
  const rank = ({ local }: Asked): number => mentions.rank(local) ?? Number.MAX_SAFE_INTEGER;
  const found: Candidate[] = [];
  for (const one of [...asked.values()].sort((a, b) => rank(a) - rank(b)).slice(0, namesMax)) {
    await pause();
    const piece = documented(snapshot, one);
    if (piece) found.push({ source: 'apidocs', path: one.path, reason: `${one.local} of ${one.specifier}, imported here`, pieces: [piece], share: mentions.isNear(one.local) ? nearShare : farShare });
  }
  return found;
}

/** What the file declares as the name, overloads too. */
function documented(snapshot: Snapshot, { path, name }: Asked): Piece | undefined {
  const text = snapshot.dependencies.read(path);
  const outline = snapshot.dependencies.outline(path);
  const declarations = outline ? declared(outline).filter((d) => d.names.includes(name)) : [];
  if (text === undefined || declarations.length === 0) return undefined;
  const chunks: Chunk[] = [];
  for (const declaration of declarations) {
    const more = isPython(path) ? pythonChunks(text, declaration) : scriptChunks(text, declaration);
    if (chunks.length > 0 && charsOf(chunks) + charsOf(more) > declarationCharsMax) break;
    chunks.push(...more);
  }
  const { start, end } = declarations[0];
  return { start, end, segment: segmentOf(snapshot.nameOf(path), within(chunks)), names: [name], members: [], owners: [], isImports: false };
}

/** A declaration file has no bodies: what is short stands as it is, anything else as its comment and its signatures. */
function scriptChunks(text: string, declaration: Declaration): Chunk[] {
  const { start, end, doc, signature } = declaration;
  if (end - start > declarationCharsMax) return [...docChunk(text, doc), ...outlineText(text, { ...declaration, doc: undefined })];
  return [...docChunk(text, doc), { text: `${text.slice(signature.start, end)}\n`, kind: 'signature' }];
}

/** Of a function the signature and its docstring, of a class its members' too, of a variable its first lines. */
function pythonChunks(text: string, declaration: Declaration): Chunk[] {
  const { kind, doc, signature } = declaration;
  if (kind !== 'function' && kind !== 'class') return outlineText(text, declaration);
  const head: Chunk = { text: `${text.slice(signature.start, signature.end)}\n`, kind: 'signature' };
  const members = kind === 'class' ? declaration.children.filter((child) => child.start !== doc?.start).flatMap((child) => outlineText(text, child, 1)) : [];
  const docs = docChunk(text, doc).map((chunk): Chunk => ({ ...chunk, text: `    ${chunk.text}` }));
  return [head, ...docs, ...(members.length > 0 ? members : [{ text: '    ...\n', kind: 'body' } as const])];
}

function docChunk(text: string, doc: Declaration['doc']): Chunk[] {
  if (!doc) return [];
  const whole = text.slice(doc.start, doc.end);
  const cut = whole.lastIndexOf('\n', docCharsMax);
  return [{ text: `${whole.length <= docCharsMax ? whole : whole.slice(0, cut > 0 ? cut : docCharsMax)}\n`, kind: 'doc' }];
}

const charsOf = (chunks: readonly Chunk[]): number => chunks.reduce((sum, chunk) => sum + chunk.text.length, 0);

/** Whole chunks up to the bound; the first always. */
function within(chunks: readonly Chunk[]): Chunk[] {
  let chars = 0;
  return chunks.filter((chunk, i) => (chars += chunk.text.length) <= declarationCharsMax || i === 0);
}
