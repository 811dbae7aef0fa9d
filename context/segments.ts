// Files as segments: pieces small enough to be read alone, cut so that an edit changes one, with ranges that say what each stretch is.
// Refuses to choose among them: that is the plan's.
import { digestOf } from '../base/digest.js';
import type { KindRange, RangeKind, Segment } from '../base/segment.js';
import { cut } from './cut.js';
import type { Declaration, Outline, Span } from './outline.js';
import { outlineText, type Chunk } from './outline-text.js';
import { unitsOf, type Unit } from './units.js';

/** How a file becomes segments: by declarations, as passages of about ten lines, or as signatures alone. */
export type SegmentForm = 'declaration' | 'passage' | 'outline';

/** A segment and what of its file it is. Pieces of the forms 'declaration' and 'passage' tile the file. */
export interface Piece extends Span {
  readonly segment: Segment;
  /** Names that the file declares here. */
  readonly names: readonly string[];
  /** Names of members of what it declares, where these stand here. */
  readonly members: readonly string[];
  /** Names of the file's declaration that this piece starts in. */
  readonly owners: readonly string[];
  /** Only the file's import block: it leads to other files and says little itself. */
  readonly isImports: boolean;
}

/** About 3.5 bytes a token in code: a bound for cutting, not a count. */
const tokenBytes = 3.5;
const bytesMax: Readonly<Record<SegmentForm, number>> = { declaration: 512 * tokenBytes, passage: 110 * tokenBytes, outline: 512 * tokenBytes };

export interface Excluded {
  /** Nothing that touches one of these is in a piece. */
  readonly spans: readonly Span[];
  /** The innermost function or class member that holds this offset is left out whole. */
  readonly cursor: number;
}

/** The file at `path` (its name from the repository's root) as pieces in file order. */
export function piecesOf(path: string, text: string, outline: Outline | undefined, form: SegmentForm = 'declaration', excluded?: Excluded): Piece[] {
  const units = unitsOf(text, outline);
  const all = outline ? namedIn(outline.declarations) : namedInPlain(text);
  const named = { all, top: all.filter((n) => !n.isMember) };
  if (form === 'outline' && outline) {
    const elided = units.filter((u) => u.kind === 'declaration' && !touches(u, excluded)).map((unit) => ({ ...unit, chunks: outlineText(text, unit.declaration as Declaration) }));
    return cut(elided.filter((u) => u.chunks.length > 0).map((u) => ({ ...u, bytes: u.chunks.reduce((sum, c) => sum + c.text.length, 0) })), bytesMax.outline).map((run) =>
      piece(path, run[0].start, run[run.length - 1].end, run.flatMap((u) => u.chunks), named, false),
    );
  }
  const marks = outline ? marksOf(text, outline.declarations) : [];
  const found: Piece[] = [];
  const emit = (run: readonly Unit[], header: string): void => {
    const [start, end] = [run[0].start, run[run.length - 1].end];
    const chunks = tiled(text, { start, end }, marks);
    if (header !== '') chunks.unshift({ text: header, kind: 'header' });
    found.push(piece(path, start, end, chunks, named, run.every((u) => u.kind === 'imports')));
  };
  const walk = (list: readonly Unit[], headerBefore: (first: Unit) => string): void => {
    for (const run of cut(list, bytesMax[form])) {
      for (const part of split(run, (unit) => touches(unit, excluded))) {
        const [first] = part;
        const isTouched = touches(first, excluded);
        if (!isTouched && (part.length > 1 || first.bytes <= bytesMax[form])) emit(part, headerBefore(first));
        else if (!isTouched || (first.declaration && mayOpen(first.declaration, excluded))) open(first, headerBefore(first));
      }
    }
  };
  /** A unit that cannot stay whole, as its parts: the first speaks for itself, the others follow its header. */
  const open = (unit: Unit, header: string): void => {
    const parts = unit.parts();
    if (parts.length === 0) emit([unit], header);
    else walk(parts, (first) => (first === parts[0] ? header : header + unit.header));
  };
  const imports = units.filter((u) => u.kind === 'imports');
  walk(imports, () => '');
  walk(units.slice(imports.length), () => '');
  return found;
}

/** The file's segments alone. */
export const segmentsOf = (path: string, text: string, outline: Outline | undefined): Segment[] => piecesOf(path, text, outline).map((p) => p.segment);

/** A run's units in order, those that `apart` picks each alone. */
function split(run: readonly Unit[], apart: (unit: Unit) => boolean): Unit[][] {
  const found: Unit[][] = [];
  let together = false;
  for (const unit of run) {
    const alone = apart(unit);
    if (!alone && together) found[found.length - 1].push(unit);
    else found.push([unit]);
    together = !alone;
  }
  return found;
}

const touches = (span: Span, excluded: Excluded | undefined): boolean => excluded?.spans.some((s) => span.start < s.end && s.start < span.end) ?? false;

/** Whether parts of a declaration that touches the excluded text may stand alone: never those of the innermost that holds the cursor. */
function mayOpen(declaration: Declaration, excluded: Excluded | undefined): boolean {
  if (declaration.children.length === 0 || !excluded) return false;
  const { cursor } = excluded;
  const holds = (d: Declaration): boolean => d.start <= cursor && cursor <= d.end;
  if (declaration.kind !== 'function' || !holds(declaration)) return true;
  return declaration.children.some((child) => holds(child) && (child.kind === 'function' || child.kind === 'class'));
}

/** Chunks laid behind one another. */
export function segmentOf(path: string, chunks: readonly Chunk[]): Segment {
  let text = '';
  const ranges: KindRange[] = [];
  for (const chunk of chunks) {
    const last = ranges[ranges.length - 1];
    if (last?.kind === chunk.kind) ranges[ranges.length - 1] = { ...last, end: text.length + chunk.text.length };
    else ranges.push({ start: text.length, end: text.length + chunk.text.length, kind: chunk.kind });
    text += chunk.text;
  }
  return { path, text, ranges, digest: digestOf(path, text) };
}

function piece(path: string, start: number, end: number, chunks: readonly Chunk[], named: Names, isImports: boolean): Piece {
  const opening = named.all.slice(firstAt(named.all, start - 1, (n) => n.start), firstAt(named.all, end - 1, (n) => n.start));
  const of = (isMember: boolean): string[] => opening.filter((n) => n.isMember === isMember).flatMap((n) => n.names);
  const owner = named.top[firstAt(named.top, start, (n) => n.end)];
  const owners = owner && owner.start < end ? owner.names : [];
  return { start, end, isImports, names: of(false), members: of(true), owners, segment: segmentOf(path, chunks) };
}

interface Named extends Span {
  readonly names: readonly string[];
  readonly isMember: boolean;
}

/** All declarations in order, and those that are no members. */
interface Names {
  readonly all: readonly Named[];
  readonly top: readonly Named[];
}

const namedIn = (declarations: readonly Declaration[], isMember = false): Named[] =>
  declarations.flatMap((d) => [{ start: d.start, end: d.end, names: d.names, isMember }, ...namedIn(d.children, isMember || d.kind !== 'namespace')]);

/** What most languages that are not parsed open a declaration with. */
const plainDeclaration =
  /^[ \t]*(?:(?:export|pub(?:\([a-z]+\))?|public|private|protected|internal|static|final|abstract|async|unsafe|inline|virtual|override|sealed|open|data)[ \t]+)*(?:func|fn|fun|def|function|class|struct|interface|trait|enum|union|type|module|namespace|record|object|protocol|const|let|var|val)[ \t]+(?:\([^)\n]*\)[ \t]*)?([\p{L}_][\p{L}\p{N}_]*)/gmu;

/** What looks like a declaration, each up to the next. */
function namedInPlain(text: string): Named[] {
  const found = [...text.matchAll(plainDeclaration)];
  return found.map((match, i) => ({ start: match.index, end: found[i + 1]?.index ?? text.length, names: [match[1]], isMember: false }));
}

interface Mark extends Span {
  readonly kind: RangeKind;
}

/** What stands in the file that is not body, in order and apart. */
function marksOf(text: string, declarations: readonly Declaration[]): Mark[] {
  const marks: Mark[] = [];
  const add = (d: Declaration): void => {
    if (d.kind === 'import') {
      marks.push({ start: d.start, end: d.end, kind: 'import' });
      return;
    }
    if (d.doc && d.doc.start < d.signature.start) marks.push({ ...d.doc, kind: 'doc' });
    if (d.kind !== 'statement') marks.push({ start: d.signature.start, end: signatureEnd(text, d), kind: 'signature' });
    if (d.doc && d.doc.start >= d.signature.end) marks.push({ ...d.doc, kind: 'doc' });
    else if (d.doc && d.kind === 'statement' && d.doc.start >= d.signature.start) marks.push({ ...d.doc, kind: 'doc' });
    // A docstring is a statement of the body too; a function's own variables are part of its body.
    d.children.filter((child) => child.start !== d.doc?.start && (d.kind !== 'function' || child.kind === 'function' || child.kind === 'class')).forEach(add);
  };
  declarations.forEach(add);
  return marks;
}

/** What has no body of its own shows its first line as signature; a type is one as a whole. */
function signatureEnd(text: string, { kind, signature, end }: Declaration): number {
  if (kind === 'type' || signature.end < end) return signature.end;
  const newline = text.indexOf('\n', signature.start);
  return newline < 0 ? signature.end : Math.min(signature.end, newline);
}

/** Where the items whose position lies beyond `at` begin; positions rise. */
function firstAt<T>(items: readonly T[], at: number, positionOf: (item: T) => number): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (positionOf(items[middle]) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The text of `span` in chunks, by the marks and the body between them. */
function tiled(text: string, span: Span, marks: readonly Mark[]): Chunk[] {
  const chunks: Chunk[] = [];
  let at = span.start;
  const push = (end: number, kind: RangeKind): void => {
    if (end > at) chunks.push({ text: text.slice(at, end), kind });
    at = Math.max(at, end);
  };
  for (let i = firstAt(marks, at, (mark) => mark.end); i < marks.length && marks[i].start < span.end; i++) {
    const mark = marks[i];
    push(Math.min(mark.start, span.end), 'body');
    push(Math.min(mark.end, span.end), mark.kind);
  }
  push(span.end, 'body');
  return chunks;
}
