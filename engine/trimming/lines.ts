// Lines, blanks and words of a text. Refuses to know a cursor's surroundings beyond the line that the text goes on with.

export const normal = (text: string): string => text.replace(/\r\n?/g, '\n');
export const isBlank = (text: string): boolean => text.trim() === '';
export const isWord = (char: string | undefined): boolean => char !== undefined && /[\p{L}\p{N}\p{M}_$]/u.test(char);
export const hasLetter = (text: string): boolean => /\p{L}/u.test(text);
/** Whether a block or a bracket's lines are to follow. */
export const opensBlock = (line: string): boolean => /[:{([]\s*$/.test(line);

/** Columns of blanks that a line begins with; a tab counts four. */
export function indentOf(line: string): number {
  let columns = 0;
  for (const char of line) {
    if (char === ' ') columns++;
    else if (char === '\t') columns += 4;
    else break;
  }
  return columns;
}

export function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

export interface Line {
  /** The cursor's line is whole: with what stands before the cursor. */
  readonly line: string;
  /** In the text. */
  readonly start: number;
  readonly end: number;
  readonly number: number;
}

export function linesOf(text: string, { lineStart }: { readonly lineStart: string }): Line[] {
  let start = 0;
  return text.split('\n').map((line, number) => {
    const found = { line: number === 0 ? lineStart + line : line, start, end: start + line.length, number };
    start = found.end + 1;
    return found;
  });
}
