// A file as a tree of units that tile it: its import block, its declarations with their members, and lines where nothing else is left.
// Refuses to group them: that is cut.ts.
import type { Part } from './cut.js';
import type { Declaration, Outline, Span } from './outline.js';

export interface Unit extends Part, Span {
  readonly kind: 'imports' | 'declaration' | 'lines';
  readonly declaration?: Declaration;
  /** The units that tile this one; never called for a unit that is small enough. */
  parts(): Unit[];
  /** What a reader of a part needs to see first: the enclosing signature on one line, or ''. */
  readonly header: string;
}

const headerCharsMax = 240;
/** Longer pieces of one line are cut anywhere. */
const lineCharsMax = 512;
/** A statement longer than this between imports ends the import block. */
const interludeCharsMax = 400;

/** The whole text as units. Without an outline: what stands between blank lines. */
export function unitsOf(text: string, outline: Outline | undefined): Unit[] {
  if (!outline || outline.declarations.length === 0) return paragraphUnits(text);
  const { declarations } = outline;
  const leading = leadingImports(declarations);
  const bounds = boundaries(text, declarations, { start: 0, end: text.length });
  const rest = numbered(declarations.slice(leading).map((d, i) => declarationUnit(text, d, bounds[leading + i], bounds[leading + i + 1])));
  return leading > 0 ? [importsUnit(text, declarations.slice(0, leading), bounds), ...rest] : rest;
}

/** Where the import block ends (the unit's end), 0 when the file has none. */
export function importBlockEnd(text: string, outline: Outline): number {
  const leading = leadingImports(outline.declarations);
  return leading > 0 ? boundaries(text, outline.declarations, { start: 0, end: text.length })[leading] : 0;
}

/** How many declarations open the file up to its last leading import: imports, and short statements among them. */
function leadingImports(declarations: readonly Declaration[]): number {
  let leading = 0;
  for (const [i, d] of declarations.entries()) {
    if (d.kind === 'import') leading = i + 1;
    else if (d.kind !== 'statement' || d.end - d.start > interludeCharsMax) break;
  }
  return leading;
}

/** n declarations -> n + 1 offsets from `within.start` to `within.end`: each starts a line where it can; blank space leads what follows it. */
function boundaries(text: string, declarations: readonly Declaration[], within: Span): number[] {
  const bounds = [within.start];
  for (let i = 1; i < declarations.length; i++) {
    const newline = text.indexOf('\n', declarations[i - 1].end);
    const start = declarations[i].start;
    bounds.push(newline >= 0 && newline < start ? newline + 1 : Math.max(start, bounds[i - 1]));
  }
  return [...bounds, within.end];
}

function importsUnit(text: string, declarations: readonly Declaration[], bounds: readonly number[]): Unit {
  const end = bounds[declarations.length];
  return {
    kind: 'imports',
    key: 'imports',
    weight: 0,
    start: 0,
    end,
    bytes: Buffer.byteLength(text.slice(0, end)),
    header: '',
    parts: () => numbered(declarations.map((d, i) => declarationUnit(text, d, bounds[i], bounds[i + 1]))),
  };
}

function declarationUnit(text: string, declaration: Declaration, start: number, end: number): Unit {
  const { names, kind, children, signature } = declaration;
  return {
    kind: 'declaration',
    declaration,
    // What has no name is known by how it begins.
    key: names.length > 0 ? `${kind} ${names.join()}` : `${kind} ${text.slice(signature.start, signature.start + 48).split('\n')[0]}`,
    weight: 0,
    start,
    end,
    bytes: Buffer.byteLength(text.slice(start, end)),
    header: headerOf(text, declaration),
    parts: () => (children.length > 0 ? memberUnits(text, declaration, start, end) : lineUnits(text, { start, end })),
  };
}

/** A head (comment, signature and what precedes the first member), then the members; what closes the body goes with the last. */
function memberUnits(text: string, declaration: Declaration, start: number, end: number): Unit[] {
  const { children, signature } = declaration;
  const newline = text.indexOf('\n', signature.end);
  const headEnd = newline >= 0 && newline < children[0].start ? newline + 1 : children[0].start;
  const bounds = boundaries(text, children, { start: headEnd, end });
  const head: Unit = {
    kind: 'lines',
    key: 'head',
    weight: 0,
    start,
    end: headEnd,
    bytes: Buffer.byteLength(text.slice(start, headEnd)),
    header: '',
    parts: () => lineUnits(text, { start, end: headEnd }),
  };
  return numbered([head, ...children.map((d, i) => declarationUnit(text, d, bounds[i], bounds[i + 1]))]);
}

/** Lines up to and with the blank ones that follow; the less a paragraph is indented the sooner it is cut before. */
function paragraphUnits(text: string): Unit[] {
  const starts: number[] = [];
  let isAfterBlank = true;
  for (let at = 0; at < text.length; at = text.indexOf('\n', at) + 1 || text.length) {
    const isBlank = /^[^\S\n]*(?:\n|$)/.test(text.slice(at, at + lineCharsMax));
    if (!isBlank && isAfterBlank) starts.push(at);
    isAfterBlank = isBlank;
  }
  const bounds = [0, ...starts.slice(1), text.length];
  const units = bounds.slice(1).map((end, i): Unit => {
    const span = { start: bounds[i], end };
    const paragraph = text.slice(span.start, end);
    const first = Math.max(0, paragraph.search(/\S/));
    return { kind: 'lines', key: paragraph.slice(first).split('\n', 1)[0], weight: first - paragraph.lastIndexOf('\n', first) - 1, ...span, bytes: Buffer.byteLength(paragraph), header: '', parts: () => lineUnits(text, span) };
  });
  return text === '' ? [] : numbered(units);
}

/** Lines, or stretches of one that is too long; the less a line is indented the sooner it is cut before, lines that only close come last. */
function lineUnits(text: string, within: Span): Unit[] {
  const units: Unit[] = [];
  for (let start = within.start; start < within.end; ) {
    const newline = text.indexOf('\n', start);
    let end = Math.min(newline < 0 ? within.end : newline + 1, within.end, start + lineCharsMax);
    if (end < within.end && isHighSurrogate(text.charCodeAt(end - 1))) end--;
    const line = text.slice(start, end);
    const closes = /^\s*(?:[)\]}]|$)/.test(line);
    units.push({ kind: 'lines', key: line.trim(), weight: closes ? 1000 : line.search(/\S/), start, end, bytes: Buffer.byteLength(line), header: '', parts: () => [] });
    start = end;
  }
  return numbered(units);
}

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;

/** Tells units of the same name apart by their order among themselves. */
function numbered(units: readonly Unit[]): Unit[] {
  const seen = new Map<string, number>();
  return units.map((unit) => {
    const count = seen.get(unit.key) ?? 0;
    seen.set(unit.key, count + 1);
    return count === 0 ? unit : { ...unit, key: `${unit.key} ${count}` };
  });
}

function headerOf(text: string, declaration: Declaration): string {
  const { start, end } = declaration.signature;
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const indent = /^[ \t]*/.exec(text.slice(lineStart, start))?.[0] ?? '';
  const line = text.slice(start, end).split(/\s*\r?\n\s*/).join(' ');
  return declaration.kind === 'statement' ? '' : `${indent}${line.length > headerCharsMax ? `${line.slice(0, headerCharsMax)} ...` : line}\n`;
}
