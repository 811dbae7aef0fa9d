// The only place that knows tree-sitter: text in, outline out. A file that does not parse still yields what stands in it.
// Refuses texts that nobody wrote by hand (over a megabyte, or lines without end): they have no outline.
import Parser from 'tree-sitter';
import javascriptGrammar from 'tree-sitter-javascript';
import pythonGrammar from 'tree-sitter-python';
import typescriptGrammar from 'tree-sitter-typescript';
import { unbroken } from '../base/exit-lock.js';
import { fileNodes, MadeDeclarations, type Language, type Node } from './languages/language.js';
import { python } from './languages/python.js';
import { withRecovered } from './languages/recover.js';
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
const parseCharsMax = 1_048_576;
/** A larger file holds its thread for a third of a second: it is parsed only where somebody opened it or imports it. */
export const unaskedBytesMax = 256 << 10;
/** The parser asks for the text in pieces of this many code units: its binding cannot take a long string at once. */
const chunkChars = 16_384;

const extensionOf = (path: string): string => /\.([a-z]+)$/i.exec(path)?.[1].toLowerCase() ?? '';

/** Whether files of this name can have an outline. */
export const isSource = (path: string): boolean => Object.hasOwn(grammars, extensionOf(path));

/** The text's outline, or undefined where the language is not known or the text is not meant for people. */
export function outlineOf(path: string, text: string): Outline | undefined {
  const grammar = grammarFor(path, text);
  return grammar && unbroken(() => outlineIn(parsed(grammar, text), grammar, text, new MadeDeclarations()));
}

function grammarFor(path: string, text: string): Grammar | undefined {
  const grammar = isSource(path) ? grammars[extensionOf(path)] : undefined;
  return grammar && isWrittenByHand(text) ? grammar : undefined;
}

const parsed = ({ parser }: Grammar, text: string, before?: Parser.Tree): Parser.Tree => parser.parse((index) => text.slice(index, index + chunkChars), before);

function outlineIn(tree: Parser.Tree, grammar: Grammar, text: string, made: MadeDeclarations): Outline {
  const { name, language } = grammar;
  const root = tree.rootNode as unknown as Node;
  const file = fileNodes(root, text);
  return {
    language: name,
    imports: language.imports(file),
    declarations: withRecovered(language.declarations(file, made), root, text, name),
    exports: language.exports(file),
  };
}

interface OpenFile {
  readonly text: string;
  readonly tree: Parser.Tree;
  readonly made: MadeDeclarations;
  readonly outline: Outline;
}

/** Files whose trees are held. */
const openFilesMax = 8;

/** Outlines of files that are being edited: of a text that differs little from the last one, only what changed is parsed and walked. */
export class OpenOutlines {
  /** Of every open file's last text. */
  private readonly last = new Map<string, { readonly text: string; readonly outline: Outline | undefined }>();
  private readonly files = new Map<string, OpenFile>();

  of(path: string, text: string): Outline | undefined {
    const last = this.last.get(path);
    if (last?.text === text) return last.outline;
    const grammar = grammarFor(path, text);
    const outline = grammar && this.reparsed(grammar, path, text);
    this.last.set(path, { text, outline });
    return outline;
  }

  forget(path: string): void {
    this.last.delete(path);
    this.files.delete(path);
  }

  private reparsed(grammar: Grammar, path: string, text: string): Outline {
    const before = this.files.get(path);
    this.files.delete(path);
    const file = unbroken(() => reparsed(grammar, text, before));
    this.files.set(path, file);
    for (const oldest of this.files.keys()) if (this.files.size > openFilesMax) this.files.delete(oldest);
    return file.outline;
  }
}

function reparsed(grammar: Grammar, text: string, before: OpenFile | undefined): OpenFile {
  if (before) before.tree.edit(editBetween(before.text, text));
  const tree = parsed(grammar, text, before?.tree);
  const made = before?.made ?? new MadeDeclarations();
  made.next();
  return { text, tree, made, outline: outlineIn(tree, grammar, text, made) };
}

/** The one stretch in which the texts differ. */
function editBetween(before: string, after: string): Parser.Edit {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before.charCodeAt(start) === after.charCodeAt(start)) start++;
  let same = 0;
  while (same < shorter - start && before.charCodeAt(before.length - 1 - same) === after.charCodeAt(after.length - 1 - same)) same++;
  const [oldEnd, newEnd] = [before.length - same, after.length - same];
  return { startIndex: start, oldEndIndex: oldEnd, newEndIndex: newEnd, startPosition: pointAt(before, start), oldEndPosition: pointAt(before, oldEnd), newEndPosition: pointAt(after, newEnd) };
}

function pointAt(text: string, offset: number): Parser.Point {
  let row = 0;
  let line = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    row++;
    line = at + 1;
  }
  return { row, column: offset - line };
}

/** Whether people are meant to read this: not so long, nor so packed, that only a program writes it. */
export function isWrittenByHand(text: string): boolean {
  return text.length <= parseCharsMax && !isPacked(text);
}

/** A long text whose lines are far longer than anyone writes. */
function isPacked(text: string): boolean {
  if (text.length < 20_000) return false;
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return text.length / lines > 500;
}
