// What generated text is cut at, whatever the model writes next: a rule each. Refuses to know their order (../trim.ts).
import { isCloser } from './brackets.js';
import { hasLetter, indentOf, isBlank, isWord, linesOf, type Line } from './lines.js';
import { beginsByClosing, bracketsIn, depthAt, isSeparable } from './nesting.js';
import type { Place } from './place.js';

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

export const specialTexts = ['endoftext', 'im_start', 'im_end', 'fim_prefix', 'fim_middle', 'fim_suffix', 'fim_pad', 'repo_name', 'file_sep']
  .map((name) => `<|${name}|>`)
  .concat('<fim_prefix>', '<fim_middle>', '<fim_suffix>', '<fim_pad>');

/** Special tokens spelt out, and bytes that are no text. */
export function notText(text: string): number | undefined {
  const ends = [...specialTexts, '\uFFFD'].map((stray) => text.indexOf(stray)).filter((at) => at >= 0);
  return ends.length > 0 ? Math.min(...ends) : undefined;
}

/** Of a line, what stands below it. */
export function nextLine(text: string, { stop }: Place): number | undefined {
  return stop === 'line' ? indexIn(text, '\n') : undefined;
}

/** The quote that ends the string at the cursor, where the rest of the line has it already. */
export function closingQuote(text: string, { line, quoteCloses }: Place): number | undefined {
  return quoteCloses ? indexIn(text.replace(/\\./g, '..'), line.quote) : undefined;
}

/** A closing bracket that nothing opened, or that stands after the cursor already. */
export function strayCloser(text: string, place: Place): number | undefined {
  return mayReopen(text, place) ? bracketsIn(text, place, place.open).end : bracketsIn(text, place).end;
}

/** Whether the line is one like `} else {`: it may close what the text after the cursor closes, as long as it opens as much again. */
export const mayReopen = (text: string, { stop, line }: Place): boolean => stop === 'line' && line.isFresh && isCloser(text.trimStart().slice(0, 1));

/**
 * A block's lines are indented deeper than the line that opens it, or some bracket that the cursor's line or the text opened is still open. Blank lines belong to what
 * follows them. A line that is not deeper ends the block: it is the last one where it begins by closing a bracket left open before the cursor, or a tag.
 */
export function afterBlock(text: string, place: Place): number | undefined {
  if (place.stop !== 'block') return undefined;
  const { depths } = bracketsIn(text, place);
  const depthOutside = place.left.filter((opener) => !opener.onCursorLine).length;
  let outside: number | undefined; // the opening line's indent
  let lastEnd = 0;
  for (const found of linesOf(text, place)) {
    const { line, start, end, number } = found;
    if (number === blockLinesMax) return lastEnd;
    if (isBlank(line)) continue;
    const indent = indentOf(line);
    if (outside === undefined) outside = isBlank(place.lineStart) ? indentAround(indent, place) : indent;
    else if (indent <= outside && depthAt(depths, start) <= depthOutside) {
      if (!beginsByClosing(text, found, place)) return lastEnd;
      if (depthAt(depths, end) <= depthOutside && end < text.length && line.trim() !== '>') return end;
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
export function repeatedRest(text: string, place: Place): number | undefined {
  const rest = place.lineRest.trim();
  if (rest.length < restCharsMin || !hasLetter(rest)) return undefined;
  const { depths } = bracketsIn(text, place);
  for (let at = text.indexOf(rest); at >= 0; at = text.indexOf(rest, at + 1)) {
    const inWord = (isWord(rest[0]) && isWord(text[at - 1])) || (isWord(rest.at(-1)) && isWord(text[at + rest.length]));
    const inBracket = depthAt(depths, at) > place.left.length + place.owed;
    if (!inWord && !inBracket && at + rest.length < text.length && isSeparable(text, at, place)) return at;
  }
  return undefined;
}

/** A whole line that is the same as the next line after the cursor. */
export function repeatedLine(text: string, place: Place): number | undefined {
  return linesOf(text, place).find((line) => line.end < text.length && isCopy(text, line, place))?.start;
}

/** What stood on the line before the text is no copy of its. */
export const isCopy = (text: string, { line, start, end, number }: Line, { lineAfter, lineRest }: Place): boolean =>
  lineAfter !== '' && line.trimEnd() === lineAfter && (number > 0 || (isBlank(lineRest) && !isBlank(text.slice(start, end))));

/** The same lines, or the same characters within a line, over and over: the first of them is kept. */
export function loop(text: string, place: Place): number | undefined {
  const lines = linesOf(text, place).slice(0, -1);
  for (let cycle = 1; cycle <= loopLinesMax; cycle++) {
    let same = 0;
    for (let i = cycle; i < lines.length; i++) {
      same = lines[i].line === lines[i - cycle].line ? same + 1 : 0;
      const once = lines.slice(i - cycle + 1, i + 1);
      const again = cycle * ((once.some(({ line }) => /,\s*$/.test(line)) ? loopValueTimes : loopTimes) - 1);
      if (same >= again && once.some(({ line }) => hasLetter(line))) return lines[i - again].end;
    }
  }
  for (let unit = 1; unit <= loopUnitCharsMax; unit++) {
    let run = 0;
    while (run + unit < text.length && text[text.length - 1 - run] === text[text.length - 1 - run - unit]) run++;
    const isLoop = run >= unit * (loopValueTimes - 1) && run + unit >= loopCharsMin;
    if (isLoop && hasLetter(text.slice(-unit))) return text.length - run;
  }
  return undefined;
}

function indexIn(text: string, piece: string): number | undefined {
  const at = text.indexOf(piece);
  return at < 0 ? undefined : at;
}
