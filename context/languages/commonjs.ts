// CommonJS: what `require` brings in and what `exports` gives out, as ES modules would say it; dynamic `import()` too.
// Refuses to resolve specifiers.
import { wholeModule, type ExportAlias, type ImportedName, type ImportStatement } from '../outline.js';
import type { Node } from './language.js';
import { bindings, literal, plainName } from './script-nodes.js';

/** `require('x')` and `import('x')` anywhere, found by text and then checked against the tree. */
export function callImports(root: Node, text: string): ImportStatement[] {
  const found: ImportStatement[] = [];
  for (const match of text.matchAll(/(?<![\w$]|(?<!\.\.)\.)(?:require|import)\s*\(\s*(?=['"`])/g)) {
    let node: Node | null = root.descendantForIndex(match.index);
    while (node && node.type !== 'call_expression' && node.startIndex === match.index) node = node.parent;
    const specifier = specifierOf(node);
    if (node && specifier !== undefined) found.push({ specifier, ...useOf(node) });
  }
  return found;
}

/** Whether a statement only brings modules in: `const a = require('x'), { b } = require('y');` or `exports.a = require('x').b;` */
export function isRequire(statement: Node): boolean {
  if (statement.type === 'expression_statement') return requiredOf(exportOf(statement)?.value) !== undefined;
  if (statement.type !== 'lexical_declaration' && statement.type !== 'variable_declaration') return false;
  const declarators = statement.namedChildren.filter((c) => c.type === 'variable_declarator');
  return declarators.length > 0 && declarators.every((declarator) => isBound(declarator, requiredOf(declarator.childForFieldName('value'))));
}

/** `a` as `b` for `exports.b = a` and `module.exports = { b: a }`, as itself for `module.exports = { a }`; `a` as the default and as the whole for `module.exports = a`. */
export function exportedAliases(statement: Node): ExportAlias[] {
  const exported = exportOf(statement);
  if (exported?.value.type === 'identifier') return (exported.name === 'default' ? ['default', wholeModule] : [exported.name]).map((name) => ({ exported: name, local: exported.value.text }));
  if (exported?.name !== 'default' || exported.value.type !== 'object') return [];
  return exported.value.namedChildren.flatMap((entry) => {
    if (entry.type === 'shorthand_property_identifier') return [{ exported: entry.text, local: entry.text }];
    const value = entry.type === 'pair' ? entry.childForFieldName('value') : undefined;
    return value?.type === 'identifier' ? [{ exported: plainName(entry.childForFieldName('key'))[0] ?? '', local: value.text }] : [];
  });
}

/** `x` of `require('x')` and `import('x')`. */
function specifierOf(node: Node | null | undefined): string | undefined {
  if (node?.type !== 'call_expression') return undefined;
  const callee = node.childForFieldName('function');
  if (callee?.type !== 'import' && callee?.text !== 'require') return undefined;
  const first = node.childForFieldName('arguments')?.namedChildren[0];
  return first && literal(first);
}

/** What is taken of a module: `*` for `require('x')`, `a` for `require('x').a`. */
function requiredOf(value: Node | null | undefined): string | undefined {
  if (value?.type !== 'member_expression') return specifierOf(value) === undefined ? undefined : '*';
  return specifierOf(value.childForFieldName('object')) === undefined ? undefined : (value.childForFieldName('property')?.text ?? '*');
}

/** `a = require('x')`, `{ a } = require('x')`, `a = require('x').b`, but not `{ a } = require('x').b`, which takes what is no module apart. */
const isBound = (declarator: Node, required: string | undefined): boolean => required === '*' || (required !== undefined && declarator.childForFieldName('name')?.type === 'identifier');

/** What becomes of a call's module: names of this file, names that it exports, or neither. */
function useOf(call: Node): Omit<ImportStatement, 'specifier'> {
  const value = call.parent?.type === 'await_expression' || call.parent?.type === 'member_expression' ? call.parent : call;
  const required = requiredOf(value) ?? '*';
  const declarator = value.parent?.type === 'variable_declarator' ? value.parent : undefined;
  const statement = declarator?.parent;
  if (statement && isBound(declarator, required)) return { names: boundNames(declarator.childForFieldName('name'), required), reexport: false, topLevel: statement.parent?.type === 'program', start: statement.startIndex, end: statement.endIndex };
  const names = passedOn(value, required);
  return { names, reexport: names.length > 0, topLevel: false, start: call.startIndex, end: call.endIndex };
}

/** `a` as `b`, and `c`, of `{ a: b, c } = require('x')`; all as `a` of `a = require('x')`. */
function boundNames(pattern: Node | null, required: string): ImportedName[] {
  if (pattern?.type !== 'object_pattern') return pattern ? [{ imported: required, local: pattern.text }] : [];
  return pattern.namedChildren.flatMap((entry) => {
    const key = entry.type === 'pair_pattern' ? plainName(entry.childForFieldName('key'))[0] : undefined;
    return bindings(entry).map((local) => ({ imported: key ?? local, local }));
  });
}

/** What `value`, which is `required` of a module, is exported as: as `export ... from` has it. */
function passedOn(value: Node, required: string): ImportedName[] {
  const isAll = required === '*';
  const { parent } = value;
  // module.exports = { ...require('x') }
  if (parent?.type === 'spread_element') return isAll && isWhole(parent.parent) ? [{ imported: '*', local: '*' }] : [];
  // module.exports = { a: require('x') }
  if (parent?.type === 'pair') return isWhole(parent.parent) ? passedOnAs(plainName(parent.childForFieldName('key'))[0] ?? '', required) : [];
  const name = exportedName(parent);
  // exports.a = require('x')
  if (name !== 'default') return name === undefined ? [] : passedOnAs(name, required);
  // module.exports = require('x'): its names, its default, and all of it.
  const names = isAll ? [{ imported: '*', local: '*' }] : [];
  return [...names, { imported: isAll ? 'default' : required, local: 'default' }, ...passedOnAs(wholeModule, required)];
}

/** A module as `name` is what it exports as a whole, its default, and where it has none the file. */
const passedOnAs = (name: string, required: string): ImportedName[] => (required === '*' ? ['default', '*'] : [required]).map((imported) => ({ imported, local: name }));

/** Whether the object is all that the file exports: `module.exports = { ... }`. */
const isWhole = (object: Node | null): boolean => exportedName(object?.parent) === 'default';

/** `a` and the value of `exports.a = value`, 'default' and the value of `module.exports = value`, behind `exports =` too. */
function exportOf(statement: Node): { readonly name: string; readonly value: Node } | undefined {
  let assignment = statement.type === 'expression_statement' ? statement.namedChildren[0] : undefined;
  if (assignment?.childForFieldName('left')?.text === 'exports') assignment = assignment.childForFieldName('right') ?? undefined;
  const name = exportedName(assignment);
  const value = assignment?.childForFieldName('right');
  return name !== undefined && value ? { name, value } : undefined;
}

/** `a` of `exports.a = ...` and `module.exports.a = ...`, 'default' of `module.exports = ...`. */
function exportedName(assignment: Node | null | undefined): string | undefined {
  if (assignment?.type !== 'assignment_expression') return undefined;
  const path = /^(?:module\.exports|(?:module\.)?exports\.([\w$]+))$/.exec(assignment.childForFieldName('left')?.text ?? '');
  return path ? (path[1] ?? 'default') : undefined;
}
