// What one prediction is worth beside its target: exact match, edit similarity, identifier F1 (CrossCodeEval, arXiv 2310.11248).
// Refuses to average: that is bootstrap.ts.
import { distance } from 'fastest-levenshtein';

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));
const script = words(
  'abstract any as asserts async await boolean break case catch class const continue debugger declare default delete do else enum export extends false finally for from function get if implements import in infer instanceof interface is keyof let module namespace never new null number object of package private protected public readonly require return satisfies set static string super switch symbol this throw true try type typeof undefined unique unknown var void while with yield',
);
const python = words('False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield match case');
/** By what tasks call their language. */
const keywords: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ...['ts', 'tsx', 'typescript', 'js', 'jsx', 'javascript'].map((lang) => [lang, script] as const),
  ...['py', 'python'].map((lang) => [lang, python] as const),
]);
const STRING_LITERAL = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g;

const firstLine = (text: string): string => text.split('\n', 1)[0].trim();

/** 1 when the first predicted line equals the target, both stripped; else 0. */
export function exactMatch(prediction: string, target: string): number {
  return firstLine(prediction) === target.trim() ? 1 : 0;
}

/** 1 - levenshtein / length of the longer, over the stripped first line; 1 when both are empty. */
export function editSimilarity(prediction: string, target: string): number {
  const predicted = firstLine(prediction);
  const wanted = target.trim();
  const length = Math.max(predicted.length, wanted.length);
  return length === 0 ? 1 : 1 - distance(predicted, wanted) / length;
}

/** The non-keyword identifiers outside string literals. An unknown language has no keywords. */
export function identifiers(code: string, lang: string): Set<string> {
  const found = code.replace(STRING_LITERAL, '').match(/[\p{ID_Start}_$][\p{ID_Continue}$]*/gu) ?? [];
  return new Set(found.filter((word) => !keywords.get(lang)?.has(word)));
}

/** F1 over the two sets of identifiers; undefined where the target has none, since there is nothing to find. */
export function identifierF1(prediction: string, target: string, lang: string): number | undefined {
  const wanted = identifiers(target, lang);
  if (wanted.size === 0) return undefined;
  const predicted = identifiers(firstLine(prediction), lang);
  const both = [...predicted].filter((word) => wanted.has(word)).length;
  return (2 * both) / (predicted.size + wanted.size);
}
