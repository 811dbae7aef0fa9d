// Python: imports and declarations out of its tree. Refuses to resolve module names.
import type { Declaration, DeclarationKind, ImportedName, ImportStatement, Span } from '../outline.js';
import { functionCharsMin, LeadingComments, standing, trimmedEnd, type Language, type MadeDeclarations, type Node } from './language.js';

/** Whether a file of this name is Python's, a stub or not. */
export const isPython = (path: string): boolean => /\.pyi?$/i.test(path);

export const python: Language = {
  imports: ({ root, text, statements }) => statements.flatMap((n) => importsOf(n, true)).concat(nestedImports(root, text)).sort((a, b) => a.start - b.start),
  declarations: ({ nodes, text }, made) => bodyOf(nodes, text, made),
  // Every name that a module has can be imported from it.
  exports: () => [],
};

function bodyOf(nodes: Iterable<Node>, text: string, made: MadeDeclarations): Declaration[] {
  const found: Declaration[] = [];
  const comments = new LeadingComments(text);
  for (const node of nodes) {
    if (node.type === 'comment') comments.add(node);
    else {
      const start = comments.take(node.startIndex);
      found.push(made.of(node, start, text, () => declarationOf(node, start, text, made)));
    }
  }
  return found;
}

const isImport = (node: Node): boolean => node.type === 'import_statement' || node.type === 'import_from_statement' || node.type === 'future_import_statement';

function declarationOf(node: Node, start: number, text: string, made: MadeDeclarations): Declaration {
  const end = node.endIndex;
  const whole: Span = { start: node.startIndex, end };
  const comment = start < node.startIndex ? { start, end: trimmedEnd(text, start, node.startIndex) } : undefined;
  if (isImport(node)) return { kind: 'import', names: [], start, end, signature: whole, children: [] };
  const inner = node.type === 'decorated_definition' ? (node.childForFieldName('definition') ?? node) : node;
  const kind = kindOf(inner);
  if (kind !== 'class' && kind !== 'function') return { kind, names: namesOf(inner), start, end, signature: whole, doc: comment ?? docstring(inner), children: [] };
  const body = inner.childForFieldName('body');
  const signature = { start: node.startIndex, end: body ? trimmedEnd(text, node.startIndex, headEnd(inner, body)) : end };
  const doc = (body && docstring(body.namedChildren[0])) ?? comment;
  const cut = body !== null && (kind === 'class' || end - start > functionCharsMin);
  return { kind, names: namesOf(inner), start, end, signature, doc, children: cut ? bodyOf(standing(body.namedChildren), text, made) : [] };
}

/** Comments between the colon and the first statement stand outside the block: the head ends at the colon. */
function headEnd(definition: Node, body: Node): number {
  const colons = definition.children.filter((c) => c.type === ':' && c.endIndex <= body.startIndex);
  return colons.length > 0 ? colons[colons.length - 1].endIndex : body.startIndex;
}

function kindOf(node: Node): DeclarationKind {
  if (node.type === 'class_definition') return 'class';
  if (node.type === 'function_definition') return 'function';
  if (node.type === 'type_alias_statement') return 'type';
  return node.type === 'expression_statement' && node.namedChildren[0]?.type === 'assignment' ? 'variable' : 'statement';
}

function docstring(statement: Node | undefined): Span | undefined {
  const string = statement?.type === 'expression_statement' ? statement.namedChildren[0] : undefined;
  return string?.type === 'string' ? { start: string.startIndex, end: string.endIndex } : undefined;
}

/** What a statement declares; for conditions and `try`, in all their branches. */
function namesOf(node: Node): string[] {
  switch (node.type) {
    case 'class_definition':
    case 'function_definition':
      return nameOf(node.childForFieldName('name'));
    case 'decorated_definition':
      return namesOf(node.childForFieldName('definition') ?? node.namedChildren[0]);
    case 'type_alias_statement':
      return node.namedChildren.slice(0, 1).map((c) => c.text.replace(/\[.*/s, ''));
    case 'expression_statement':
      return node.namedChildren.flatMap(assigned);
    case 'if_statement':
    case 'try_statement':
    case 'with_statement':
    case 'elif_clause':
    case 'else_clause':
    case 'except_clause':
    case 'finally_clause':
    case 'block':
      return [...new Set(node.namedChildren.flatMap(namesOf))];
    default:
      return [];
  }
}

const nameOf = (node: Node | null): string[] => (node ? [node.text] : []);

/** `a` and `b` of `a = b = 1`. */
function assigned(node: Node): string[] {
  const right = node.type === 'assignment' ? node.childForFieldName('right') : undefined;
  return right === undefined ? [] : [...targets(node.childForFieldName('left')), ...(right ? assigned(right) : [])];
}

function targets(left: Node | null): string[] {
  if (!left) return [];
  if (left.type === 'identifier') return [left.text];
  return left.type === 'pattern_list' || left.type === 'tuple_pattern' ? left.namedChildren.flatMap(targets) : [];
}

function importsOf(node: Node, topLevel: boolean): ImportStatement[] {
  const at = { reexport: false, topLevel, start: node.startIndex, end: node.endIndex };
  if (node.type === 'import_statement') {
    return node.namedChildren.flatMap((c) => {
      const module = (c.type === 'aliased_import' ? c.childForFieldName('name') : c)?.text;
      if (!module) return [];
      const local = c.type === 'aliased_import' ? (c.childForFieldName('alias')?.text ?? module) : module;
      return [{ ...at, specifier: module, names: [{ imported: '*', local }] }];
    });
  }
  if (node.type !== 'import_from_statement') return [];
  const module = node.childForFieldName('module_name');
  if (!module) return [];
  const names: ImportedName[] = node.namedChildren
    .filter((c) => c.startIndex !== module.startIndex)
    .flatMap((c) => {
      if (c.type === 'wildcard_import') return [{ imported: '*', local: '*' }];
      if (c.type === 'dotted_name') return [{ imported: c.text, local: c.text }];
      if (c.type !== 'aliased_import') return [];
      const imported = c.childForFieldName('name')?.text ?? '';
      return [{ imported, local: c.childForFieldName('alias')?.text ?? imported }];
    });
  return [{ ...at, specifier: module.text.replace(/\s+/g, ''), names }];
}

/** Imports inside functions and conditions, found by text and then checked against the tree. */
function nestedImports(root: Node, text: string): ImportStatement[] {
  const found: ImportStatement[] = [];
  for (const match of text.matchAll(/^[ \t]+(?=(?:from|import)[ \t])/gm)) {
    const start = match.index + match[0].length;
    let node: Node | null = root.descendantForIndex(start);
    while (node && !isImport(node) && node.startIndex === start) node = node.parent;
    if (node && node.startIndex === start && node.parent?.type !== 'module') found.push(...importsOf(node, false));
  }
  return found;
}
