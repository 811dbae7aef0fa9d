// Random texts through trimming: what follows the cursor is never said again, and true text never cut. Prints its seed.
import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { trim } from '../../engine/trim.js';
import { placeOf, type Stop } from '../../engine/trimming/place.js';
import { Snippet, type Hole, type Language } from './snippets.js';

const seed = Number(process.env.KEDGE_FUZZ_SEED ?? randomInt(2 ** 31));
const runs = 2000;

/** Mulberry32. */
function randomOf(state: number): (below: number) => number {
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const pieces = ['foo', 'x', 'return ', ' ', '    ', '\n', '\r\n', '\n    ', '(', ')', '[', ']', '{', '}', '"', "'", '`', '\\', ', ', ';', ':', '.', ' = ', '# ', '// ', "don't", 'é', '𝒳', '<|fim_middle|>', '<|', '\t'];

/** The naive count: brackets that close nothing, in text without quotes and comments. */
function unmatchedClosers(text: string): number {
  const open: string[] = [];
  let unmatched = 0;
  for (const char of text) {
    if ('([{'.includes(char)) open.push(')]}'['([{'.indexOf(char)]);
    else if (')]}'.includes(char) && open.pop() !== char) unmatched++;
  }
  return unmatched;
}

describe(`trim on random text, seed ${seed} (KEDGE_FUZZ_SEED=${seed} repeats it)`, () => {
  const random = randomOf(seed);
  const textOf = (from: readonly string[], max: number) => Array.from({ length: random(max) }, () => from[random(from.length)]).join('');
  const stops: readonly Stop[] = ['line', 'block'];

  it('gives nothing but the text, shown once', () => {
    for (let run = 0; run < runs; run++) {
      const [prefix, suffix, raw] = [textOf(pieces, 12), textOf(pieces, 8), textOf(pieces, 16)];
      const stop = stops[random(2)];
      const place = placeOf(prefix, suffix, stop);
      const { text } = trim(raw, place);
      const what = JSON.stringify({ prefix, suffix, raw, stop, text });
      expect(text, what).not.toMatch(/<\|fim_middle\|>|\r(?!\n)/);
      if (stop === 'line') expect(text, what).not.toMatch(/[\r\n]/);
      expect(raw.replace(/\s/g, '').startsWith(text.replace(/\s/g, '')), what).toBe(true);
      expect(trim(text, place).text.replace(/\s/g, '').length, what).toBeLessThanOrEqual(text.replace(/\s/g, '').length);
      if (text.trim() === '') expect(text, what).toBe('');
    }
  });

  it('never brings back what follows, and closes nothing that is not open', () => {
    const plain = pieces.filter((piece) => !/["'`\\#/<\r]/.test(piece));
    const words = ['total', 'x', ' + ', '.get', ';', ', ', ' ', 'name'];
    for (let run = 0; run < runs; run++) {
      const [rest, after] = [textOf(words, 5).trim(), `${textOf(words, 5).trim()}name2`];
      const suffix = `${rest}\n${after}\n`;
      const raw = textOf(plain, 8) + (random(2) ? rest : '') + textOf(plain, 3) + (random(2) ? `\n${after}` : '') + textOf(plain, 3);
      const prefix = ['x = ', 'if a:\n', 'f('][random(3)];
      const { text } = trim(raw, placeOf(prefix, suffix, stops[random(2)]));
      const what = JSON.stringify({ prefix, suffix, raw, text });
      if (rest !== '') expect(text.endsWith(rest), what).toBe(false);
      expect(text.split('\n').slice(1), what).not.toContain(after);
      expect(unmatchedClosers(prefix + text), what).toBe(0);
    }
  });

  /** The text of a hole in a snippet, followed by what follows there; left out where that says the same again: the text may be a copy. */
  function fill(language: Language, snippet: Snippet, hole: Hole, linesLeftOut = 0): void {
    const before = snippet.textOf({ from: 0, to: hole.from }).split('\n').slice(linesLeftOut).join('\n');
    const after = `${snippet.textOf({ from: hole.to, to: snippet.tokens.length })}\n`;
    const target = snippet.textOf(hole);
    const [first, ...below] = target.trim().split('\n');
    if (after.includes(first) || below.some((line) => /\p{L}/u.test(line) && after.split('\n').includes(line))) return;
    const stop = target.includes('\n') ? 'block' : stops[random(2)];
    const { text } = trim(target + after, placeOf(before, after, stop, language === 'python' ? '#' : '//'));
    expect(text.startsWith(target.trimEnd()), `${before}|${target}|${after}\n${stop}: ${JSON.stringify(text)}`).toBe(true);
  }

  it.each<Language>(['ts', 'python'])('never shows less than a hole in %s had', (language) => {
    for (let run = 0; run < runs / 2; run++) {
      const snippet = new Snippet(language, random);
      const node = snippet.nodes[random(snippet.nodes.length)];
      fill(language, snippet, node, random(snippet.linesAbove(node) + 1));
      fill(language, snippet, snippet.rest());
    }
  });
});
