// Readings of a node that ES modules and CommonJS have in common. Refuses to look further than the node itself.
import type { Node } from './language.js';

/** A property's or an import's name, quotes taken off; none or one. */
export const plainName = (node: Node | null): string[] => (node ? [node.text.replace(/^(['"])(.*)\1$/, '$2')] : []);

/** Every name that a pattern binds: `a`, `b` and `c` of `{ a, x: [b], c = 1 }`. */
export function bindings(pattern: Node | null): string[] {
  if (!pattern) return [];
  if (pattern.type === 'identifier' || pattern.type === 'shorthand_property_identifier_pattern') return [pattern.text];
  if (pattern.type === 'pair_pattern') return bindings(pattern.childForFieldName('value'));
  if (pattern.type === 'assignment_pattern' || pattern.type === 'object_assignment_pattern') return bindings(pattern.childForFieldName('left'));
  return pattern.namedChildren.flatMap(bindings);
}

/** A string's content when nothing in it is computed. */
export function literal(node: Node): string | undefined {
  if (node.type !== 'string' && node.type !== 'template_string') return undefined;
  return node.text.includes('${') ? undefined : node.text.slice(1, -1);
}
