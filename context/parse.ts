// The only place that knows tree-sitter: text in, outline out. A file that does not parse still yields what stands in it.
// Refuses texts that nobody wrote by hand (over a megabyte, or lines without end): they have no outline.
import Parser from 'tree-sitter';
import javascriptGrammar from 'tree-sitter-javascript';
import pythonGrammar from 'tree-sitter-python';
import typescriptGrammar from 'tree-sitter-typescript';
import type { Language, Node } from './languages/language.js';
import { python } from './languages/python.js';
import { typescript } from './languages/typescript.js';
import type { Outline } from './outline.js';

interface Grammar {
  readonly name: Outline['language'];
  readonly language: Language;
  readonly parser: Parser;
}

const parserOf = (grammar: unknown): Parser => {
  const parser = new Parser();
  parser.setLanguage(grammar as Parser.Language);
  return parser;
};

const typescriptLike = (grammar: unknown): Grammar => ({ name: 'typescript', language: typescript, parser: parserOf(grammar) });
const plain = typescriptLike(typescriptGrammar.typescript);
const script = typescriptLike(javascriptGrammar);
const tsx = typescriptLike(typescriptGrammar.tsx);
const py: Grammar = { name: 'python', language: python, parser: parserOf(pythonGrammar) };

const grammars: Readonly<Record<string, Grammar>> = { ts: plain, mts: plain, cts: plain, tsx, js: script, mjs: script, cjs: script, jsx: script, py, pyi: py };

/** Text of a file above this many code units is not parsed. */
export const parseCharsMax = 1_048_576;
/** The parser asks for the text in pieces of this many code units: its binding cannot take a long string at once. */
const chunkChars = 16_384;

const extensionOf = (path: string): string => /\.([a-z]+)$/i.exec(path)?.[1].toLowerCase() ?? '';

/** Whether files of this name can have an outline. */
export const isSource = (path: string): boolean => Object.hasOwn(grammars, extensionOf(path));

/** The text's outline, or undefined where the language is not known or the text is not meant for people. */
export function outlineOf(path: string, text: string): Outline | undefined {
  const grammar = isSource(path) ? grammars[extensionOf(path)] : undefined;
  if (!grammar || text.length > parseCharsMax || looksGenerated(text)) return undefined;
  const root = grammar.parser.parse((index) => text.slice(index, index + chunkChars)).rootNode as unknown as Node;
  return {
    language: grammar.name,
    imports: grammar.language.imports(root, text),
    declarations: grammar.language.declarations(root, text),
    exports: grammar.language.exports(root),
  };
}

/** Minified or packed: a long text whose lines are far longer than anyone writes. */
export function looksGenerated(text: string): boolean {
  if (text.length < 20_000) return false;
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return text.length / lines > 500;
}
