// A scripted editor: starts the built daemon, speaks LSP to it over stdio, times every answer.
// Refuses to know what is measured with it.
import { spawn, type ChildProcess } from 'node:child_process';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter, type CompletionList, type MessageConnection } from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { packageFile } from '../base/package.js';
import { residentMb } from './memory.js';

export interface Answer {
  /** What would be inserted; '' where nothing was offered. */
  readonly text: string;
  readonly ms: number;
}

const languageIds: Readonly<Record<string, string>> = { '.ts': 'typescript', '.tsx': 'typescriptreact', '.js': 'javascript', '.jsx': 'javascriptreact', '.py': 'python' };

export class ScriptedEditor {
  private readonly documents = new Map<string, TextDocument>();

  private constructor(
    private readonly child: ChildProcess,
    private readonly connection: MessageConnection,
    private readonly ended: Promise<number | null>,
  ) {}

  /** Resolves when the daemon has answered `initialize`. */
  static async start(root: string, env: NodeJS.ProcessEnv = process.env): Promise<ScriptedEditor> {
    const child = spawn(process.execPath, [packageFile('dist', 'server', 'main.js'), '--stdio'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const connection = createMessageConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin));
    connection.onRequest(() => null);
    connection.listen();
    await connection.sendRequest('initialize', { processId: process.pid, rootUri: null, workspaceFolders: [{ uri: pathToFileURL(root).href, name: 'bench' }], capabilities: {}, clientInfo: { name: 'bench' } });
    await connection.sendNotification('initialized', {});
    return new ScriptedEditor(child, connection, ended);
  }

  async open(path: string, text: string): Promise<void> {
    const languageId = languageIds[extname(path)] ?? 'plaintext';
    const document = TextDocument.create(pathToFileURL(path).href, languageId, 1, text);
    this.documents.set(path, document);
    await this.connection.sendNotification('textDocument/didOpen', { textDocument: { uri: document.uri, languageId, version: 1, text } });
  }

  /** Puts `text` at `offset` (UTF-16), as a keystroke does. */
  async type(path: string, offset: number, text: string): Promise<void> {
    const document = this.opened(path);
    const at = document.positionAt(offset);
    const change = { range: { start: at, end: at }, text };
    const next = TextDocument.update(document, [change], document.version + 1);
    this.documents.set(path, next);
    await this.connection.sendNotification('textDocument/didChange', { textDocument: { uri: next.uri, version: next.version }, contentChanges: [change] });
  }

  async complete(path: string, offset: number): Promise<Answer> {
    const document = this.opened(path);
    const startMs = performance.now();
    const list = await this.connection.sendRequest<CompletionList>('textDocument/completion', { textDocument: { uri: document.uri }, position: document.positionAt(offset) });
    const [item] = list.items;
    const edit = item?.textEdit && 'newText' in item.textEdit ? item.textEdit.newText : (item?.insertText ?? item?.label);
    return { text: edit ?? '', ms: performance.now() - startMs };
  }

  /** How long an answer takes that needs no model: a completion in a document that was never opened. */
  async trivialMs(): Promise<number> {
    const startMs = performance.now();
    await this.connection.sendRequest<CompletionList>('textDocument/completion', { textDocument: { uri: 'untitled:never' }, position: { line: 0, character: 0 } });
    return performance.now() - startMs;
  }

  async close(path: string): Promise<void> {
    const { uri } = this.opened(path);
    this.documents.delete(path);
    await this.connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
  }

  /** Of the daemon's whole process so far, in megabytes; undefined where the system does not tell. */
  rssPeakMb(): number | undefined {
    return residentMb(this.child.pid, 'peak');
  }

  /** Shuts the daemon down; its exit code. */
  async stop(): Promise<number | null> {
    await this.connection.sendRequest('shutdown');
    await this.connection.sendNotification('exit');
    return this.ended;
  }

  private opened(path: string): TextDocument {
    const document = this.documents.get(path);
    if (!document) throw new Error(`${path} is not open`);
    return document;
  }
}

/** The q-quantile (0 to 1) of `values`, by the nearest rank. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? NaN;
}
