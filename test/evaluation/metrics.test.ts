// What one prediction is worth: exact match, edit similarity and identifiers, by cases.
import { describe, expect, it } from 'vitest';
import { editSimilarity, exactMatch, identifierF1, identifiers } from '../../evaluation/metrics.js';

describe('one prediction', () => {
  const cases: readonly { name: string; prediction: string; target: string; lang: string; exact: number; edit: number; f1: number | undefined }[] = [
    { name: 'right', prediction: 'parseUser(body)', target: 'parseUser(body)', lang: 'ts', exact: 1, edit: 1, f1: 1 },
    { name: 'right but for blanks around it and a second line', prediction: '  parseUser(body) \nmore', target: 'parseUser(body) ', lang: 'ts', exact: 1, edit: 1, f1: 1 },
    { name: 'one character too many', prediction: 'abcd(x))', target: 'abcd(x)', lang: 'py', exact: 0, edit: 1 - 1 / 8, f1: 1 },
    { name: 'empty', prediction: '', target: 'user.name', lang: 'ts', exact: 0, edit: 0, f1: 0 },
    { name: 'a line break first: the first line is empty', prediction: '\nuser.name', target: 'user.name', lang: 'ts', exact: 0, edit: 0, f1: 0 },
    { name: 'half of the identifiers', prediction: 'user.name', target: 'user.age', lang: 'ts', exact: 0, edit: 1 - 2 / 9, f1: 0.5 },
    { name: 'keywords and strings are no identifiers', prediction: 'return None', target: 'return "name"', lang: 'py', exact: 0, edit: 1 - 5 / 13, f1: undefined },
    { name: 'an identifier more counts once', prediction: 'a + a + b', target: 'a', lang: 'js', exact: 0, edit: 1 / 9, f1: 2 / 3 },
  ];
  it.each(cases)('$name', ({ prediction, target, lang, exact, edit, f1 }) => {
    expect(exactMatch(prediction, target)).toBe(exact);
    expect(editSimilarity(prediction, target)).toBeCloseTo(edit, 10);
    const found = identifierF1(prediction, target, lang);
    if (f1 === undefined) expect(found).toBeUndefined();
    else expect(found).toBeCloseTo(f1, 10);
  });

  it.each<[string, string, string[]]>([
    ['const x = await load("a b", \'c\\\'d\')', 'ts', ['x', 'load']],
    ['const x = await load', 'py', ['const', 'x', 'load']],
    ['$el._größe1 = 2n', 'js', ['$el', '_größe1', 'n']],
    ['self.items: List[int]', 'py', ['self', 'items', 'List', 'int']],
    ['return x', 'python', ['x']],
    ['func main', 'go', ['func', 'main']],
    ['return x', 'constructor', ['return', 'x']],
  ])('identifiers of %s in %s', (code, lang, wanted) => {
    expect([...identifiers(code.replace('2n', '2 + n'), lang)]).toEqual(wanted);
  });
});
