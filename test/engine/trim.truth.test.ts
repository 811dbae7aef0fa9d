// True text fed to the trimming rules: what the file really says must rarely be cut.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { trim } from '../../engine/trim.js';
import { commentMarkOf } from '../../engine/trimming/brackets.js';
import { placeOf } from '../../engine/trimming/place.js';

// A model that writes what the file has must be shown whole: the rules may cut only what does not belong. The texts are the sample repository's and some of our own.
const root = join(import.meta.dirname, '../..');
const files = ['examples/harbour', 'base', 'engine/store']
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
  .filter((name) => /\.(?:ts|py)$/.test(name))
  .sort();
const windowLines = 40;
const suffixLines = 8;
const runOnLines = 12;

const indentOf = (line: string): string => /^[ \t]*/.exec(line)?.[0] ?? '';

/** Cuts lines [from, to) out of a file from the first's first word on, and checks that the text written on past `to` is cut to them. */
function cutShort(file: string, lines: readonly string[], from: number, to: number, stop: 'line' | 'block'): string[] {
  const indent = indentOf(lines[from]);
  const prefix = [...lines.slice(Math.max(0, from - windowLines), from), indent].join('\n');
  const suffix = ['', ...lines.slice(to, to + suffixLines)].join('\n');
  const target = lines.slice(from, to).join('\n').slice(indent.length);
  const raw = lines.slice(from, to + runOnLines).join('\n').slice(indent.length);
  const { text } = trim(raw, placeOf(prefix, suffix, stop, commentMarkOf(file)));
  return text === target.trimEnd() ? [] : [`${from + 1}: ${target} -> ${text}`];
}

/** Index after the lines that are indented deeper than line `at`, blank ones at their end left out. */
function bodyEnd(lines: readonly string[], at: number): number {
  let end = at + 1;
  for (let i = at + 1; i < lines.length && (lines[i].trim() === '' || indentOf(lines[i]).length > indentOf(lines[at]).length); i++) if (lines[i].trim() !== '') end = i + 1;
  return end;
}

describe('true text is shown whole', () => {
  const linesOf = (file: string) => readFileSync(join(root, file), 'utf8').split('\n');

  it('by lines', () => {
    let count = 0;
    const cut = files.flatMap((file) => {
      const lines = linesOf(file);
      return lines.flatMap((line, at) => (line.trim().length < 8 ? [] : (count++, cutShort(file, lines, at, at + 1, 'line').map((what) => `${file}:${what}`))));
    });
    expect(count).toBeGreaterThan(1000);
    expect(cut.length / count, cut.join('\n')).toBeLessThan(0.005);
  });

  it('by bodies of at most 28 lines', () => {
    let count = 0;
    const cut = files.flatMap((file) => {
      const lines = linesOf(file);
      return lines.flatMap((line, at) => {
        const end = bodyEnd(lines, at);
        if (!/^\s*(?:def|class|if|for|with|while|export|async|function)\b.*[:{]$/.test(line) || end === at + 1 || end - at > 29) return [];
        count++;
        return cutShort(file, lines, at + 1, end, 'block').map((what) => `${file}:${what}`);
      });
    });
    expect(count).toBeGreaterThan(100);
    expect(cut.length / count, cut.join('\n')).toBeLessThan(0.01);
  });
});
