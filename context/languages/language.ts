// What parse.ts asks of a language, and the few fields of a syntax node that languages look at. Refuses to know any one language.
import type { Declaration, ExportAlias, ImportStatement, Span } from '../outline.js';

/** The part of tree-sitter's node that we use; indices are UTF-16 code units. */
export interface Node {
  readonly type: string;
  /** It or something in it did not parse. */
  readonly hasError: boolean;
  readonly text: string;
  readonly startIndex: number;
  readonly endIndex: number;
  readonly namedChildren: readonly Node[];
  readonly children: readonly Node[];
  readonly parent: Node | null;
  childForFieldName(name: string): Node | null;
  descendantForIndex(index: number): Node;
}

/** Reads one file's tree. Never throws on a tree with errors: it yields what stands. */
export interface Language {
  imports(file: FileNodes): ImportStatement[];
  /** What `made` remembers of the text before is not made again. */
  declarations(file: FileNodes, made: MadeDeclarations): Declaration[];
  exports(file: FileNodes): ExportAlias[];
}

/** A file's tree, what stands directly in it looked up once: there may be very much of it, and most of it comments. */
export interface FileNodes {
  readonly root: Node;
  readonly text: string;
  /** In order, and those of them that are no comments. */
  readonly nodes: readonly Node[];
  readonly statements: readonly Node[];
}

export function fileNodes(root: Node, text: string): FileNodes {
  const nodes = [...standing(root.namedChildren)];
  return { root, text, nodes, statements: nodes.filter((node) => node.type !== 'comment') };
}

/** Declarations by their whole text, so that of a text that was edited only what changed is walked: nodes are dear, characters cheap. */
export class MadeDeclarations {
  private before: ReadonlyMap<string, Declaration> = new Map();
  private now = new Map<string, Declaration>();

  /** From here on, another text of the same file. */
  next(): void {
    this.before = this.now;
    this.now = new Map();
  }

  /** `make`'s declaration, which starts at `start` and depends on the text from there to just after `node` alone. */
  of(node: Node, start: number, text: string, make: () => Declaration): Declaration {
    if (node.hasError) return make();
    const key = `${node.type}:${node.startIndex - start}:${text.slice(start, node.endIndex + 1)}`;
    const known = this.before.get(key);
    const declaration = known ? moved(known, start - known.start) : make();
    this.now.set(key, declaration);
    return declaration;
  }
}

function moved(declaration: Declaration, by: number): Declaration {
  if (by === 0) return declaration;
  const span = ({ start, end }: Span): Span => ({ start: start + by, end: end + by });
  const { signature, doc, children } = declaration;
  return { ...declaration, ...span(declaration), signature: span(signature), doc: doc && span(doc), children: children.map((child) => moved(child, by)) };
}

/** The nodes to look at: what stands inside an error counts as if the error were not there. */
export function* standing(nodes: readonly Node[]): Iterable<Node> {
  for (const node of nodes) {
    if (node.type === 'ERROR') yield* standing(node.namedChildren);
    else yield node;
  }
}

/** Functions shorter than this many code units are never cut, so what they declare inside is not looked at. */
export const functionCharsMin = 1800;

/** The trimmed end of text[start, end): blanks before `end` are left out. */
export function trimmedEnd(text: string, start: number, end: number): number {
  while (end > start && /\s/.test(text[end - 1])) end--;
  return end;
}

/** Of one declaration: a look at each costs, and nobody wrote more by hand. */
const leadingCommentsMax = 500;

/** Comments directly before a declaration, no blank line between and nothing before them on their lines, belong to it: returns where the first of them starts. */
export class LeadingComments {
  private nodes: Node[] = [];

  constructor(private readonly text: string) {}

  /** Call for each comment in order. */
  add(node: Node): void {
    this.nodes.push(node);
  }

  /** Call for each other node: where it starts with its comments. */
  take(startIndex: number): number {
    let start = startIndex;
    for (const node of this.nodes.slice(-leadingCommentsMax).reverse()) {
      // One behind a decorator stands inside.
      if (node.startIndex >= startIndex) continue;
      const between = this.text.slice(node.endIndex, start);
      if (/\n[ \t\r]*\n/.test(between) || (between.includes('\n') && this.standsBehind(node.startIndex))) break;
      start = node.startIndex;
    }
    this.nodes = [];
    return start;
  }

  /** Something else than a comment stands before on the line. */
  private standsBehind(at: number): boolean {
    return !/^\s*(?:\/\*.*\*\/\s*)?$/.test(this.text.slice(this.text.lastIndexOf('\n', at - 1) + 1, at));
  }
}
