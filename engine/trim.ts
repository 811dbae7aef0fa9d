// Where generated text ends, so that it fits between what stands before and after the cursor: pure rules over strings.
// Refuses to invent: the result is the model's text with pieces left out (and the file's own line ends).
import { balance, dutiesOf, indentOf, isCloser, openersOf, scan, type Balance, type CommentMark, type Duties, type LineState, type Opener, type Scan } from './brackets.js';

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
  /** At the cursor; and whether the rest of the line closes the string that holds it. */
  readonly line: LineState;
  readonly quoteCloses: boolean;
}

/** Lines of a block, the cursor's included. */
export const blockLinesMax = 32;
/** A line, or a cycle of up to `loopLinesMax` lines, is a loop when it stands so often in a row. */
const loopTimes = 3;
const loopLinesMax = 3;
/** Tables of equal values are common: of lines with a comma at their end it takes more, and of units of up to so many characters within a line. */
const loopValueTimes = 8;
const loopUnitCharsMax = 24;
const loopCharsMin = 32;
/** Shorter rests of a line are too common to be looked for inside the text: only its end is compared. */
const restCharsMin = 4;
/** From so many characters on, a last line cut short counts as a copy of the line that follows. */
const copyCharsMin = 4;

const specialTexts = ['endoftext', 'im_start', 'im_end', 'fim_prefix', 'fim_middle', 'fim_suffix', 'fim_pad', 'repo_name', 'file_sep']
  .map((name) => `<|${name}|>`)
  .concat('<fim_prefix>', '<fim_middle>', '<fim_suffix>', '<fim_pad>');
const specialTextBegunMin = 4;

const normal = (text: string): string => text.replace(/\r\n?/g, '\n');
const isBlank = (text: string): boolean => text.trim() === '';
const isWord = (char: string | undefined): boolean => char !== undefined && /[\p{L}\p{N}\p{M}_$]/u.test(char);

/** `prefix` and `suffix` may be cut off at their far ends, in lines; the nearer, the more they tell. */
export function placeOf(prefix: string, suffix: string, stop: Stop, mark: CommentMark = '//'): Place {
  const before = normal(prefix);
  const after = normal(suffix);
  const linesBefore = before.split('\n');
  const linesAfter = after.split('\n');
  const lineStart = linesBefore.pop() ?? '';
  const lineRest = linesAfter.shift() ?? '';
  const lineAfter = linesAfter.find((line) => /[\p{L}\p{N}]/u.test(line))?.trimEnd() ?? '';
  const scanned = scan(before, mark, { quote: '', comment: opensInComment(before, after) ? 'block' : '', isFresh: true });
  const line: LineState = { quote: scanned.openQuote, comment: scanned.openComment, isFresh: isBlank(lineStart) };
  const quoteCloses = line.quote !== '' && closesQuote(lineRest, line.quote);
  const hole = quoteCloses ? holeOf(lineStart, lineRest, line.quote) : undefined;
  const around = { stop, newline: (prefix + suffix).includes('\r\n') ? '\r\n' : '\n', mark, lineStart, lineRest, linesBefore, lineAfter } as const;
  if (hole) {
    const open = openersOf(hole.before, scan(hole.before, mark, codeLine));
    return { ...around, open, outside: { from: 0, below: 0 }, ...dutiesOf(open, hole.after, mark, codeLine), line: codeLine, quoteCloses: false };
  }
  const open = openersOf(before, scanned);
  const comment = line.comment === 'block' && !closesComment(after) ? 'line' : line.comment;
  const duties = dutiesOf(open, after, mark, { quote: quoteCloses ? line.quote : '', comment, isFresh: false });
  const indents = [...linesBefore, lineStart].filter((line) => !isBlank(line)).map(indentOf);
  const outside = { from: Math.max(indentOf(lineAfter), duties.closedFrom + 1), below: indents.length > 0 ? Math.min(...indents) : 0 };
  return { ...around, open, outside, ...duties, line, quoteCloses };
}

const codeLine: LineState = { quote: '', comment: '', isFresh: false };

/** What stands before and after the cursor in the braces of a string (`f"{a.|}"`), where code goes on; undefined where the string's own text does. */
function holeOf(lineStart: string, lineRest: string, quote: string): { before: string; after: string } | undefined {
  const at = lineStart.lastIndexOf(quote);
  const opening = quote === '`' ? /\$\{([^{}]*)$/ : /(?<![\p{L}\p{N}_])(?:f|fr|rf|t)$/iu.test(lineStart.slice(0, at)) ? /(?<!\{)(?:\{\{)*\{([^{}]*)$/ : undefined;
  const before = opening?.exec(lineStart.slice(at + 1))?.[1];
  const after = /^([^{}]*)\}/.exec(lineRest)?.[1];
  return before === undefined || after === undefined || after.includes(quote) ? undefined : { before, after };
}

/** Whether `text` closes a block comment before it opens one. */
const closesComment = (text: string): boolean => /^(?:(?!\/\*)[^])*?\*\//.test(text);

/** Whether what is shown of the file begins within a block comment. */
const opensInComment = (before: string, after: string): boolean => /^[ \t]*\*[ \t/\n]/.test(before) && closesComment(before + after);

/** Whether `line` holds an odd number of quotes. */
const closesQuote = (line: string, quote: string): boolean => line.replace(/\\./g, '').split(quote).length % 2 === 0;

/** A rule gives the length at which the text ends, or undefined where it has nothing against the text so far. */
type Rule = (text: string, place: Place) => number | undefined;

/** Each sees what the ones before it left. */
const endRules: readonly Rule[] = [strayEnd, lineEnd, quoteEnd, closerEnd, blockEnd, restEnd, copyEnd, loopEnd];
/** These hold only once nothing more is to come. */
const tailRules: readonly Rule[] = [specialTail, reopenTail, overlapTail, copyTail];

/** `raw`, whole characters as the model wrote them, as it may be shown. `ended`: nothing that the model writes next can be part of it. */
export function trim(raw: string, place: Place): { text: string; ended: boolean } {
  const cut = (rules: readonly Rule[], from: string) => rules.reduce((text, rule) => text.slice(0, rule(text, place)), from);
  const whole = withoutDoubledIndent(normal(raw), place);
  const ended = cut(endRules, whole);
  let text = cut(tailRules, ended);
  if (isBlank(place.lineRest)) text = text.trimEnd();
  if (isBlank(text)) text = '';
  return { text: text.replaceAll('\n', place.newline), ended: ended.length < whole.length };
}

/** `raw` up to its last complete piece, where a bound cut it off and `next` is what the model would have written next: to a whole word, or of a block to a whole line. */
export function wholePart(raw: string, next: string, place: Place): string {
  const words = isWord(Array.from(next)[0]) ? raw.replace(/[\p{L}\p{N}\p{M}_$]+$/u, '') : raw;
  return place.stop === 'block' ? (wholeLines(normal(raw), normal(next), place) ?? words) : words;
}

/** A line is complete that opens nothing and that no deeper one follows; a first line that is not stands for itself. Undefined where no line ended yet. */
function wholeLines(raw: string, next: string, place: Place): string | undefined {
  const text = withoutDoubledIndent(raw + next, place);
  const { depths } = bracketsIn(text, place);
  const lines = linesOf(text, place).filter(({ line }) => !isBlank(line));
  const ended = lines.filter(({ end }) => end <= text.length - next.length && end < text.length && !isBlank(text.slice(0, end)));
  const complete = ended.findLast(({ line, end }) => {
    const below = lines.find(({ start }) => start > end);
    return depthAt(depths, end) <= place.left.length && (below ? indentOf(below.line) <= indentOf(line) : !opensBlock(line));
  });
  const last = complete ?? ended[0];
  return last && text.slice(0, last.end);
}

/** Special tokens spelt out, and bytes that are no text. */
function strayEnd(text: string): number | undefined {
  const ends = [...specialTexts, '\uFFFD'].map((stray) => text.indexOf(stray)).filter((at) => at >= 0);
  return ends.length > 0 ? Math.min(...ends) : undefined;
}

function lineEnd(text: string, { stop }: Place): number | undefined {
  return stop === 'line' ? indexIn(text, '\n') : undefined;
}

/** The quote that ends the string at the cursor, where the rest of the line has it already. */
function quoteEnd(text: string, { line, quoteCloses }: Place): number | undefined {
  return quoteCloses ? indexIn(text.replace(/\\./g, '..'), line.quote) : undefined;
}

/** A closing bracket that nothing opened, or that stands after the cursor already. */
function closerEnd(text: string, place: Place): number | undefined {
  return mayReopen(text, place) ? bracketsIn(text, place, place.open).end : bracketsIn(text, place).end;
}

/** Whether the line is one like `} else {`: it may close what the text after the cursor closes, as long as it opens as much again. */
const mayReopen = (text: string, { stop, line }: Place): boolean => stop === 'line' && line.isFresh && isCloser(text.trimStart().slice(0, 1));

function reopenTail(text: string, place: Place): number | undefined {
  if (!mayReopen(text, place)) return undefined;
  const { open } = bracketsIn(text, place, place.open);
  return place.open.every(({ closer }, i) => open[i] === closer) ? undefined : bracketsIn(text, place).end;
}

/**
 * A block's lines are indented deeper than the line that opens it, or some bracket that the cursor's line or the text opened is still open. Blank lines belong to what
 * follows them. A line that is not deeper ends the block: it is the last one where it begins by closing a bracket left open before the cursor.
 */
function blockEnd(text: string, place: Place): number | undefined {
  if (place.stop !== 'block') return undefined;
  const { depths } = bracketsIn(text, place);
  const depthOutside = place.left.filter((opener) => !opener.onCursorLine).length;
  let outside: number | undefined; // the opening line's indent
  let lastEnd = 0;
  for (const { line, start, end, number } of linesOf(text, place)) {
    if (number === blockLinesMax) return lastEnd;
    if (isBlank(line)) continue;
    const indent = indentOf(line);
    if (outside === undefined) outside = isBlank(place.lineStart) ? indentAround(indent, place) : indent;
    else if (indent <= outside && depthAt(depths, start) <= depthOutside) {
      if (!isCloser(line.trimStart().slice(0, 1))) return lastEnd;
      if (depthAt(depths, end) <= depthOutside && end < text.length) return end;
    }
    lastEnd = end;
  }
  return undefined;
}

/** Indent of the nearest line before the cursor that is indented less than `indent`; `indent` itself where there is none. */
function indentAround(indent: number, { linesBefore }: Place): number {
  const around = linesBefore.findLast((line) => !isBlank(line) && indentOf(line) < indent);
  return around === undefined ? indent : indentOf(around);
}

/** The rest of the cursor's line, written again outside any bracket that the text opened (whose closing may be yet to come). */
function restEnd(text: string, place: Place): number | undefined {
  const rest = place.lineRest.trim();
  if (rest.length < restCharsMin || !/\p{L}/u.test(rest)) return undefined;
  for (let at = text.indexOf(rest); at >= 0; at = text.indexOf(rest, at + 1)) {
    const inWord = (isWord(rest[0]) && isWord(text[at - 1])) || (isWord(rest.at(-1)) && isWord(text[at + rest.length]));
    const inBracket = depthAt(bracketsIn(text, place).depths, at) > place.left.length + place.owed;
    if (!inWord && !inBracket && at + rest.length < text.length && isSeparable(text, at, place)) return at;
  }
  return undefined;
}

/** A whole line that is the same as the next line after the cursor. */
function copyEnd(text: string, place: Place): number | undefined {
  const copy = linesOf(text, place).find(({ line, end, number }) => end < text.length && isCopy(line, number, place));
  return copy?.start;
}

const isCopy = (line: string, number: number, { lineAfter, lineRest }: Place): boolean =>
  lineAfter !== '' && line.trimEnd() === lineAfter && (number > 0 || isBlank(lineRest));

/** The same lines, or the same characters within a line, over and over: the first of them is kept. */
function loopEnd(text: string, place: Place): number | undefined {
  const lines = linesOf(text, place).slice(0, -1);
  for (let cycle = 1; cycle <= loopLinesMax; cycle++) {
    let same = 0;
    for (let i = cycle; i < lines.length; i++) {
      same = lines[i].line === lines[i - cycle].line ? same + 1 : 0;
      const again = cycle * ((lines.slice(i - cycle + 1, i + 1).some(({ line }) => /,\s*$/.test(line)) ? loopValueTimes : loopTimes) - 1);
      if (same >= again && lines.slice(i - cycle + 1, i + 1).some(({ line }) => /\p{L}/u.test(line))) return lines[i - again].end;
    }
  }
  for (let unit = 1; unit <= loopUnitCharsMax; unit++) {
    let run = 0;
    while (run + unit < text.length && text[text.length - 1 - run] === text[text.length - 1 - run - unit]) run++;
    const isLoop = run >= unit * (loopValueTimes - 1) && run + unit >= loopCharsMin;
    if (isLoop && /\p{L}/u.test(text.slice(-unit))) return text.length - run;
  }
  return undefined;
}

/** Half a special token's text. */
function specialTail(text: string): number | undefined {
  const at = text.lastIndexOf('<');
  const isBegun = at >= 0 && text.length - at >= specialTextBegunMin && specialTexts.some((special) => special.startsWith(text.slice(at)));
  return isBegun ? at : undefined;
}

/** The text's end, where the rest of the line begins with it; as often as that is so. */
function overlapTail(text: string, place: Place): number | undefined {
  if (isBlank(place.lineRest)) return undefined;
  for (const rest of [place.lineRest, place.lineRest.trim()]) {
    for (let length = Math.min(rest.length, text.length); length > 0; length--) {
      const inWord = isWord(rest[length - 1]) && isWord(rest[length]);
      const at = text.length - length;
      if (inWord || !text.endsWith(rest.slice(0, length)) || !isSeparable(text, at, place)) continue;
      return overlapTail(text.slice(0, at), place) ?? at;
    }
  }
  return undefined;
}

/** A last line that copies the next line after the cursor, or its beginning. */
function copyTail(text: string, place: Place): number | undefined {
  const last = linesOf(text, place).at(-1);
  if (!last) return undefined;
  const isBegun = last.number > 0 && last.line.trim().length >= copyCharsMin && place.lineAfter.startsWith(last.line.trimEnd());
  return isBegun || isCopy(last.line, last.number, place) ? last.start : undefined;
}

/** Whether the text can be cut at `at`: it closes nothing after that it opened before, unless the rest of the line does so instead. */
function isSeparable(text: string, at: number, place: Place): boolean {
  const tag = /^\s*<\/([\w.:-]*)>/.exec(place.lineRest)?.[1];
  if (tag !== undefined && tagsOpen(text.slice(0, at), tag) > 0) return false;
  const string = scanIn(text, place).strings.find(([start, end]) => start < at && at < end);
  if (string && !(place.line.quote === '' && closesQuote(place.lineRest, text[string[0]]))) return false;
  const { depths } = bracketsIn(text, place);
  const depth = depthAt(depths, at);
  return (place.owed > 0 && depth === place.left.length + place.owed) || depths.every((change) => change.at <= at || change.depth >= depth);
}

/** How many more tags of that name the text opens than it closes; '' is a fragment. */
function tagsOpen(text: string, name: string): number {
  const tags = text.matchAll(new RegExp(`<(/?)${name.replaceAll('.', '\\.')}(?![\\w.:-])(?:=>|[^<>])*?(/?)>`, 'g'));
  return [...tags].reduce((open, [, closing, empty]) => open + (closing ? -1 : empty ? 0 : 1), 0);
}

/** Blanks that stand before the cursor already, written again; the lines below move along where they were meant to stand below it. */
function withoutDoubledIndent(text: string, { lineStart, linesBefore }: Place): string {
  const extra = /^[ \t]*/.exec(text)?.[0] ?? '';
  if (extra === '' || lineStart === '' || !isBlank(lineStart)) return text;
  const before = linesBefore.findLast((line) => !isBlank(line)) ?? '';
  if (opensBlock(before) && indentOf(lineStart) <= indentOf(before)) return text;
  const [first, ...below] = text.slice(extra.length).split('\n');
  const meant = indentOf(lineStart + extra);
  const indents = below.filter((line) => !isBlank(line)).map(indentOf);
  const moves = indents.every((indent) => indent >= meant) && !(opensBlock(first) && indents[0] === meant);
  return [first, ...(moves ? below.map((line) => (line.startsWith(extra) ? line.slice(extra.length) : line)) : below)].join('\n');
}

const opensBlock = (line: string): boolean => /[:{([]\s*$/.test(line);

interface Line {
  /** The cursor's line is whole: with what stands before the cursor. */
  readonly line: string;
  /** In the text. */
  readonly start: number;
  readonly end: number;
  readonly number: number;
}

function linesOf(text: string, { lineStart }: Place): Line[] {
  let start = 0;
  return text.split('\n').map((line, number) => {
    const found = { line: number === 0 ? lineStart + line : line, start, end: start + line.length, number };
    start = found.end + 1;
    return found;
  });
}

/** Whether a closer at `at` is among the first of a line that may close what opened before the window. */
function closesOutside(text: string, at: number, { lineStart, outside }: Place): boolean {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const before = (start === 0 || at === 0 ? lineStart : '') + text.slice(at === 0 ? 0 : start, at);
  const indent = indentOf(before);
  return /^[ \t]*[)\]}]*$/.test(before) && indent >= outside.from && indent < outside.below;
}

const scanIn = (text: string, { mark, line }: Place): Scan => scan(text, mark, line);
const bracketsIn = (text: string, place: Place, open = place.left): Balance => balance(scanIn(text, place), open, (at) => closesOutside(text, at, place));
const depthAt = (depths: Balance['depths'], at: number): number => depths.findLast((change) => change.at <= at)?.depth ?? 0;

function indexIn(text: string, piece: string): number | undefined {
  const at = text.indexOf(piece);
  return at < 0 ? undefined : at;
}
