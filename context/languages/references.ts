// The names that a text uses outside comments and plain strings, by its words alone. Refuses to know what they mean.

const scripts = /\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|((?!\$\{)[\p{L}_$][\p{L}\p{N}_$]*)/gu;
const python = /#[^\n]*|'''[^]*?(?:'''|$)|"""[^]*?(?:"""|$)|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|([\p{L}_][\p{L}\p{N}_]*)/gu;

const keywords: Readonly<Record<'typescript' | 'python', ReadonlySet<string>>> = {
  typescript: new Set('abstract any as async await boolean break case catch class const continue debugger declare default delete do else enum export extends false finally for from function get if implements import in infer instanceof interface is keyof let namespace never new null number of private protected public readonly return satisfies set static string super switch symbol this throw true try type typeof undefined unknown var void while with yield'.split(' ')),
  python: new Set('False None True and as assert async await break class cls continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return self try while with yield'.split(' ')),
};

/** Each once, in order of first use, keywords left out. */
export function referencesIn(text: string, language: 'typescript' | 'python'): string[] {
  const found = new Set<string>();
  for (const [, name] of text.matchAll(language === 'python' ? python : scripts)) if (name !== undefined) found.add(name);
  for (const keyword of keywords[language]) found.delete(keyword);
  return [...found];
}
