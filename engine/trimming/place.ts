// What stands around a cursor, as far as text written there has to fit it. Refuses to look at that text.
import { dutiesOf, openersOf, scan, type CommentMark, type Duties, type LineState, type Opener, type Scan } from './brackets.js';
import { indentOf, isBlank, normal } from './lines.js';

export type Stop = 'line' | 'block';

/** What the rules need to know about the cursor, worked out once. Lines end in '\n' here. */
export interface Place extends Duties {
  readonly stop: Stop;
  readonly newline: '\n' | '\r\n';
  readonly mark: CommentMark;
  /** The cursor's line up to it, and from it. */
  readonly lineStart: string;
  readonly lineRest: string;
  /** Whole lines before the cursor's, the nearest last. */
  readonly linesBefore: readonly string[];
  /** The first line after the cursor's that has a word in it, without trailing blanks; '' if none. */
  readonly lineAfter: string;
  /** What stands open at the cursor, outermost first. */
  readonly open: readonly Opener[];
  /** A line indented from `from` up to less than `below` columns may begin by closing what opened before the window. */
  readonly outside: { readonly from: number; readonly below: number };
  /** At the cursor; and whether the rest of the line, or of the code in a string's braces, closes the string that holds it. */
  readonly line: LineState;
  readonly quoteCloses: boolean;
}

/** `prefix` and `suffix` may be cut off at their far ends, in lines; the nearer, the more they tell. */
export function placeOf(prefix: string, suffix: string, stop: Stop, mark: CommentMark = '//'): Place {
  const before = normal(prefix);
  const after = normal(suffix);
  const linesBefore = before.split('\n');
  const linesAfter = after.split('\n');
  const lineStart = linesBefore.pop() ?? '';
  const lineRest = linesAfter.shift() ?? '';
  const lineAfter = linesAfter.find((line) => /[\p{L}\p{N}]/u.test(line))?.trimEnd() ?? '';

  const scanned = scan(before, mark, { ...code, comment: opensInComment(before, after) ? 'block' : '', isFresh: true }, closesComment(after));
  const hole = closesQuote(lineRest, scanned.openQuote) ? holeOf(before, scanned, lineRest, mark) : undefined;
  const found = hole ? scan(hole.before, mark, code) : scanned;
  const line = { quote: found.openQuote, comment: found.openComment, isFresh: isBlank(lineStart) };
  const quoteCloses = closesQuote(hole?.after ?? lineRest, line.quote);
  const open = openersOf(hole?.before ?? before, found);
  const comment = line.comment === 'block' && !closesComment(after) ? 'line' : line.comment;
  const duties = dutiesOf(open, hole?.after ?? after, mark, { quote: quoteCloses ? line.quote : '', comment, isFresh: false });
  const indents = [...linesBefore, lineStart].filter((shown) => !isBlank(shown)).map(indentOf);
  return {
    stop,
    newline: (prefix + suffix).includes('\r\n') ? '\r\n' : '\n',
    mark,
    lineStart,
    lineRest,
    linesBefore,
    lineAfter,
    open,
    ...duties,
    outside: { from: Math.max(indentOf(lineAfter), duties.closedFrom + 1), below: indents.length > 0 ? Math.min(...indents) : 0 },
    line,
    quoteCloses,
  };
}

const code: LineState = { quote: '', comment: '', isFresh: false };

/** Whether `line` holds an odd number of quotes; '' is none. */
export const closesQuote = (line: string, quote: string): boolean => quote !== '' && line.replace(/\\./g, '').split(quote).length % 2 === 0;

/** Whether `text` closes a block comment before it opens one. */
const closesComment = (text: string): boolean => /^(?:(?!\/\*)[^])*?\*\//.test(text);

/** Whether what is shown of the file begins within a block comment. */
const opensInComment = (before: string, after: string): boolean => /^[ \t]*\*[ \t/\n]/.test(before) && closesComment(before + after);

/** What opens the braces of a string: of a template, and of one of Python's that is formatted. */
const holes = { template: /(?<!\\)\$\{/, formatted: /(?<!\{)(?:\{\{)*\{(?!\{)/ };
const formats = /(?<![\p{L}\p{N}_])(?:f|fr|rf|t)(?:""|'')?$/iu;

/** What stands before and after the cursor in the braces of the string that is open at the end of `before` (`f"{a.|}"`), where code goes on; undefined where the string's own text does. */
function holeOf(before: string, { strings, openQuote }: Scan, lineRest: string, mark: CommentMark): { before: string; after: string } | undefined {
  const start = strings[strings.length - 1][0];
  const opening = openQuote === '`' ? holes.template : formats.test(before.slice(0, start)) ? holes.formatted : undefined;
  let inside = before.slice(start + 1);
  for (let match = opening?.exec(inside); match; match = opening?.exec(inside)) {
    inside = inside.slice(match.index + match[0].length);
    const found = scan(inside, mark, code);
    const depths = depthsOf(found, 1);
    const end = depths.find(({ depth }) => depth === 0);
    if (end) {
      inside = inside.slice(end.at + 1);
      continue;
    }
    const rest = lineRest.slice(0, lineRest.indexOf(openQuote));
    const after = depthsOf(scan(rest, mark, { ...code, quote: closesQuote(rest, found.openQuote) ? found.openQuote : '' }), depths.at(-1)?.depth ?? 1);
    // Where inner braces are not closed yet, the last one closes those of the string.
    const close = after.find(({ depth }) => depth === 0) ?? after.findLast(({ char }) => char === '}');
    return close && { before: inside, after: rest.slice(0, close.at) };
  }
  return undefined;
}

/** The braces of code that begins `depth` deep in such, each with how deep it leaves us. */
function depthsOf({ brackets }: Scan, depth: number): { readonly at: number; readonly char: string; readonly depth: number }[] {
  return brackets.filter(({ char }) => char === '{' || char === '}').map(({ at, char }) => ({ at, char, depth: (depth += char === '{' ? 1 : -1) }));
}
