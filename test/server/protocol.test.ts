// Positions in three encodings, clamped, as data. Refuses to test vscode-languageserver-textdocument itself.
import { TextDocument } from 'vscode-languageserver-textdocument';
import { describe, expect, it } from 'vitest';
import { languageOf, negotiateEncoding, offsetOf, pathOf, positionOf, type PositionEncoding } from '../../server/protocol.js';

/** `|` marks the cursor; line and character are what each encoding calls it. */
interface Case {
  readonly text: string;
  readonly line: number;
  readonly character: Record<PositionEncoding, number>;
}

const cases: Record<string, Case> = {
  'the start': { text: '|abc', line: 0, character: { 'utf-8': 0, 'utf-16': 0, 'utf-32': 0 } },
  'plain ASCII': { text: 'ab|c', line: 0, character: { 'utf-8': 2, 'utf-16': 2, 'utf-32': 2 } },
  'after two-byte letters': { text: 'x\näöü|y', line: 1, character: { 'utf-8': 6, 'utf-16': 3, 'utf-32': 3 } },
  'after three-byte letters': { text: '語言|', line: 0, character: { 'utf-8': 6, 'utf-16': 2, 'utf-32': 2 } },
  'after an astral character': { text: 'a😀|b', line: 0, character: { 'utf-8': 5, 'utf-16': 3, 'utf-32': 2 } },
  'after a joined family': { text: '👩‍👧|', line: 0, character: { 'utf-8': 11, 'utf-16': 5, 'utf-32': 3 } },
  'after half a character': { text: 'a\ud83d|\ufeffb', line: 0, character: { 'utf-8': 4, 'utf-16': 2, 'utf-32': 2 } },
  'after a byte order mark': { text: '\ufeffé|\ude00', line: 0, character: { 'utf-8': 5, 'utf-16': 2, 'utf-32': 2 } },
  'a CRLF line': { text: 'é\r\n😀x|\r\nz', line: 1, character: { 'utf-8': 5, 'utf-16': 3, 'utf-32': 2 } },
  'the end after a line break': { text: 'abc\n|', line: 1, character: { 'utf-8': 0, 'utf-16': 0, 'utf-32': 0 } },
};

describe('a position', () => {
  for (const [name, { text, line, character }] of Object.entries(cases)) {
    const offset = text.indexOf('|');
    const document = TextDocument.create('file:///a.ts', 'typescript', 1, text.replace('|', ''));
    for (const encoding of ['utf-8', 'utf-16', 'utf-32'] as const) {
      it(`at ${name} in ${encoding}`, () => {
        expect(offsetOf(document, { line, character: character[encoding] }, encoding)).toBe(offset);
        expect(positionOf(document, offset, encoding)).toEqual({ line, character: character[encoding] });
      });
    }
  }
});

describe('a position outside the document', () => {
  const document = TextDocument.create('file:///a.ts', 'typescript', 1, 'a😀\r\nbc');
  const clamped: [string, PositionEncoding, number, number, number][] = [
    ['beyond the line goes to its end, before CRLF', 'utf-16', 0, 99, 3],
    ['beyond the last line goes to the end', 'utf-16', 99, 0, 7],
    ['beyond the last line, any character', 'utf-32', 99, 99, 7],
    ['below zero goes to the start', 'utf-16', -1, -5, 0],
    ['between surrogates goes before the character', 'utf-16', 0, 2, 1],
    ['inside a UTF-8 sequence goes before the character', 'utf-8', 0, 3, 1],
    ['between surrogates in UTF-8 goes before the character', 'utf-8', 0, 2, 1],
    ['beyond the line in UTF-8', 'utf-8', 0, 50, 3],
  ];
  for (const [name, encoding, line, character, offset] of clamped) {
    it(name, () => expect(offsetOf(document, { line, character }, encoding)).toBe(offset));
  }
});

describe('what is negotiated', () => {
  const offers: [string[] | undefined, PositionEncoding][] = [
    [undefined, 'utf-16'],
    [[], 'utf-16'],
    [['utf-7'], 'utf-16'],
    [['utf-8', 'utf-32', 'utf-16'], 'utf-8'],
    [['utf-16', 'utf-8'], 'utf-16'],
    [['utf-7', 'utf-32'], 'utf-32'],
  ];
  for (const [offered, encoding] of offers) it(`for ${JSON.stringify(offered)} is ${encoding}`, () => expect(negotiateEncoding(offered)).toBe(encoding));
});

describe('a document', () => {
  it('that is no file has no path', () => {
    expect(pathOf('untitled:Untitled-1')).toBeUndefined();
    expect(pathOf('file:///tmp/a%20b.ts')).toBe('/tmp/a b.ts');
    expect(pathOf('file:///tmp/folder/')).toBe('/tmp/folder');
  });
  it('is of the language that its name says, else of what the editor says', () => {
    expect(languageOf('/a/b.tsx', 'tsx')).toBe('typescriptreact');
    expect(languageOf('/a/b.PY', 'whatever')).toBe('python');
    expect(languageOf('/bin/tool', 'python')).toBe('python');
  });
});
