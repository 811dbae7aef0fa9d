// The text near the cursor: import block, prefix and suffix, each within its tokens, and what follows, starting where it can stay while somebody types.
// Refuses to look beyond the current file.
import type { CountTokens, LocalPrompt } from '../base/segment.js';
import type { Declaration, ImportStatement, Outline, Span } from './outline.js';
import { textTokens } from './token-counts.js';

export interface WindowOptions {
  readonly prefixTokensMax: number;
  /** Of the cursor's own line up to `lineTimes` as many: what stands there has to be fitted. */
  readonly suffixTokensMax: number;
  readonly importTokensMax: number;
  /** Where the last window started: kept while the prefix is within twice its bound. Leave out when the text before it changed. */
  readonly windowStart?: number;
  readonly countTokens: CountTokens;
}

export interface Window {
  readonly prompt: LocalPrompt;
  readonly windowStart: number;
  /** What prefix and suffix show of the file. */
  readonly shown: Span;
}

/** Lines are counted in stretches of at most this many code units, so that one endless line costs no more than many. */
const stretchChars = 256;
const lineTimes = 4;
/** In so short stretches the rest of the cursor's line is counted, which may be cut. */
const lineStretchChars = 16;
/** So much behind the cursor is looked at to see what stands there already; some ten lines. */
const followingChars = 400;
/** Text further than this many code units a token cannot be in the window. */
const tokenCharsMost = 8;

/** `isLocal`: whether an import statement leads to a file of the workspace; such statements are kept first where not all fit. */
export async function windowOf(path: string, text: string, outline: Outline | undefined, cursor: number, isLocal: (statement: ImportStatement) => boolean, options: WindowOptions): Promise<Window> {
  const { prefixTokensMax, suffixTokensMax, importTokensMax, countTokens } = options;
  const keptStart = options.windowStart !== undefined && isLineStart(text, options.windowStart, cursor) ? options.windowStart : undefined;
  const reach = prefixTokensMax * tokenCharsMost * (keptStart === undefined ? 1 : 2);
  const before = stretches(text, Math.max(0, cursor - reach), cursor);
  const lineEnd = endOfLine(text, cursor);
  const within = (end: number, times: number): number => wholeEnd(text, cursor, Math.min(end, cursor + times * suffixTokensMax * tokenCharsMost));
  const after = [...stretches(text, cursor, within(lineEnd, lineTimes), lineStretchChars), ...stretches(text, lineEnd, within(text.length, 1))];
  const imports = statementsOf(outline, text);
  const counts = await textTokens(countTokens, [...before, ...after, ...imports].map((s) => text.slice(s.start, s.end)));
  const beforeTokens = counts.slice(0, before.length);
  const windowStart = keptStart !== undefined && tokensFrom(keptStart, before, beforeTokens) <= 2 * prefixTokensMax ? keptStart : startOf(text, outline, cursor, before, beforeTokens, prefixTokensMax);
  const suffixEnd = endOf(text, cursor, after, counts.slice(before.length), suffixTokensMax);
  const importBlock = importsWithin(text, imports, counts.slice(before.length + after.length), windowStart, importTokensMax, isLocal);
  const following = text.slice(cursor, wholeEnd(text, cursor, Math.min(text.length, Math.max(suffixEnd, cursor + followingChars))));
  return { prompt: { path, importBlock, prefix: text.slice(windowStart, cursor), suffix: text.slice(cursor, suffixEnd), following }, windowStart, shown: { start: windowStart, end: suffixEnd } };
}

function isLineStart(text: string, offset: number, cursor: number): boolean {
  return offset >= 0 && offset <= cursor && (offset === 0 || text[offset - 1] === '\n');
}

/** Lines with their line ends, in order, long ones in stretches; the first begins with a line where one begins after `from`. */
function stretches(text: string, from: number, to: number, charsMax = stretchChars): Span[] {
  const found: Span[] = [];
  for (let start = from; start < to; ) {
    const newline = text.indexOf('\n', start);
    const end = wholeEnd(text, start, Math.min(newline < 0 ? to : newline + 1, to, start + charsMax));
    found.push({ start, end });
    start = end;
  }
  return found;
}

/** Tokens from `start` to the cursor; Infinity when it lies further back than was counted. */
function tokensFrom(start: number, before: readonly Span[], tokens: readonly number[]): number {
  if (before.length > 0 && before[0].start > start) return Infinity;
  return tokens.reduce((sum, count, i) => (before[i].end > start ? sum + count : sum), 0);
}

/** The earliest declaration that fits, else the earliest member, unless it uses less than half of the bound: then the earliest line, and within an endless line any place. */
function startOf(text: string, outline: Outline | undefined, cursor: number, before: readonly Span[], tokens: readonly number[], tokensMax: number): number {
  let first = before.length;
  for (let sum = 0; first > 0; first--) {
    sum += tokens[first - 1];
    if (sum > tokensMax && first < before.length) break;
  }
  if (before.length === 0 || before[first].start === 0) return 0;
  const earliest = before[first].start;
  const fitting = before.slice(first).map((s) => s.start);
  const line = fitting.find((start) => text[start - 1] === '\n');
  if (line === undefined) return earliest;
  const declarations = outline?.declarations ?? [];
  const declared = [firstDeclared(declarations, text, line, cursor, false), firstDeclared(declarations, text, line, cursor, true)];
  return declared.find((start) => start !== undefined && 2 * tokensFrom(start, before, tokens) >= tokensMax) ?? line;
}

/** The first line at or after `from`, before the cursor, that a declaration starts, or where `inside` is wanted a member of one. */
function firstDeclared(declarations: readonly Declaration[], text: string, from: number, cursor: number, inside: boolean): number | undefined {
  for (const d of declarations) {
    if (d.end < from) continue;
    if (d.start > cursor) return undefined;
    const line = text.lastIndexOf('\n', d.start - 1) + 1;
    if (line >= from && /^\s*$/.test(text.slice(line, d.start))) return line;
    const member = inside ? firstDeclared(d.children, text, from, cursor, true) : undefined;
    if (member !== undefined) return member;
  }
  return undefined;
}

/** The end of the line that holds `offset`, its line end included. */
function endOfLine(text: string, offset: number): number {
  const newline = text.indexOf('\n', offset);
  return newline < 0 ? text.length : newline + 1;
}

/** The last line end within the bound, or the last place within a line that alone exceeds it. */
function endOf(text: string, cursor: number, after: readonly Span[], tokens: readonly number[], tokensMax: number): number {
  const ownEnd = endOfLine(text, cursor);
  let sum = 0;
  let end = cursor;
  let lineEnd: number | undefined;
  for (const [i, stretch] of after.entries()) {
    sum += tokens[i];
    if (sum > tokensMax * (stretch.end <= ownEnd ? lineTimes : 1)) break;
    end = stretch.end;
    if (end === text.length || text[end - 1] === '\n') lineEnd = end;
  }
  return lineEnd ?? (end > cursor ? end : wholeEnd(text, cursor, Math.min(text.length, cursor + tokensMax)));
}

/** `end`, or one before it where that would cut a character in two. */
function wholeEnd(text: string, start: number, end: number): number {
  return end < text.length && end > start + 1 && /[\ud800-\udbff]/.test(text[end - 1]) ? end - 1 : end;
}

/** Import statements that stand directly in the file, each once. */
function statementsOf(outline: Outline | undefined, text: string): ImportStatement[] {
  const found = new Map<number, ImportStatement>();
  for (const statement of outline?.imports ?? []) {
    if (statement.topLevel && !statement.reexport && !found.has(statement.start) && statement.end - statement.start < text.length) found.set(statement.start, statement);
  }
  return [...found.values()];
}

/** Those before the window, as many as fit: the workspace's own first, in file order. Does not depend on what is typed. */
function importsWithin(text: string, imports: readonly ImportStatement[], tokens: readonly number[], windowStart: number, tokensMax: number, isLocal: (statement: ImportStatement) => boolean): string {
  const outside = imports.map((statement, i) => ({ statement, tokens: tokens[i] + 1 })).filter(({ statement }) => statement.end <= windowStart);
  const kept = new Set<ImportStatement>();
  let left = tokensMax;
  const take = (wanted: (statement: ImportStatement) => boolean): void => {
    for (const one of outside) {
      if (one.tokens > left || kept.has(one.statement) || !wanted(one.statement)) continue;
      kept.add(one.statement);
      left -= one.tokens;
    }
  };
  if (outside.reduce((sum, one) => sum + one.tokens, 0) > tokensMax) take(isLocal);
  take(() => true);
  if (kept.size === 0) return '';
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  return outside.filter((one) => kept.has(one.statement)).map(({ statement }) => text.slice(statement.start, statement.end) + lineEnd).join('');
}
