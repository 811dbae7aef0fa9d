// Two hops by name: what the signatures of an asked declaration mention or inherit, and which file declares that.
// Refuses to go further, and to look into bodies.
import { declared, type Declaration, type Outline } from '../outline.js';
import { whereDeclared } from '../resolve.js';
import type { Snapshot } from '../snapshot.js';

export interface Behind {
  /** Absolute path of the file that declares it. */
  readonly path: string;
  readonly name: string;
  /** The declaration that mentions it. */
  readonly by: string;
}

/** Of one declaration's signatures, in UTF-16 code units. */
const signatureCharsMax = 4000;
/** What has no body of its own, such as a variable, says what it is at its beginning. */
const headCharsMax = 400;

/** Names that what `path` declares as one of `asked` mentions, in order, each once. */
export function behindOf(snapshot: Snapshot, path: string, asked: ReadonlySet<string>): Behind[] {
  const text = snapshot.read(path);
  const outline = snapshot.outline(path);
  if (text === undefined || !outline) return [];
  const inScope = scopeOf(outline);
  const found = new Map<string, Behind>();
  for (const declaration of declared(outline)) {
    const by = declaration.names.find((name) => asked.has(name));
    if (by === undefined) continue;
    for (const [name] of signaturesOf(text, declaration).matchAll(/[\p{L}_$][\p{L}\p{N}_$]*/gu)) {
      if (found.has(name) || declaration.names.includes(name) || !inScope.has(name)) continue;
      const at = whereDeclared(snapshot, path, name);
      if (at) found.set(name, { ...at, by });
    }
  }
  return [...found.values()];
}

/** What a name in the file's outermost scope can mean. */
export function scopeOf(outline: Outline): Set<string> {
  return new Set([...declared(outline).flatMap((d) => d.names), ...outline.imports.flatMap((i) => (i.reexport ? [] : i.names.map((n) => n.local)))]);
}

function signaturesOf(text: string, declaration: Declaration): string {
  const { kind, signature, children, end } = declaration;
  const own = text.slice(signature.start, kind === 'type' ? end : Math.min(signature.end, signature.start + headCharsMax));
  const members = kind === 'function' ? [] : children.map((child) => text.slice(child.signature.start, Math.min(child.signature.end, child.signature.start + headCharsMax)));
  return [own, ...members].join('\n').slice(0, signatureCharsMax);
}
