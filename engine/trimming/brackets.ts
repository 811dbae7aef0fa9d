// Which brackets stand open at a cursor and which of them the text after it closes, in any language with ()[]{}.
// Refuses to parse: a quote pairs with the next of its kind on its line (else it is an ordinary character; on the last line, a string still open), an apostrophe after a
// letter is one (`don't`), a slash where a value may begin opens a regular expression; these and comments hold no brackets. Text of a string over lines reads as code. A
// grammar would give up on half-written code.
import { indentOf, isBlank, lineEnd } from './lines.js';

/** `at` is an index into the text scanned. */
interface Mark {
  readonly at: number;
  readonly char: string;
}

export interface Scan {
  readonly brackets: readonly Mark[];
  /** Half-open ranges of string literals that open in the text, quotes included. */
  readonly strings: readonly (readonly [number, number])[];
  /** The quote of a string still open at the end, else ''. */
  readonly openQuote: string;
  readonly openComment: Comment;
}

/** Ends with its line, or with its closing mark; '' is none. */
export type Comment = '' | 'line' | 'block';

/** What opens a comment after code: Python divides by `//`, others name private fields with `#`. */
export type CommentMark = '#' | '//';

export const commentMarkOf = (path: string): CommentMark => (/\.pyi?$/.test(path) ? '#' : '//');

/** What the text scanned goes on with on its first line. */
export interface LineState {
  /** Of the string that is open, else ''. */
  readonly quote: string;
  readonly comment: Comment;
  /** Nothing but blanks stands before the text. */
  readonly isFresh: boolean;
}

/** A bracket still open at the cursor, by the character that would close it; `indent` is its line's, in columns. */
export interface Opener {
  readonly closer: string;
  readonly indent: number;
  readonly onCursorLine: boolean;
}

const closerOf: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
const closers = ')]}';
const quotes = '"\'`';

export const isCloser = (char: string): boolean => char !== '' && closers.includes(char);

/** `closesLater`: what comes after the text may end a comment that it leaves open. */
export function scan(text: string, mark: CommentMark, { quote, comment, isFresh }: LineState, closesLater = false): Scan {
  const brackets: Mark[] = [];
  const strings: [number, number][] = [];
  const ended = (openQuote: string, openComment: Comment): Scan => ({ brackets, strings, openQuote, openComment });
  let at = comment ? commentEnd(text, 0, comment) : 0;
  if (quote) {
    at = stringEnd(text, 0, quote);
    if (at > text.length) return ended(quote, '');
    if (at < 0) at = lineEnd(text, 0);
  }
  if (at > text.length) return ended('', comment);
  while (at < text.length) {
    const char = text[at];
    const opened = commentAt(text, at, mark, isFresh, closesLater);
    if (opened) {
      at = commentEnd(text, opened === 'block' ? at + 2 : at, opened);
      if (at > text.length) return ended('', opened);
    } else if (opensString(text, at)) {
      const end = stringEnd(text, at + 1, char);
      if (end > 0) strings.push([at, Math.min(end, text.length)]);
      if (end > text.length) return ended(char, '');
      at = end > 0 ? end : at + 1;
    } else {
      if (char in closerOf || closers.includes(char)) brackets.push({ at, char });
      at++;
    }
  }
  return ended('', '');
}

/**
 * The comment that begins at `at`: in any language a line may begin with `# `; elsewhere marks stand after a blank or a bracket's or statement's end, never within a word
 * or an address, nor after a template's hole. A `/*` behind something on its line that nothing closes is a path's.
 */
function commentAt(text: string, at: number, mark: CommentMark, isFresh: boolean, closesLater: boolean): Comment {
  const two = text.slice(at, at + 2);
  if (two[0] !== '#' && two !== '//' && two !== '/*') return '';
  const before = text.slice(text.lastIndexOf('\n', at) + 1, at);
  const leads = isBlank(before) && (isFresh || before.length < at);
  if (two[0] === '#') return (mark === '#' ? leads || /\s$/.test(before) : leads && /^#\W?$/.test(two)) ? 'line' : '';
  if (mark === '#' || !/(?:^|[\s;,(){}[\]])$/.test(before) || /\$\{[^{}]*\}$/.test(before)) return '';
  if (two === '//') return 'line';
  return leads || closesLater || text.includes('*/', at + 2) ? 'block' : '';
}

/** Index after the comment that is open at `from`, at its line's end or behind its closing mark; text.length + 1 where the text does not end it. */
function commentEnd(text: string, from: number, comment: Comment): number {
  const closing = text.indexOf(comment === 'line' ? '\n' : '*/', from);
  return closing < 0 ? text.length + 1 : comment === 'line' ? closing : closing + 2;
}

/** A quote, or a slash after what no division follows and that ends no tag; not a single quote right after a word, unless the word is one of Python's string prefixes. */
function opensString(text: string, at: number): boolean {
  const char = text[at];
  if (char === '/') return /[^\s/*,)=>]/.test(text[at + 1] ?? ' ') && /(?:^|[=(,:[!&|?{};\n]|=>|\breturn)[ \t]*$/.test(text.slice(Math.max(0, at - 16), at));
  if (char !== "'") return quotes.includes(char);
  const word = /[\p{L}\p{N}_]+$/u.exec(text.slice(Math.max(0, at - 32), at))?.[0];
  return word === undefined || /^[fFrRbBuU]{1,2}$/.test(word);
}

/** Index after the quote that closes the string whose inside begins at `from`; -1 when the line ends before it, text.length + 1 when the text does. */
function stringEnd(text: string, from: number, quote: string): number {
  let inClass = false; // [/] in a regular expression
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === quote && !inClass) return at + 1;
    else if (text[at] === '\n') return -1;
    else if (quote === '/' && '[]'.includes(text[at])) inClass = text[at] === '[';
  }
  return text.length + 1;
}

const lineAt = (text: string, at: number): string => text.slice(text.lastIndexOf('\n', at - 1) + 1, lineEnd(text, at));

/** What stands open at the end of `prefix`, which was scanned, outermost first. Closers without an opener belong to text before the window and count for nothing. */
export function openersOf(prefix: string, { brackets }: Scan): Opener[] {
  const open: Opener[] = [];
  const cursorLine = prefix.lastIndexOf('\n') + 1;
  for (const { at, char } of brackets) {
    const closer = closerOf[char];
    if (closer) open.push({ closer, indent: indentOf(lineAt(prefix, at)), onCursorLine: at >= cursorLine });
    else if (open.at(-1)?.closer === char) open.pop();
  }
  return open;
}

/** What text at a cursor has to do with brackets. */
export interface Duties {
  /** Of what stands open at the cursor the innermost part, which the suffix leaves to be closed, outermost first. */
  readonly left: readonly Opener[];
  /** Closers on the rest of the cursor's line that nothing opened yet. */
  readonly owed: number;
  /** The deepest indent of a line of the suffix that begins by closing what opened before the window: Infinity for a closer elsewhere, -1 for none. */
  readonly closedFrom: number;
}

/**
 * Closers on the rest of the cursor's line belong to the outermost brackets of that line that they fit: of `f(g(|)` one is missing. One on a later line belongs to the
 * innermost that it fits; where it leads its line, to one whose line is not indented deeper: formatted code says itself where a bracket belongs. One of the
 * cursor's line it closes only with all around it on that line: in `f({ a|` above `}` the text is to close both.
 */
export function dutiesOf(open: readonly Opener[], suffix: string, mark: CommentMark, line: LineState): Duties {
  const unmatched = closersIn(suffix, mark, line);
  const here = unmatched.filter((closer) => closer.onCursorLine).reverse();
  const ofThisLine = open.filter((opener) => opener.onCursorLine).length;
  let from = open.length - Math.min(open.length, Math.max(ofThisLine, here.length));
  const taken: number[] = [];
  for (const { char } of here) {
    const at = open.findIndex((opener, index) => index >= from && opener.closer === char);
    if (at < 0) continue;
    taken.push(at);
    from = at + 1;
  }
  const owed = here.length - taken.length;
  const closesOut = (at: number, next: typeof below): boolean => open.slice(open.length - ofThisLine, at).reverse().every(({ closer }, i) => next[i]?.char === closer);
  let closedFrom = owed > 0 ? Infinity : -1;
  let bound = taken[0] ?? open.length;
  const below = unmatched.slice(here.length);
  for (const [index, { char, indent }] of below.entries()) {
    const at = open.slice(0, bound).findLastIndex((opener, i) => opener.closer === char && opener.indent <= indent && closesOut(i, below.slice(index + 1)));
    if (at < 0) {
      closedFrom = Math.max(closedFrom, indent);
      continue;
    }
    taken.push(at);
    bound = at;
  }
  return { left: open.slice(Math.max(-1, ...taken) + 1), owed, closedFrom };
}

/** Closers in `suffix` whose openers stand before it, in order; `indent` is infinite where the closer does not lead its line. */
function closersIn(suffix: string, mark: CommentMark, line: LineState): { char: string; indent: number; onCursorLine: boolean }[] {
  const found: { char: string; indent: number; onCursorLine: boolean }[] = [];
  const open: string[] = [];
  const firstLineEnd = lineEnd(suffix, 0);
  for (const { at, char } of scan(suffix, mark, line).brackets) {
    const closer = closerOf[char];
    if (closer) open.push(closer);
    else if (open.length === 0) {
      const lineStart = suffix.lastIndexOf('\n', at - 1) + 1;
      const leads = lineStart > 0 && /^[ \t]*$/.test(suffix.slice(lineStart, at));
      found.push({ char, indent: leads ? indentOf(suffix.slice(lineStart, at)) : Infinity, onCursorLine: at < firstLineEnd });
    } else if (open.at(-1) === char) open.pop();
  }
  return found;
}

/** How `text` between a cursor's two sides changes what is open. */
export interface Balance {
  /** Where a closer stands that nothing opened, or that what follows has already; undefined if none. */
  readonly end: number | undefined;
  /** Brackets open at each index at which that changes; `depths[0]` is the start's. */
  readonly depths: readonly { readonly at: number; readonly depth: number }[];
  /** Closers of what is open there or at the text's end, outermost first. */
  readonly open: readonly string[];
}

/** `left`: what the text may close; `isOutside`: whether a closer stands where it may close what opened before the window. */
export function balance(found: Scan, left: readonly Opener[], isOutside: (at: number) => boolean): Balance {
  const open = left.map((opener) => opener.closer);
  const depths = [{ at: 0, depth: open.length }];
  for (const { at, char } of found.brackets) {
    const closer = closerOf[char];
    if (closer) open.push(closer);
    else if (open.at(-1) === char) open.pop();
    else if (open.length > 0 || !isOutside(at)) return { end: at, depths, open };
    depths.push({ at: at + 1, depth: open.length });
  }
  return { end: undefined, depths, open };
}
