// TypeScript, TSX, JavaScript and JSX: imports, exports and declarations out of their trees, which have the same node names.
// Refuses to resolve specifiers.
import { wholeModule, type Declaration, type DeclarationKind, type ExportAlias, type ImportedName, type ImportStatement } from '../outline.js';
import { callImports, exportedAliases, isRequire } from './commonjs.js';
import { functionCharsMin, LeadingComments, standing, trimmedEnd, type FileNodes, type Language, type MadeDeclarations, type Node } from './language.js';
import { bindings, literal, plainName } from './script-nodes.js';

export const typescript: Language = {
  imports: ({ root, text, statements }) => [...statementImports(statements), ...callImports(root, text)].sort((a, b) => a.start - b.start),
  declarations: ({ nodes, text }, made) => bodyOf(nodes, text, made),
  exports: exportAliases,
};

const kinds: Readonly<Record<string, DeclarationKind>> = {
  class_declaration: 'class',
  abstract_class_declaration: 'class',
  class: 'class',
  interface_declaration: 'interface',
  function_declaration: 'function',
  generator_function_declaration: 'function',
  function_expression: 'function',
  generator_function: 'function',
  function_signature: 'function',
  arrow_function: 'function',
  method_definition: 'function',
  method_signature: 'function',
  abstract_method_signature: 'function',
  public_field_definition: 'variable',
  field_definition: 'variable',
  property_signature: 'variable',
  pair: 'variable',
  shorthand_property_identifier: 'variable',
  lexical_declaration: 'variable',
  variable_declaration: 'variable',
  type_alias_declaration: 'type',
  enum_declaration: 'enum',
  internal_module: 'namespace',
  module: 'namespace',
};

function bodyOf(nodes: Iterable<Node>, text: string, made: MadeDeclarations): Declaration[] {
  const found: Declaration[] = [];
  const comments = new LeadingComments(text);
  let decorators: number | undefined;
  for (const node of nodes) {
    const { type } = node;
    if (type === 'comment') comments.add(node);
    else if (type === 'decorator') decorators ??= node.startIndex;
    else {
      const signatureStart = decorators ?? node.startIndex;
      decorators = undefined;
      const start = comments.take(signatureStart);
      found.push(made.of(node, start, text, () => declarationOf(node, start, signatureStart, text, made)));
    }
  }
  return found;
}

function declarationOf(node: Node, start: number, signatureStart: number, text: string, made: MadeDeclarations): Declaration {
  const end = endWithSemicolon(node, text);
  const doc = start < signatureStart ? { start, end: trimmedEnd(text, start, signatureStart) } : undefined;
  if (isImport(node)) return { kind: 'import', names: [], start, end, signature: { start: signatureStart, end }, children: [] };
  const inner = unwrapped(node);
  const value = valueOf(inner);
  const names = namesOf(inner);
  if (node.type === 'export_statement' && node.children.some((c) => c.type === 'default')) names.push('default');
  const bodied = value ?? inner;
  const body = bodied.childForFieldName('body') ?? (isObject(bodied) ? bodied : null);
  const kind = kinds[value && kinds[value.type] === 'function' ? value.type : inner.type] ?? (names.length > 0 ? 'variable' : 'statement');
  return { kind, names, start, end, signature: { start: signatureStart, end: signatureEnd(body, value, end, text, signatureStart) }, doc, children: childrenOf(body, kind, text, made) };
}

function isImport(node: Node): boolean {
  if (node.type === 'import_statement') return true;
  if (node.type === 'export_statement') return node.childForFieldName('source') !== null;
  return isRequire(node);
}

/** Past `export`, `declare` and the statement around a namespace. */
function unwrapped(node: Node): Node {
  if (node.type === 'export_statement') {
    const inner = node.childForFieldName('declaration') ?? node.childForFieldName('value');
    return inner ? unwrapped(inner) : node;
  }
  if (node.type === 'ambient_declaration') return node.namedChildren.find((c) => c.type in kinds) ?? node;
  if (node.type === 'expression_statement') {
    const inner = node.namedChildren[0];
    if (inner?.type === 'internal_module' || inner?.type === 'assignment_expression') return inner;
  }
  return node;
}

/** What a variable, field or assignment holds when that has a body of its own. */
function valueOf(node: Node): Node | undefined {
  const holder = node.namedChildren.find((c) => c.type === 'variable_declarator') ?? node;
  const value = holder.childForFieldName('value') ?? holder.childForFieldName('right');
  return value && (kinds[value.type] !== undefined || isObject(value)) ? value : undefined;
}

const isObject = (node: Node): boolean => node.type === 'object';

function namesOf(node: Node): string[] {
  switch (node.type) {
    case 'lexical_declaration':
    case 'variable_declaration':
      return node.namedChildren.filter((c) => c.type === 'variable_declarator').flatMap((c) => bindings(c.childForFieldName('name')));
    case 'assignment_expression':
      return assignedName(node.childForFieldName('left'));
    case 'pair':
      return plainName(node.childForFieldName('key'));
    case 'shorthand_property_identifier':
      return [node.text];
    case 'module':
      // What `declare module 'a'` declares is what stands in it.
      return [node.childForFieldName('name')].flatMap((name) => (name?.type === 'string' ? [] : plainName(name)));
    default:
      return kinds[node.type] ? plainName(node.childForFieldName('name') ?? node.childForFieldName('property')) : [];
  }
}

/** `exports.a`, `module.exports.a` and `A.prototype.a` declare `a`; `module.exports` alone is the default. */
function assignedName(left: Node | null): string[] {
  if (left?.type !== 'member_expression') return [];
  const path = left.text.split('.');
  if (left.text === 'module.exports') return ['default'];
  const known = path[0] === 'exports' || (path[0] === 'module' && path[1] === 'exports') || path.includes('prototype');
  return known ? [path[path.length - 1]] : [];
}

function signatureEnd(body: Node | null, value: Node | undefined, end: number, text: string, start: number): number {
  if (!body) return end;
  const braced = text[body.startIndex] === '{';
  return braced ? body.startIndex + 1 : Math.max(start, trimmedEnd(text, start, value ? body.startIndex : end));
}

const containers = new Set<DeclarationKind>(['class', 'interface', 'namespace', 'variable']);

function childrenOf(body: Node | null, kind: DeclarationKind, text: string, made: MadeDeclarations): Declaration[] {
  if (!body || text[body.startIndex] !== '{') return [];
  if (containers.has(kind)) return bodyOf(standing(body.namedChildren), text, made);
  if (kind === 'function' && body.endIndex - body.startIndex > functionCharsMin) return bodyOf(standing(body.namedChildren), text, made);
  return [];
}

/** Members and some statements leave their separator outside: it belongs to them. */
function endWithSemicolon(node: Node, text: string): number {
  return /[;,]/.test(text[node.endIndex] ?? '') ? node.endIndex + 1 : node.endIndex;
}

function statementImports(statements: readonly Node[]): ImportStatement[] {
  const found: ImportStatement[] = [];
  for (const node of statements) {
    const reexport = node.type === 'export_statement';
    if (node.type !== 'import_statement' && !reexport) continue;
    const source = node.childForFieldName('source') ?? node.namedChildren.find((c) => c.type === 'import_require_clause')?.childForFieldName('source');
    const specifier = source && literal(source);
    if (!specifier) continue;
    found.push({ specifier, names: reexport ? reexportedNames(node) : clauseNames(node), reexport, topLevel: true, start: node.startIndex, end: node.endIndex });
  }
  return found;
}

function clauseNames(node: Node): ImportedName[] {
  const required = node.namedChildren.find((c) => c.type === 'import_require_clause');
  if (required) return required.namedChildren.filter((c) => c.type === 'identifier').map((c) => ({ imported: '*', local: c.text }));
  const clause = node.namedChildren.find((c) => c.type === 'import_clause');
  return (clause?.namedChildren ?? []).flatMap((c) => {
    if (c.type === 'identifier') return [{ imported: 'default', local: c.text }];
    if (c.type === 'namespace_import') return c.namedChildren.map((n) => ({ imported: '*', local: n.text }));
    return c.namedChildren.filter((s) => s.type === 'import_specifier').map(aliased);
  });
}

function reexportedNames(node: Node): ImportedName[] {
  const clause = node.namedChildren.find((c) => c.type === 'export_clause');
  if (clause) return clause.namedChildren.filter((c) => c.type === 'export_specifier').map(aliased);
  const namespace = node.namedChildren.find((c) => c.type === 'namespace_export');
  return [{ imported: '*', local: namespace?.namedChildren[0]?.text ?? '*' }];
}

function aliased(node: Node): ImportedName {
  const imported = plainName(node.childForFieldName('name'))[0] ?? '';
  return { imported, local: plainName(node.childForFieldName('alias'))[0] ?? imported };
}

function exportAliases({ text, statements }: FileNodes): ExportAlias[] {
  const found: ExportAlias[] = [];
  const mayAssign = /\bexports\b/.test(text);
  for (const node of statements) {
    if (mayAssign && node.type === 'expression_statement') found.push(...exportedAliases(node));
    if (node.type !== 'export_statement' || node.childForFieldName('source')) continue;
    for (const clause of node.namedChildren) {
      if (clause.type === 'export_clause') {
        for (const one of clause.namedChildren.filter((c) => c.type === 'export_specifier')) {
          const { imported, local } = aliased(one);
          found.push({ exported: local, local: imported });
        }
      }
    }
    const value = node.childForFieldName('value');
    if (value?.type === 'identifier') found.push({ exported: 'default', local: value.text });
    // export = a
    const whole = node.children[1]?.type === '=' ? node.children[2] : undefined;
    if (whole?.type === 'identifier') found.push(...['default', wholeModule].map((exported) => ({ exported, local: whole.text })));
  }
  return found;
}
