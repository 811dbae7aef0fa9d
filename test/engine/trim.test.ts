// Where a completion ends, as a table: place, what the model said, what is shown.
import { describe, expect, it } from 'vitest';
import { trim } from '../../engine/trim.js';
import { wholePart } from '../../engine/trimming/bounds.js';
import type { CommentMark } from '../../engine/trimming/brackets.js';
import { blockLinesMax } from '../../engine/trimming/ends.js';
import { placeOf, type Stop } from '../../engine/trimming/place.js';

/** [what, document with the cursor as |, what the model wrote, what is shown]. */
type Case = readonly [what: string, document: string, raw: string, shown: string];

function check(stop: Stop, [, document, raw, shown]: Case, mark?: CommentMark): void {
  const [prefix, suffix] = document.split('|');
  const place = placeOf(prefix, suffix, stop, mark);
  expect(trim(raw, place).text).toBe(shown);
}

const lines: readonly Case[] = [
  ['a plain line', 'x = |\n', 'foo(a)\ny = 2\n', 'foo(a)'],
  ['a newline merged into punctuation', 'def f(x|\n    pass\n', '):\n    return', '):'],
  ['nothing on this line', 'x = 1|\ny = 2\n', '\nz = 3\n', ''],
  ['blanks alone', 'x = 1|\n', '   \n', ''],
  ['trailing blanks', 'x = |\n', 'foo()  \n', 'foo()'],
  ['blanks kept before the rest of the line', 'f(|b)\n', 'a, ', 'a, '],

  // Auto-closed brackets and quotes.
  ['an auto-closed bracket', 'foo(|)\n', 'a, b)\n', 'a, b'],
  ['an auto-closed bracket and what would follow it', 'foo(|)\n', 'a, b);\nbar();\n', 'a, b'],
  ['a call inside an auto-closed bracket', 'print(|)\n', 'foo(a))\n', 'foo(a)'],
  ['two auto-closed brackets', 'foo(bar[|])\n', 'i])\n', 'i'],
  ['one of two brackets is missing', 'foo(bar(|)\n', 'x))\n', 'x)'],
  ['a bracket not closed at all', 'foo(|\nbar()\n', 'a, [1]);\n', 'a, [1]);'],
  ['a condition and its brace', 'if (x(|) {\n', 'a)) {\n', 'a)'],
  ['an auto-closed bracket before a semicolon', 'foo(|);\n', 'a);\n', 'a'],
  ['an object inside an auto-closed call', 'f({|})\n', ' a: 1 })\n', ' a: 1 '],
  ['an auto-closed quote', 'import x from "|"\n', './a"\n', './a'],
  ['an auto-closed quote inside a call', "foo('|')\n", "a')\n", 'a'],
  ['a quote that is not closed', 'foo("|\n', 'a (b")\n', 'a (b")'],
  ['a quote closed, brackets auto-closed', 'foo("a|)\n', 'bc")\n', 'bc"'],
  ['an escaped quote does not end the string', 'foo("|")\n', 'a\\"b" + c', 'a\\"b'],
  ['a triple quote', '    """|"""\n', 'Return it."""\n', 'Return it.'],
  ['an auto-closed body', 'function f() {|}\n', ' return 1; }\n', ' return 1; '],

  // Brackets opened on earlier lines.
  ['a closer of an earlier line that the suffix lacks', 'foo(a,\n    |\nbar()\n', 'b)\n', 'b)'],
  ['a closer of an earlier line that the suffix has', 'foo(\n    a,\n    |\n)\nbar()\n', 'b)\n', 'b'],
  ['a brace that the suffix has', 'function f() {\n  return |\n}\n', '1; }\n', '1;'],
  ['the end of a callback', 'function f() {\n  useEffect(() => {\n    go()\n  |\n\n  return 1\n}\n', '}, [a]);\n', '}, [a]);'],
  ['a method in a class that the window does not show', '  run() {\n    foo(|\n  }\n}\n', 'a);\n', 'a);'],
  ['parameters above a body that stands already', 'class A {\n  f({ a,|\n    g();\n  }\n}\n', ' b }: C): void {\n', ' b }: C): void {'],
  ['a callback whose end stands already', 'f(() => {\n  g({|\n  });\n});\n', ' a })\n', ' a'],
  ['a stray closer', 'x = 1|\n', ')\n', ''],
  ['the wrong closer', 'x = [|\n', '1)\n', '1'],
  ['closers without openers before the window', '}\n)\nfoo(|\n', 'a)]\n', 'a)'],

  ['the end of a function that opens before the window', '    a();\n  |\n\n  b() {\n', '}\n', '}'],
  ['the end of a callback that opens before the window', '  a();\n|\n', '});\n', '});'],
  ['the end of a function that stands already', '    a();\n  |\n  }\n', '}\n', ''],
  ['the end of a callback that stands already', '  a();\n|\n});\n', '});\n', ''],
  ['the end of a function that goes on', '    a();\n  |\n    b();\n', '}\n', ''],
  ['a closer as deep as what the window shows', '    a();\n    |\n', '}\n', ''],
  ['else, between braces that stand already', 'if (a) {\n  b();\n|\n  c();\n}\n', '} else {\n', '} else {'],
  ['a callback after a callback', 'f(() => {\n  a();\n|\n  b();\n});\n', '}).catch((error) => {\n', '}).catch((error) => {'],
  ['a brace that stands already, and no other', 'if (a) {\n  b();\n|\n}\n', '} // if\n', ''],
  ['a brace that opens something else', 'f({\n  a,\n|\n})\n', '}, [\n', ''],

  // Strings and apostrophes.
  ['a regular expression', 'x = |;\n', '/[/")]\\/(/.test(a)\n', '/[/")]\\/(/.test(a)'],
  ['a regular expression after an arrow', 'f(|)\n', '(a) => /[")]/.test(a))\n', '(a) => /[")]/.test(a)'],
  ['a tag that ends itself', '<p><Icon name={n} />|</p>\n', ' <b>{n}</b></p>\n', ' <b>{n}</b>'],
  ['brackets after a tag that ends itself', 'c ? <A x={1} /> : foo(|)\n', 'bar);\n', 'bar'],
  ['a division', 'x = f(|)\n', '(a) / b, c / d)\n', '(a) / b, c / d'],
  ["Python's slash between arguments", 'def f(|\n', 'a, /, b)):\n', 'a, /, b)'],
  ['inside a comment', '// that is |\n', 'a) this, b) that\n', 'a) this, b) that'],
  ['inside a comment after code', 'foo(); // a |\n', 'b) c\n', 'b) c'],
  ['inside a comment over lines', '/*\n  a |\n*/\n', 'b) c\n', 'b) c'],
  ['inside a comment whose start the window does not show', ' * a\n * |\n */\n', 'b) c\n', 'b) c'],
  ['a comment after code before', 'foo(); // a (\ny = |\n', '1)\n', '1'],
  ['a comment over lines before', '/*\n  a (\n*/\ny = |\n', '1)\n', '1'],
  ['a comment whose start the window does not show before', ' * a (\n */\ny = |\n', '1)\n', '1'],
  ['a comment after code', 'f(|\n', 'a); // b) c\n', 'a); // b) c'],
  ['a comment between arguments', 'f(|)\n', 'a /* b) */, c)\n', 'a /* b) */, c'],
  ['a comment over lines after code before', 'f(a); /* b (\n */\ny = |\n', '1)\n', '1'],
  ['a comment over lines that the suffix closes', 'f(a); /* b (\n  c |\n*/\n', 'd) e\n', 'd) e'],
  ['a comment over lines not closed', '/* b (\n  c |\n', 'd) e\n', 'd) e'],
  ['a glob after a hole of a template', 'const s = `\n  rm -rf ${dir}/*\n`;\nfunction f(a) {\n  log(|);\n}\n', 'a.b(c));\n', 'a.b(c)'],
  ['a glob after a hole of a template, in an open call', 'const s = `\n  rm -rf ${dir}/*\n`;\nfunction f(a) {\n  return log(|\n}\n', 'a.b(c)));\n', 'a.b(c))'],
  ['a glob after a hole of a template, and a comment', 'const s = `\n  rm -rf ${dir}/*\n`;\nlog(\n  /* a */\n  |\n', 'b)\n', 'b)'],
  ['a glob in a template', 'const s = `\n  Disallow: /*\n`;\nfunction f(a) {\n  log(|);\n}\n', 'a.b(c));\n', 'a.b(c)'],
  ['a glob in a template, in an open call', 'const s = `\n  Disallow: /*\n`;\nfunction f(a) {\n  return log(|\n}\n\n/** a */\n', 'a.b(c)));\n', 'a.b(c))'],
  ['a glob in a template below', 'f(\n  |\nconst s = `\n  Disallow: /*\n`;\n)\n', 'a)\n', 'a'],
  ['an address is no comment', 'see http://a.b/(|)\n', 'c//d)\n', 'c//d'],
  ['a private field is no comment', 'f(|)\n', 'a, #x in b)\n', 'a, #x in b'],
  ['an apostrophe', "say(don't|)\n", 's)\n', 's'],
  ['an apostrophe in a comment before', "# don't (\nfoo(|)\n", 'a)\n', 'a'],
  ['brackets in strings', 'foo(|)\n', "':)', \"(\")\n", "':)', \"(\""],
  ["Python's string prefixes", 'foo(|)\n', "f'{x})', b')')\n", "f'{x})', b')'"],
  ['code in a string', 'print(f"{user.|}")\n', 'get("x")}")\n', 'get("x")'],
  ['code in a string, in a bracket', 'print(f"{user(|)}")\n', 'get("x"))\n', 'get("x")'],
  ['code in a string, in an open bracket', 'print(f"{user(|}")\n', 'get("x"))}")\n', 'get("x"))'],
  ['code in a template', 'a = `b ${c.|}`;\n', 'get(`x`)}`;\n', 'get(`x`)'],
  ['a string in code in a string', 'a = f"{d[\'|\']}"\n', 'key\']}"\n', 'key'],
  ['a string in code in a string, in a call', 'a = f"{t(\'|\')} y"\n', 'home\')} y"\n', 'home'],
  ['a string in code in a string, before another argument', 'a = f"{d.get(\'|\', 0)} x"\n', 'HOME\', 0)} x"\n', 'HOME'],
  ['a string in code in a string, not closed', 'a = f"{t(\'|)} y"\n', 'a) b\')} y"\n', "a) b'"],
  ['after a string in code in a string', 'a = f"{t(\'b\', |)} y"\n', 'c(\'d\'))} y"\n', "c('d')"],
  ['a string in a template', 'a = `${t(\'|\')}`;\n', 'home.title\')}`;\n', 'home.title'],
  ['an object in code in a template', 'a = `${f({ b: | })}`;\n', 'c.d })}`;\n', 'c.d'],
  ['after an object in code in a template', 'a = `${f({ b: 1 }, |)}`;\n', 'c(`d`))}`;\n', 'c(`d`)'],
  ['before an object in code in a template', 'a = `${f(|, { b: 1 })}`;\n', 'c(`d`), { b: 1 })}`;\n', 'c(`d`)'],
  ['a body in code in a template', 'a = `${b.map((c) => { return | })}`;\n', 'c.d; })}`;\n', 'c.d;'],
  ['an object that is not closed in code in a template', 'a = `${f({ b: |)}`;\n', 'c })}`;\n', 'c }'],
  ['a brace in a string in code in a template', 'a = `${f(\'{\', |)}`;\n', 'c(`d`))}`;\n', 'c(`d`)'],
  ['after code with an object in a template', 'a = `${f({ b: 1 })} |`;\n', 'c` + d;\n', 'c'],
  ['a dictionary in code in a string', 'a = f"{b({\'c\': |})}"\n', 'd("e")})}"\n', 'd("e")'],
  ['after a dictionary in code in a string', 'a = f"{b({\'c\': 1}, |)}"\n', 'd("e"))}"\n', 'd("e")'],
  ['before a dictionary in code in a string', 'a = f"{b(|, {\'c\': 1})}"\n', 'd("e"), {\'c\': 1})}"\n', 'd("e")'],
  ['how code in a string is shown', 'a = f"{b:{c.|}}"\n', 'd}}"\n', 'd'],
  ['code after an escaped quote in a string', 'a = f"\\"{b.|}"\n', 'get("x")}"\n', 'get("x")'],
  ['code in a long string', 'a = f\"\"\"{b.|}\"\"\"\n', 'get("x")}\"\"\"\n', 'get("x")'],
  ['text after doubled braces', 'a = f"{{b}} |"\n', 'c" + d\n', 'c'],
  ['braces of an ordinary string', 'a = "{b|}"\n', 'c" + d\n', 'c'],
  ['doubled braces', 'a = f"{{b|}}"\n', 'c" + d\n', 'c'],
  ['text after code in a string', 'a = f"{b} |"\n', 'c" + d\n', 'c'],
  ['a comment line with a stray bracket', '// 1) first (\nfoo(|)\n', 'a)\n', 'a'],
  ['a bracket in a string before', 'a = "("; foo(|)\n', 'a)\n', 'a'],

  // Text that overlaps what follows.
  ['the rest of the line', 'return |total;\n', 'count + total;\n', 'count + '],
  ['the rest of the line and more', 'x = a| + total;\n', '.b + total; // sum\n', '.b'],
  ['a part of the rest', 'foo(|, b)\n', 'bar(x), b)\n', 'bar(x)'],
  ['a semicolon', 'x = |;\n', 'foo();\n', 'foo()'],
  ['a colon', 'if |:\n    pass\n', 'x == 1:\n', 'x == 1'],
  ['the rest of a word', 'it|s = 1\n', 'ems = 1', 'em'],
  ['a letter in common is no overlap', 'if |foo(x):\n', 'half', 'half'],
  ['the rest of a string', 'say("hello |world")\n', 'big world")\n', 'big '],
  ['the rest of the line inside a call of the text', 'x = |total\n', 'sum(total)\n', 'sum(total)'],
  ['the rest of a call that the text opens', 'x = |idden, eps);\n', 'Norm(h.hidden, eps);\n', 'Norm(h.h'],
  ['brackets that the text is to open', 'x = |);\n', 'stats();\n', 'stats('],
  ['a string that the text is to open', 'x = [|parser",\n', '"parser",\n', '"'],
  ['a tag like the one around it', '<div>|</div>\n', '<div>hi</div>\n', '<div>hi</div>'],
  ['a tag like the one around it, and that one closed', '<div>|</div>\n', '<div>hi</div></div>\n', '<div>hi</div>'],
  ['the closing of the tag around it', '<div>|</div>\n', '<b>hi</b></div>\n', '<b>hi</b>'],
  ['a tag with attributes, empty', '<View>|</View>\n', '<View style={a}></View>\n', '<View style={a}></View>'],
  ['a tag like the one around it, inside another', '<li>|</li>\n', '<ul><li>x</li></ul>\n', '<ul><li>x</li></ul>'],
  ['a fragment', '<>|</>\n', '<><a /></></>\n', '<><a /></>'],
  ['a tag that ends itself, like the one around it', '<a>|</a>\n', '<a b={() => c} />x</a>\n', '<a b={() => c} />x'],
  ['the next line', 'def f(x):\n    |\n    return x\n', 'return x\n', ''],
  ['the next line, begun already', 'def f(x):\n    ret|\n\n    return x\n', 'urn x', ''],
  ['the same words at another depth', 'if a:\n        |\n    return x\n', 'return x\n', 'return x'],
  ['the next line is a bracket only', 'f(\n  |\n);\nreturn x\n', 'a\n', 'a'],

  // Indentation.
  ['doubled indentation', 'def f():\n    |\n', '    return 1\n', 'return 1'],
  ['doubled tabs', 'function f() {\n\t|\n}\n', '\treturn 1;\n', 'return 1;'],
  ['indentation that is missing', 'def f():\n|\n', '    return 1\n', '    return 1'],
  ['indentation still due after an opener', '    def f():\n    |\n', '    return 1\n', '    return 1'],
  ['a blank after a word is no indentation', 'return |\n', ' x', ' x'],

  // Special tokens spelt out.
  ['a special token', 'x = |\n', 'foo()<|endoftext|>bar', 'foo()'],
  ['a fill-in-the-middle token', 'x = |\n', 'foo()<|fim_middle|>', 'foo()'],
  ["another model's", 'x = |\n', 'a<fim_suffix>b', 'a'],
  ['half a special token', 'x = |\n', 'foo() <|file_se', 'foo()'],
  ['less-than is no special token', 'x = |\n', 'a <', 'a <'],
  ['bytes that are no text', 'x = |\n', 'a\uFFFDb', 'a'],

  // Line ends.
  ['CRLF', 'x = |\r\ny = 2\r\n', 'foo()\r\nz', 'foo()'],
  ['half a CRLF', 'x = |\r\n', 'foo()\r', 'foo()'],
  ['CRLF and auto-closed brackets', 'foo(|)\r\n', 'a)\r\n', 'a'],
  ['CRLF and the next line', 'def f(x):\r\n    |\r\n    return x\r\n', 'return x\r\n', ''],

  // Loops.
  ['characters in a loop', 'x = |\n', 'a.b' + '.get()'.repeat(12), 'a.b.get()'],
  ['a table of equal values is no loop', 'x = [|]\n', 'None, None, None, None', 'None, None, None, None'],
];

const pythonLines: readonly Case[] = [
  ['a Python comment after code', 'def f(a):\n    |\n', 'g(a)  # b) c\n', 'g(a)  # b) c'],
  ['a Python comment after code before', 'g(a)  # b (\ny = |\n', '1)\n', '1'],
  ['a Python comment without a blank', 'x = f(a) #see (b\ny = |\n', '1)\n', '1'],
  ["a Python comment without a blank, at a line's start", '#see (b\ny = |\n', '1)\n', '1'],
  ['a hash in a word', 'f(a#(|)\n', 'b))\n', 'b)'],
  ["Python's division", 'f(|)\n', 'a // b)\n', 'a // b'],
];

const body = 'def f(xs):\n    total = 0\n    |\n\n\ndef g():\n    pass\n';
const blocks: readonly Case[] = [
  ['a body to its dedent', body, 'for x in xs:\n        total += x\n    return total\n\ndef h():\n', 'for x in xs:\n        total += x\n    return total'],
  ['a body to a blank line and dedent', body, 'return total\n\n\n\nx = 1', 'return total'],
  ['a blank line inside', body, 'a = 1\n\n    return a\n', 'a = 1\n\n    return a'],
  ['after a header', 'def f(x):|\n', '\n    return x\n\nprint(f(1))\n', '\n    return x'],
  ['a header and its body', '|\n', 'def f(x):\n    return x\n\n\ndef g(x):\n', 'def f(x):\n    return x'],
  ['a statement without a block', 'x = |\n', '1\ny = 2\n', '1'],
  ['repetition of the next line', 'def f(x):\n    |\n    return x\n', 'x += 1\n    return x\n', 'x += 1'],
  ['the next line, cut short', 'def f(x):\n    |\n    return x + 1\n', 'x += 1\n    return x', 'x += 1'],
  ['a brace body that is closed already', 'function f(x) {\n  |\n}\n\nf(1);\n', 'if (x) {\n    return 1;\n  }\n  return 2;\n}\n\nf(1);', 'if (x) {\n    return 1;\n  }\n  return 2;'],
  ['a brace body that is not closed', 'function f(x) {\n  |\n', 'if (x) {\n    return 1;\n  }\n  return 2;\n}\n\nf(1);', 'if (x) {\n    return 1;\n  }\n  return 2;\n}'],
  ['from the brace on', 'function f(x) {|\n', '\n  return 1;\n}\nf(1)\n', '\n  return 1;\n}'],
  ['from the brace on, auto-closed', 'function f(x) {|}\n', '\n  return 1;\n}\nf(1)\n', '\n  return 1;\n'],
  ['else belongs to it', '|\n', 'if (x) {\n  a();\n} else {\n  b();\n}\nc();', 'if (x) {\n  a();\n} else {\n  b();\n}'],
  ['brackets go over lines of any depth', '|\n', 'foo(\na,\nb\n)\nbar()\n', 'foo(\na,\nb\n)'],
  ['a call over lines', 'x = foo(|\ny = 1\n', '\n    a,\n    b,\n)\nz = 1\n', '\n    a,\n    b,\n)'],
  ['a comment after code, with a bracket', 'if (a) {|\n', '\n  bar(); // step a) do\n  baz();\n}\nqux();', '\n  bar(); // step a) do\n  baz();\n}'],
  ['a generator method', 'class A {\n  |\n}\n', '* values() {\n    yield 1;\n  }\n}\n', '* values() {\n    yield 1;\n  }'],
  ['a generator method at the top of the window', '  * values() {\n    |\n', 'yield 1;\n  }\n\n  b() {', 'yield 1;\n  }'],
  ['a comment over lines', '|\n', '/**\n * a) b\n */\nfunction f() {\n  g();\n}\n', '/**\n * a) b\n */'],
  ['doubled indentation of a whole block', 'def f(x):\n    |\n', '    if x:\n            return 1\n        return 2\n', 'if x:\n        return 1\n    return 2'],
  ['doubled indentation of its first line', 'def f(x):\n    |\n', '    if x:\n        return 1\n    return 2\n', 'if x:\n        return 1\n    return 2'],
  ['CRLF is kept', 'def f(x):\r\n    |\r\n', 'a = 1\r\n    return a\r\n\r\nx', 'a = 1\r\n    return a'],
  ['LF becomes CRLF where the file has it', 'def f(x):\r\n    |\r\n', 'a = 1\n    return a\n', 'a = 1\r\n    return a'],
  ['CRLF becomes LF where the file has it', 'def f(x):\n    |\n', 'a = 1\r\n    return a\r', 'a = 1\n    return a'],
  ['the same line again and again', body, 'foo(x)\n' + '    foo(x)\n'.repeat(9), 'foo(x)'],
  ['two lines again and again', body, 'a()\n' + '    b()\n    a()\n'.repeat(9), 'a()\n    b()'],
  ['a regular expression on a line of its own', 'f(|)\n', '\n  /[")]/,\n)', '\n  /[")]/,\n'],
  ['a next line like the one that stands there', 'if (a) {|\n\nif (a) {\n', '\n  b();\n}\n\n', '\n  b();\n}'],
  ['a tag over lines', '  return <div>|\n', '\n    a\n  </div>;\n  b();', '\n    a\n  </div>;'],
  ['a tag with attributes over lines', '  return <div|\n', '\n    a={b}\n  >\n    c\n  </div>;\n  d();', '\n    a={b}\n  >\n    c\n  </div>;'],
  ['a tag that ends itself over lines', '  return <div|\n', '\n    a={b}\n  />;\n  d();', '\n    a={b}\n  />;'],
  ['a tag of another line', '<div>\n  |\n', 'a\n</b>\n', 'a'],
  ['equal values, a line each', 'x = [|\n', '\n  null,\n  null,\n  null,\n  null,\n]\ny', '\n  null,\n  null,\n  null,\n  null,\n]'],
  ['values again and again', 'x = [|\n', '\n  null,'.repeat(20), '\n  null,'],
  ['the end of a function that opens before the window', '    a();\n    |\n\n  c() {\n', 'b();\n  }\n\n  c() {\n', 'b();\n  }'],
  ['a special token', body, 'a = 1\n    <|fim_prefix|>', 'a = 1'],
  ['too many lines', body, Array.from({ length: 99 }, (_, i) => `x${i} = 1`).join('\n    '), Array.from({ length: blockLinesMax }, (_, i) => `x${i} = 1`).join('\n    ')],
];

describe('text fits between prefix and suffix', () => {
  it.each(lines)('line: %s', (...row) => check('line', row));
  it.each(pythonLines)('line of Python: %s', (...row) => check('line', row, '#'));
  it.each(blocks)('block: %s', (...row) => check('block', row));
});

describe('decoding stops where nothing more can be part of the text', () => {
  const cases: readonly (readonly [document: string, raw: string, stop: Stop, ended: boolean])[] = [
    ['x = |\n', 'foo(', 'line', false],
    ['x = |\n', 'foo()\n', 'line', true],
    ['foo(|)\n', '"a)', 'line', false],
    ['foo(|)\n', 'a)', 'line', true],
    ['foo(|)\n', 'a /* b)', 'line', false],
    ['def f():\n    |\n    return x\n', 'return x', 'line', false],
    ['def f():\n    |\n    return x\n', 'return x\n', 'block', true],
    ['def f():\n    |\n', 'return x\n', 'block', false],
    ['def f():\n    |\n', 'return x\n\n', 'block', false],
    ['def f():\n    |\n', 'return x\n\nd', 'block', true],
    ['x = a| + total;\n', '.b + total;', 'line', false],
    ['x = a| + total;\n', '.b + total; ', 'line', true],
    ['x = |\n', 'a <|fim_mid', 'line', false],
  ];
  it.each(cases)('%j %j (%s): %s', (document, raw, stop, ended) => {
    const [prefix, suffix] = document.split('|');
    expect(trim(raw, placeOf(prefix, suffix, stop)).ended).toBe(ended);
  });
});

describe('a bound cuts at a whole word', () => {
  it.each([
    ['foo.ba', 'r()', 'foo.'],
    ['foo.bar', '(', 'foo.bar'],
    ['foo(', 'x', 'foo('],
    ['pars', 'e', ''],
    ['naïv', 'eté', ''],
    ['a = 𝒳', '𝒴', 'a = '],
    ['x', '', 'x'],
  ])('%j before %j', (raw, next, shown) => expect(wholePart(raw, next, placeOf('x = ', '\n', 'line'))).toBe(shown));

  /** [document with the cursor as |, what the model wrote until the bound, what it would have written next, what is kept]. */
  const ofBlocks: readonly (readonly [document: string, raw: string, next: string, kept: string])[] = [
    ['if (a) {|\n', '\n  b();\n  const r = await fetch(url, {\n    method: "POST",', '\n', '\n  b();'],
    ['if (a) {|\n', '\n  const r = await fetch(url, {\n    method: "POST",', '\n', '\n  const r = await fetch(url, {\n    method: "POST",'],
    ['if (a) {|\n', '\n  const r = await fetch(url, {\n    met', 'hod', '\n  const r = await fetch(url, {\n    '],
    ['function f() {\n  |\n}\n', 'try {\n    a();\n    b();\n    return data', ';', 'try {\n    a();\n    b();'],
    ['function f() {\n  |\n}\n', 'try {\n    a();\n    if (b) {\n      c();\n    }\n    d', '()', 'try {\n    a();\n    if (b) {\n      c();\n    }'],
    ['function f() {\n  |\n}\n', 'return (\n    <div>\n      <h1>a</h1>\n      <p>b', ' c', 'return (\n    <div>\n      <h1>a</h1>'],
    ['function f() {\n  |\n}\n', 'return {\n    name: a,\n    email: b,\n    age', ':', 'return {\n    name: a,\n    email: b,'],
    ['function f() {\n  |\n}\n', 'if (!a) {\n    throw b;\n  } else {\n    c();', '\n', 'if (!a) {\n    throw b;\n  } else {\n    c();'],
    ['|\n', 'f(\na,\ng(\nb', ',', 'f(\na,'],
    ['def f():\n    |\n', 'return foo(\n        a,\n        b,\n        c', ')', 'return foo(\n        a,\n        b,'],
    ['if (a) {|\n', '\n  const r', ' =', '\n  const r'],
    ['if (a) {|\n', '\n  con', 'st', '\n  '],
    ['if (a) {|\n', '\n  b();', '\n', '\n  b();'],
    ['if (a) {|\n', '\n  b();\n', '}\n', '\n  b();'],
    ['def f(xs):\n    |\n', 'n = 0\n    for x in xs:\n        n += x\n        print(', 'n', 'n = 0\n    for x in xs:\n        n += x'],
    ['def f(xs):\n    |\n', 'n = 0\n    for x in xs:\n        n', ' +=', 'n = 0'],
    ['def f(xs):\n    |\n', 'n = 0\n    for x in xs:', '\n', 'n = 0'],
    ['def f(xs):\n    |\n', 'n = 0\n    for x in xs:\n', '    ', 'n = 0'],
    ['def f(xs):\n    |\n', 'n = sum', '(', 'n = sum'],
    ['def f(xs):\n    |\n', '    n = 0\n        return', ' n', 'n = 0'],
    ['def f(x):\n    |\n', '    if a:\n            b = 2\n            c = 3\n', '            ', 'if a:\n        b = 2\n        c = 3'],
    ['def f(x):\n    |\n', '    a = 1\n        b = 2\n', '        ', 'a = 1\n    b = 2'],
    ['def f(x):\n    |\n', '    a = 1\n        b = 2', '\n        ', 'a = 1\n    b = 2'],
    ['def f(x):\n    |\n', '    a = 1\n        b = ', '2\n        ', 'a = 1'],
    ['def f(xs):\r\n    |\r\n', 'n = 0\r\n    return n\r', '\n', 'n = 0\n    return n'],
    ['def f(xs):\r\n    |\r\n', 'n = 0\r\n    return', ' n', 'n = 0'],
    ['class A:\n    |\n', '@staticmethod\n    def f', '(', '@staticmethod\n    def f'],
    ['class A {\n  |\n}\n', 'a = 1;\n  @Output()\n  changed', ' =', 'a = 1;'],
    ['class A {\n  |\n}\n', '@Input() a: string;\n  @Input() b', ':', '@Input() a: string;'],
    ['def f():\n    |\n', '# Compute the total\n    for x', ' in', '# Compute the total\n    for x'],
    ['function f() {\n  |\n}\n', 'a();\n  // Compute\n  // the total\n  for', ' (', 'a();'],
    ['|\n', 'a();\n\n/**\n * Computes.\n */\nfunction f', '(', 'a();'],
    ['// a |\n', 'b\nf', '(', 'b'],
    ['// a |\n', 'b\n// c\nf', '(', 'b\n// c'],
    ['/**\n * a |\n */\n', 'b\n * c\n * d', ' e', 'b\n * c'],
    ['class A {\n  |\n}\n', 'a = 1;\n  #b = 2;\n  c', ' =', 'a = 1;\n  #b = 2;'],
    ['function f() {\n  |\n}\n', 'const veryLong =\n    a.b', ' +', 'const veryLong =\n    a.b'],
    ['function f() {\n  |\n}\n', 'a();\n  return b &&\n    c &&\n    d', '.e', 'a();'],
    ['function f() {\n  |\n}\n', 'return b &&\n    c &&\n    d', 'e', 'return b &&\n    c &&\n    '],
    ['def f():\n    |\n', 'a = 1\n    b = c + \\\n    d', '.e', 'a = 1'],
    ['def f():\n    |\n', 'a = (b and\n    c or\n    d', '.e', 'a = (b and\n    c or\n    d'],
    ['function f() {\n  |\n}\n', 'a++\n  --b\n  c', '++', 'a++\n  --b'],
    ['|\n', 'from a import *\nfrom b', ' import', 'from a import *'],
    ['  return (\n    |\n', '<a />\n    <b>\n      c\n    </>\n    d', ' e', '<a />\n    <b>\n      c\n    </>'],
    ['f(|)\n', '\n  a,\n  [\n    b,', '\n', '\n  a,'],
  ];
  it.each(ofBlocks)('and a block at a whole line: %j %j', (document, raw, next, kept) => {
    const [prefix, suffix] = document.split('|');
    expect(wholePart(raw, next, placeOf(prefix, suffix, 'block'))).toBe(kept);
  });
});
