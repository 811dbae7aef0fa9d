// Items as each client inserts them whole: cases as data, one check. Refuses to test what is offered.
import type { CompletionItem, InitializeParams } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { describe, expect, it } from 'vitest';
import { clientProfile, type ClientProfile } from '../../server/clients.js';
import { completionList, inlineList, typedWord } from '../../server/items.js';

function profile(name: string, positionEncodings: string[], completionItem: object = {}): ClientProfile {
  return clientProfile({ clientInfo: { name }, capabilities: { general: { positionEncodings }, textDocument: { completion: { completionItem } } } } as unknown as InitializeParams);
}

const clients = {
  neovim: profile('Neovim', ['utf-8', 'utf-16', 'utf-32'], { snippetSupport: true, documentationFormat: ['markdown', 'plaintext'] }),
  helix: profile('helix', ['utf-8', 'utf-32', 'utf-16'], { snippetSupport: true, insertTextModeSupport: { valueSet: [1] } }),
  vscode: profile('Visual Studio Code', ['utf-16'], { snippetSupport: true, insertTextModeSupport: { valueSet: [1, 2] }, documentationFormat: ['markdown', 'plaintext'] }),
  eglot: profile('Eglot', []),
};

interface Case {
  readonly client: keyof typeof clients;
  /** `|` is the cursor. */
  readonly document: string;
  readonly text: string;
  readonly item: Partial<CompletionItem>;
  /** [line, start, end] of the edit in the client's encoding. */
  readonly edit: [number, number, number, string];
}

const cases: Record<string, Case> = {
  'a word goes on from its start': {
    client: 'vscode', document: 'const a = us|', text: 'erName', edit: [0, 10, 12, 'userName'],
    item: { label: 'userName', filterText: 'us', insertTextFormat: 1, insertTextMode: 1, sortText: '0', documentation: undefined },
  },
  'no word typed yet: later letters must still match': {
    client: 'eglot', document: 'user.|', text: 'rename(to)', edit: [0, 5, 5, 'rename(to)'],
    item: { label: 'rename(to)', filterText: 'rename(to)', insertTextFormat: 1, insertTextMode: undefined },
  },
  'Neovim gets a snippet where a plain edit would be cut at the blank': {
    client: 'neovim', document: 'ca|', text: 'll(a, `${b}\\`)', edit: [0, 0, 2, 'call(a, `\\${b\\}\\\\`)'],
    item: { label: 'call(a, `${b}\\`)', filterText: 'ca', insertTextFormat: 2 },
  },
  'Neovim gets a plain edit where nothing can be cut': {
    client: 'neovim', document: 'ca|', text: 'll()', edit: [0, 0, 2, 'call()'], item: { insertTextFormat: 1 },
  },
  'later lines of a snippet are indented relative to the cursor\'s line': {
    client: 'neovim', document: '    if x:|', text: '\n        y()\n    else:\n        z()', edit: [0, 9, 9, '\n    y()\nelse:\n    z()'],
    item: { label: 'y() …', insertTextFormat: 2, documentation: { kind: 'markdown', value: '```python\n\n        y()\n    else:\n        z()\n```' } },
  },
  'a snippet\'s lines end as snippets\' do, whatever the file\'s do': {
    client: 'neovim', document: '  if (x) {|', text: '\r\n    y();\r\n  }', edit: [0, 10, 10, '\n  y();\n\\}'], item: { label: 'y(); …', insertTextFormat: 2 },
  },
  'several lines as they are where the client may be told not to indent': {
    client: 'helix', document: '  f(|', text: 'a,\n    b)', edit: [0, 4, 4, 'a,\n    b)'],
    item: { label: 'a, …', insertTextFormat: 1, insertTextMode: 1, documentation: { kind: 'plaintext', value: 'a,\n    b)' } },
  },
  'a filter is a line without its end': {
    client: 'eglot', document: '  f(|', text: 'a,\r\n    b)', edit: [0, 4, 4, 'a,\r\n    b)'], item: { label: 'a, …', filterText: 'a,' },
  },
  'columns in the client\'s encoding': {
    client: 'helix', document: 'x = "😀" + näm|', text: 'e', edit: [0, 13, 17, 'näme'], item: { filterText: 'näme' },
  },
};

describe('a completion item', () => {
  for (const [name, { client, document: marked, text, item, edit }] of Object.entries(cases)) {
    it(`${name} (${client})`, () => {
      const document = TextDocument.create('file:///a.py', 'python', 1, marked.replace('|', ''));
      const list = completionList(document, marked.indexOf('|'), { text, paths: ['src/user.py', 'src/order.py'] }, clients[client]);
      expect(list.isIncomplete).toBe(true);
      expect(list.items).toHaveLength(1);
      const [built] = list.items;
      for (const [key, value] of Object.entries(item)) expect(built[key as keyof CompletionItem], key).toEqual(value);
      const [line, start, end, newText] = edit;
      expect(built.textEdit).toEqual({ range: { start: { line, character: start }, end: { line, character: end } }, newText });
      expect(built.detail).toBe('kedge: user.py, order.py');
      expect(built.label).not.toMatch(/\n/);
      expect(built.additionalTextEdits).toBeUndefined();
    });
  }

  it('names at most three files, each once', () => {
    const document = TextDocument.create('file:///a.py', 'python', 1, '');
    const paths = ['a/x.py', 'b/x.py', 'y.py', 'z.py', 'v.py', 'w.py'];
    expect(completionList(document, 0, { text: 'q', paths }, clients.vscode).items[0].detail).toBe('kedge: x.py, y.py, z.py and 2 more');
    expect(completionList(document, 0, { text: 'q', paths: [] }, clients.vscode).items[0].detail).toBe('kedge');
  });

  it('is not offered for blanks', () => {
    const document = TextDocument.create('file:///a.py', 'python', 1, 'x');
    expect(completionList(document, 1, { text: '  \n', paths: [] }, clients.vscode)).toEqual({ isIncomplete: true, items: [] });
    expect(inlineList(document, 1, { text: '  \n', paths: [] }, clients.vscode)).toEqual({ items: [] });
  });
});

describe('an inline item', () => {
  const range = (line: number, start: number, end: number) => ({ start: { line, character: start }, end: { line, character: end } });
  const document = TextDocument.create('file:///a.ts', 'typescript', 1, 'foo(us);\nlast');

  it('stands at the cursor', () => {
    expect(inlineList(document, 6, { text: 'er', paths: [] }, clients.vscode).items).toEqual([{ insertText: 'er', range: range(0, 6, 6) }]);
  });
  it('holds and covers the rest of the line for Neovim', () => {
    expect(inlineList(document, 6, { text: 'er', paths: [] }, clients.neovim).items).toEqual([{ insertText: 'er);', range: range(0, 6, 8) }]);
    expect(inlineList(document, 13, { text: 's', paths: [] }, clients.neovim).items).toEqual([{ insertText: 's', range: range(1, 4, 4) }]);
  });
  it('begins with what the popup has selected, in its place', () => {
    const selected = { range: range(0, 4, 6), text: 'useThis' };
    expect(inlineList(document, 6, { text: '(x)', paths: [] }, clients.vscode, selected).items).toEqual([{ insertText: 'useThis(x)', range: range(0, 4, 6) }]);
  });
});

describe('the typed word', () => {
  for (const [before, word] of [['a.b', 'b'], ['a.', ''], ['$x_1', '$x_1'], ['näm', 'näm'], ['a b ', ''], ['', '']] as const) {
    it(`of ${JSON.stringify(before)}`, () => expect(typedWord(before)).toBe(word));
  }
  it('of a file\'s worth of letters is their end', () => expect(typedWord(`const blob = ${'f0'.repeat(200_000)}`)).toBe('f0'.repeat(128)));
});
