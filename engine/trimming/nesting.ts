// How deep text at a place stands in brackets, strings and tags, and where it can be cut without leaving half of one. Refuses to decide whether to cut.
import { balance, scan, type Balance, type Opener, type Scan } from './brackets.js';
import { indentOf, type Line } from './lines.js';
import { closesQuote, type Place } from './place.js';

export const bracketsIn = (text: string, place: Place, open: readonly Opener[] = place.left): Balance =>
  balance(scanIn(text, place), open, (at) => closesOutside(text, at, place));

export const depthAt = (depths: Balance['depths'], at: number): number => depths.findLast((change) => change.at <= at)?.depth ?? 0;

const scanIn = (text: string, { mark, line }: Place): Scan => scan(text, mark, line, true);

/** Whether a closer at `at` is among the first of a line that may close what opened before the window. */
function closesOutside(text: string, at: number, { lineStart, outside }: Place): boolean {
  const start = text.lastIndexOf('\n', at) + 1;
  const before = (start === 0 ? lineStart : '') + text.slice(start, at);
  const indent = indentOf(before);
  return /^[ \t]*[)\]}]*$/.test(before) && indent >= outside.from && indent < outside.below;
}

/** Whether the text can be cut at `at`: it closes nothing after that it opened before, unless the rest of the line does so instead. */
export function isSeparable(text: string, at: number, place: Place): boolean {
  const tag = tagClosedBy(place.lineRest);
  if (tag !== undefined && tagsOpen(text.slice(0, at), tag) > 0) return false;
  const string = scanIn(text, place).strings.find(([start, end]) => start < at && at < end);
  if (string && !(place.line.quote === '' && closesQuote(place.lineRest, text[string[0]]))) return false;
  const { depths } = bracketsIn(text, place);
  const depth = depthAt(depths, at);
  return (place.owed > 0 && depth === place.left.length + place.owed) || depths.every((change) => change.at <= at || change.depth >= depth);
}

/** Whether a line of the text begins by closing a bracket, or a tag of the cursor's line or the text. */
export function beginsByClosing(text: string, { line, start }: Line, { lineStart }: Place): boolean {
  const tag = tagClosedBy(line);
  return tag === undefined ? /^\s*(?:[)\]}]|\/>|>\s*$)/.test(line) : tagsOpen(lineStart + text.slice(0, start), tag) > 0;
}

/** The name of the tag that the line begins by closing. */
const tagClosedBy = (line: string): string | undefined => /^\s*<\/([\w.:-]*)>/.exec(line)?.[1];

/** How many more tags of that name the text opens than it closes; '' is a fragment. */
function tagsOpen(text: string, name: string): number {
  const tags = text.matchAll(new RegExp(`<(/?)${name.replaceAll('.', '\\.')}(?![\\w.:-])(?:=>|[^<>])*?(/?)>`, 'g'));
  return [...tags].reduce((open, [, closing, empty]) => open + (closing ? -1 : empty ? 0 : 1), 0);
}
