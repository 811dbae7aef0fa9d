// Declarations whose beginnings stand in a stretch that does not parse, such as a class that is being typed: found by their first line.
// Refuses to guess where they end: each is its first line, and what parsed inside stands beside it.
import type { Declaration, DeclarationKind, Outline } from '../outline.js';
import { trimmedEnd, type Node } from './language.js';

const heads: Readonly<Record<Outline['language'], RegExp>> = {
  typescript: /^(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:abstract\s+|async\s+)*(class|interface|function|enum|type|namespace|const|let|var)\b\s*\*?\s*([\p{L}_$][\p{L}\p{N}_$]*)[^\n]*/gmu,
  python: /^(?:async\s+)?(class|def)\s+([\p{L}_][\p{L}\p{N}_]*)[^\n]*/gmu,
};

const kinds: Readonly<Record<string, DeclarationKind>> = { class: 'class', interface: 'interface', enum: 'enum', type: 'type', namespace: 'namespace', function: 'function', def: 'function' };

/** `found`, and what begins in the errors of `root` without being among them; in order, none over another. */
export function withRecovered(found: Declaration[], root: Node, text: string, language: Outline['language']): Declaration[] {
  if (!root.hasError) return found;
  const errors = root.type === 'ERROR' ? [root] : root.namedChildren.filter((node) => node.type === 'ERROR');
  const heading: Declaration[] = [];
  for (const { startIndex, endIndex } of errors) {
    for (const match of text.slice(startIndex, endIndex).matchAll(heads[language])) {
      const start = startIndex + match.index;
      const end = trimmedEnd(text, start, start + match[0].length);
      const isNew = (text[start - 1] ?? '\n') === '\n' && !found.some((d) => d.names.length > 0 && d.start < end && d.end > start);
      if (isNew) heading.push({ kind: kinds[match[1]] ?? 'variable', names: [match[2]], start, end, signature: { start, end }, children: [] });
    }
  }
  if (heading.length === 0) return found;
  return [...found.filter((d) => !heading.some((h) => d.start < h.end && d.end > h.start)), ...heading].sort((a, b) => a.start - b.start);
}
