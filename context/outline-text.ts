// A declaration as its signature, its members' signatures and the first lines of their docs; bodies are left out.
// Refuses to read anything but the declaration's own text.
import type { RangeKind } from '../base/segment.js';
import type { Declaration } from './outline.js';

/** A stretch of a segment's text. */
export interface Chunk {
  readonly text: string;
  readonly kind: RangeKind;
}

/** Types, enums and interfaces up to this length stand whole. */
const wholeCharsMax = 400;
const lineCharsMax = 160;

/** Whole lines, or nothing for what declares nothing. */
export function outlineText(text: string, declaration: Declaration, depth = 0): Chunk[] {
  const { kind, names, signature, doc, children, end } = declaration;
  if (kind === 'import' || (kind === 'statement' && names.length === 0)) return [];
  const indent = indentAt(text, signature.start);
  const docLine = doc && firstDocLine(text.slice(doc.start, doc.end));
  const docBefore = doc !== undefined && doc.start < signature.start;
  const chunks: Chunk[] = [];
  if (docLine && docBefore) chunks.push({ text: `${indent}${docLine}\n`, kind: 'doc' });
  const whole = text.slice(signature.start, end);
  const standsWhole = (kind === 'type' || kind === 'enum' || kind === 'interface') && whole.length <= wholeCharsMax;
  if (standsWhole || signature.end >= end) {
    const shown = standsWhole ? whole : shortened(whole);
    return [...chunks, { text: `${indent}${shown}\n`, kind: 'signature' }];
  }
  const members = kind === 'function' || depth > 2 ? [] : children.flatMap((child) => outlineText(text, child, depth + 1));
  const head = text.slice(signature.start, signature.end);
  const braced = head.endsWith('{');
  const inner = docLine && !docBefore ? [{ text: `${indent}    ${docLine}\n`, kind: 'doc' as const }] : [];
  if (members.length === 0 && inner.length === 0) return [...chunks, { text: `${indent}${head} ...${braced ? ' }' : ''}\n`, kind: 'signature' }];
  chunks.push({ text: `${indent}${head}\n`, kind: 'signature' }, ...inner, ...members);
  if (braced) chunks.push({ text: `${indent}}\n`, kind: 'signature' });
  return chunks;
}

function indentAt(text: string, offset: number): string {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  return /^[ \t]*$/.test(line) ? line : '';
}

function shortened(text: string): string {
  const line = text.split(/\r?\n/)[0];
  return line.length > lineCharsMax ? `${line.slice(0, lineCharsMax)} ...` : line === text ? line : `${line} ...`;
}

/** The first line of a comment or docstring that says something, closed again. */
function firstDocLine(doc: string): string {
  const open = /^(\/\*\*?|\/\/+|#+|[rRbBuU]*(?:"""|'''|"|'))/.exec(doc)?.[0] ?? '';
  const line = doc.slice(open.length).split('\n').map((l) => l.replace(/^\s*(?:\*(?!\/)|\/\/+|#+)?\s*/, '').replace(/\s*(?:\*\/|"""|''')?\s*$/, '')).find((l) => l !== '');
  if (!line) return '';
  const quote = open.replace(/^[a-zA-Z]+/, '');
  const close = open.startsWith('/*') ? ' */' : /^["']/.test(quote) ? quote : '';
  return `${/["']$/.test(open) ? open : `${open} `}${shortened(line)}${close}`;
}
