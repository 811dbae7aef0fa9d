// As much of VS Code as its language client needs: loads an extension, opens FILE, types a dot behind LINE and prints the line with the ghost text that the registered provider gives.
// Refuses to know the protocol: every message is written by vscode-languageclient. Arguments: EXTENSION-FOLDER ROOT FILE LINE.
import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [extension, rootPath, file, lineNumber] = process.argv.slice(2);
const lines = readFileSync(file, 'utf8').split('\n');
const line = Number(lineNumber) - 1;

class Position {
  constructor(readonly line: number, readonly character: number) {}
}
class Range {
  constructor(readonly start: Position, readonly end: Position) {}
}
class InlineCompletionItem {
  constructor(readonly insertText: string, readonly range?: Range) {}
}
class InlineCompletionList {
  constructor(readonly items: readonly InlineCompletionItem[]) {}
}
class EventEmitter<T> {
  private readonly listeners = new Set<(event: T) => unknown>();
  readonly event = (listener: (event: T) => unknown, self?: object): { dispose(): void } => {
    const bound = listener.bind(self);
    this.listeners.add(bound);
    return { dispose: () => this.listeners.delete(bound) };
  };
  fire(event: T): void {
    for (const listener of this.listeners) listener(event);
  }
  dispose(): void {
    this.listeners.clear();
  }
}
const never = new EventEmitter<unknown>().event;
const nothing = { dispose: () => {} };
const token = { isCancellationRequested: false, onCancellationRequested: never };
const asUri = (url: string): object => ({ scheme: 'file', path: fileURLToPath(url), fsPath: fileURLToPath(url), toString: () => url });

const document = {
  uri: asUri(pathToFileURL(file).href), fileName: file, languageId: file.endsWith('.py') ? 'python' : 'typescript', version: 1, isClosed: false, isDirty: false,
  getText: () => lines.join('\n'),
};
const root = { uri: asUri(pathToFileURL(rootPath).href), name: 'root', index: 0 };
const changed = new EventEmitter<object>();

interface InlineProvider {
  provideInlineCompletionItems(document: object, position: Position, context: object, token: object): Promise<InlineCompletionList | null>;
}
let provider: InlineProvider | undefined;

/** What is not named is an event that never comes, a class without members, or a function that gives back something to dispose of. */
const rest = (name: string): unknown => (name.startsWith('on') ? never : /^[A-Z]/.test(name) ? class {} : () => nothing);
const partly = (known: Readonly<Record<string, unknown>>): object => new Proxy(known, { get: (own, name) => (typeof name === 'symbol' || name in own || name === 'then' ? own[name as string] : rest(name)) });

/** The extension's own, at their defaults, by full name and by section, as VS Code gives them. */
const { contributes } = JSON.parse(readFileSync(join(extension, 'package.json'), 'utf8')) as { contributes: { configuration: { properties: Record<string, { default: unknown }> } } };
const settings: Record<string, unknown> = {};
for (const [name, { default: value }] of Object.entries(contributes.configuration.properties)) {
  const [section, key] = name.split('.');
  settings[name] = value;
  settings[section] = { ...(settings[section] as object | undefined), [key]: value };
}

const vscode = partly({
  __esModule: true, version: '1.120.0', Position, Range, InlineCompletionItem, InlineCompletionList, EventEmitter,
  Disposable: class {
    constructor(readonly dispose: () => void) {}
  },
  CancellationTokenSource: class {
    readonly token = token;
    cancel(): void {}
    dispose(): void {}
  },
  Uri: { parse: asUri, file: (path: string) => asUri(pathToFileURL(path).href) },
  env: partly({ appName: 'Visual Studio Code', language: 'en' }),
  l10n: { t: (text: string) => text },
  workspace: partly({
    workspaceFolders: [root], textDocuments: [document], notebookDocuments: [], isTrusted: true, onDidChangeTextDocument: changed.event,
    getWorkspaceFolder: () => root,
    getConfiguration: (section?: string) => ({ get: (name: string, otherwise: unknown) => settings[section === undefined ? name : `${section}.${name}`] ?? otherwise, inspect: () => undefined, has: () => false }),
  }),
  window: partly({
    visibleTextEditors: [{ document }], activeTextEditor: { document }, tabGroups: partly({ all: [] }),
    ...Object.fromEntries(['showErrorMessage', 'showWarningMessage', 'showInformationMessage'].map((name) => [name, (message: string) => Promise.resolve(void process.stdout.write(`${name}: ${message}\n`))])),
    createOutputChannel: () => partly({ appendLine: (text: string) => process.stderr.write(`${text}\n`), logLevel: 2 }),
    withProgress: (_: object, task: (progress: object, token: object) => unknown) => task({ report: () => {} }, token),
  }),
  languages: partly({
    match: () => 1,
    registerInlineCompletionItemProvider: (_: unknown, given: InlineProvider) => {
      provider = given;
      return nothing;
    },
  }),
});

const loader = Module as unknown as { _load(request: string, ...more: unknown[]): unknown };
const load = loader._load;
loader._load = (request, ...more) => (request === 'vscode' ? vscode : load(request, ...more));

const { activate, deactivate } = createRequire(join(extension, 'package.json'))('./extension.js') as { activate(): Promise<void>; deactivate(): Promise<void> };
await activate();
while (!provider) await sleep(50);

const before = lines[line];
lines[line] += '.';
document.version += 1;
const at = new Position(line, before.length);
changed.fire({ document, contentChanges: [{ range: new Range(at, at), rangeOffset: 0, rangeLength: 0, text: '.' }], reason: undefined });
const cursor = new Position(line, lines[line].length);
let item: InlineCompletionItem | undefined;
// Until context and window are read the answers are empty: VS Code asks again at each key.
while (!item) {
  item = (await provider.provideInlineCompletionItems(document, cursor, { triggerKind: 1 }, token))?.items[0];
  if (!item) await sleep(1000);
}
const from = item.range?.start.character ?? cursor.character;
const to = item.range?.end.character ?? cursor.character;
process.stdout.write(`${lines[line].slice(0, from)}${item.insertText}${lines[line].slice(to)}\n`);
await deactivate();
