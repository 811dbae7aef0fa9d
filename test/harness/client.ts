// A raw LSP client: over a spawned daemon, or over streams to one in this process. Records every byte of stdout and every message.
// Refuses to hide what the daemon sends: stray bytes are counted.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pathToFileURL } from 'node:url';
import {
  createConnection, createMessageConnection, IPCMessageReader, IPCMessageWriter, StreamMessageReader, StreamMessageWriter,
  type CompletionList, type InitializeParams, type InitializeResult, type MessageConnection,
} from 'vscode-languageserver/node';
import { openRepository } from '../../context/index.js';
import { serve } from '../../server/connection.js';
import type { DaemonDeps } from '../../server/daemon.js';
import { packageRoot } from '../../base/package.js';
import { temporaryFolder } from './folders.js';

export const mainPath = join(packageRoot, 'dist', 'server', 'main.js');

export interface ClientOptions {
  readonly clientInfo?: InitializeParams['clientInfo'];
  readonly capabilities?: InitializeParams['capabilities'];
  readonly root?: string;
  readonly initializationOptions?: unknown;
}

export class LspClient {
  /** Notifications and requests from the daemon, in order. */
  readonly received: { readonly method: string; readonly params: unknown }[] = [];
  /** What the client answers when it is asked for settings. */
  settings: unknown = null;
  /** What it answers to other requests, null where nothing is set. */
  readonly answers = new Map<string, (params: unknown) => unknown>();
  private readonly waiting = new Set<() => void>();

  constructor(readonly connection: MessageConnection) {
    connection.onNotification((method, params) => this.note(method, params));
    connection.onRequest((method, params) => {
      this.note(method, params);
      return method === 'workspace/configuration' ? [this.settings] : (this.answers.get(method)?.(params) ?? null);
    });
    connection.onNotification('$/logTrace', (params) => this.note('$/logTrace', params));
    connection.onUnhandledProgress((params) => this.note('$/progress', params));
    connection.listen();
  }

  async initialize({ clientInfo = { name: 'test' }, capabilities = {}, root, initializationOptions }: ClientOptions = {}): Promise<InitializeResult> {
    const workspaceFolders = root === undefined ? null : [{ uri: pathToFileURL(root).href, name: 'root' }];
    return this.start({ processId: process.pid, rootUri: null, workspaceFolders, clientInfo, capabilities, initializationOptions });
  }

  async start(params: InitializeParams): Promise<InitializeResult> {
    const result = await this.connection.sendRequest<InitializeResult>('initialize', params);
    await this.connection.sendNotification('initialized', {});
    return result;
  }

  open(path: string, text: string, languageId = 'typescript'): Promise<void> {
    return this.connection.sendNotification('textDocument/didOpen', { textDocument: { uri: pathToFileURL(path).href, languageId, version: 1, text } });
  }

  change(path: string, version: number, ...contentChanges: object[]): Promise<void> {
    return this.connection.sendNotification('textDocument/didChange', { textDocument: { uri: pathToFileURL(path).href, version }, contentChanges });
  }

  complete(path: string, line: number, character: number): Promise<CompletionList> {
    return this.connection.sendRequest('textDocument/completion', { textDocument: { uri: pathToFileURL(path).href }, position: { line, character } });
  }

  messages(method: string): unknown[] {
    return this.received.filter((message) => message.method === method).map(({ params }) => params);
  }

  /** Resolves when the daemon has sent `method` at least `count` times. */
  async until(method: string, count = 1): Promise<void> {
    while (this.messages(method).length < count) await new Promise<void>((resolve) => this.waiting.add(resolve));
  }

  private note(method: string, params: unknown): void {
    this.received.push({ method, params });
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

export interface SpawnedDaemon {
  readonly client: LspClient;
  readonly child: ChildProcess;
  /** The exit code, once the process has ended; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  /** What stands on stdout outside of protocol messages. */
  strayOutput(): string;
  stderr(): string;
}

export function spawnDaemon(env: Record<string, string> = {}, args: readonly string[] = ['--stdio'], nodeArgs: readonly string[] = []): SpawnedDaemon {
  const child = spawn(process.execPath, [...nodeArgs, mainPath, ...args], { env: { ...process.env, ...env }, stdio: 'pipe' });
  const chunks: Buffer[] = [];
  const errors: Buffer[] = [];
  const stdout = new PassThrough();
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdout.pipe(stdout);
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  child.stdin.on('error', () => {});
  const connection = createMessageConnection(new StreamMessageReader(stdout), new StreamMessageWriter(child.stdin));
  return {
    client: new LspClient(connection),
    child,
    ended: new Promise((resolve) => child.on('close', (code) => resolve(code))),
    strayOutput: () => outsideMessages(Buffer.concat(chunks)),
    stderr: () => Buffer.concat(errors).toString('utf8'),
  };
}

export type TransportKind = 'stdio' | 'node-ipc' | 'socket' | 'pipe';

/** Spawned and reached as an editor does with each transport; `hangUp` closes the editor's ends, as its death does. */
export async function spawnOver(kind: TransportKind, env: Record<string, string>, args: readonly string[] = []): Promise<SpawnedDaemon & { hangUp(): void }> {
  if (kind === 'stdio') {
    const daemon = spawnDaemon(env, ['--stdio', ...args]);
    return { ...daemon, hangUp: () => [daemon.child.stdin, daemon.child.stdout].forEach((stream) => stream?.destroy()) };
  }
  const server = kind === 'node-ipc' ? undefined : createServer();
  const folder = mkdtempSync(join(tmpdir(), 'kedge-pipe-'));
  server?.listen(kind === 'pipe' ? { path: join(folder, 'editor.sock') } : { port: 0, host: '127.0.0.1' });
  if (server) await once(server, 'listening');
  const place = kind === 'socket' ? `=${(server!.address() as AddressInfo).port}` : kind === 'pipe' ? `=${join(folder, 'editor.sock')}` : '';
  const child = spawn(process.execPath, [mainPath, `--${kind}${place}`, ...args], { env: { ...process.env, ...env }, stdio: kind === 'node-ipc' ? ['pipe', 'pipe', 'pipe', 'ipc'] : 'pipe' });
  const written: Record<'stdout' | 'stderr', string> = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name]!.on('data', (chunk: Buffer) => (written[name] += chunk.toString('utf8')));
  // Node says no 'close' of a child whose IPC channel this side has closed.
  const ended = new Promise<number | null>((resolve) => child.on(kind === 'node-ipc' ? 'exit' : 'close', (code) => resolve(code)));
  const [socket] = server ? ((await once(server, 'connection')) as [Socket]) : [];
  server?.close();
  rmSync(folder, { recursive: true, force: true });
  const connection = socket
    ? createMessageConnection(new StreamMessageReader(socket), new StreamMessageWriter(socket))
    : createMessageConnection(new IPCMessageReader(child), new IPCMessageWriter(child));
  return {
    client: new LspClient(connection), child, ended,
    strayOutput: () => written.stdout, stderr: () => written.stderr,
    hangUp: () => (socket ? socket.destroy() : child.disconnect()),
  };
}

/** A daemon in this process with dependencies of the test's own, which may watch it end. */
export function connectDaemon(deps: Pick<DaemonDeps, 'openEngine' | 'clock' | 'timers'> & Partial<DaemonDeps>): LspClient {
  const toDaemon = new PassThrough();
  const toClient = new PassThrough();
  serve(
    createConnection(new StreamMessageReader(toDaemon), new StreamMessageWriter(toClient)),
    { openRepository: (roots, settings) => openRepository({ roots, ...settings, inProcess: true }), env: { HOME: temporaryFolder() }, power: { onBattery: () => Promise.resolve(false) }, exit: () => {}, pullable: { bytes: 0, pull: () => Promise.reject(new Error('nothing to pull in this test')) }, atExit: () => {}, ...deps },
  );
  return new LspClient(createMessageConnection(new StreamMessageReader(toClient), new StreamMessageWriter(toDaemon)));
}

/** Whatever is not `Content-Length: N`, a blank line and N bytes. */
export function outsideMessages(bytes: Buffer): string {
  let stray = '';
  for (let at = 0; at < bytes.byteLength; ) {
    const header = /^Content-Length: (\d+)\r\n\r\n/.exec(bytes.toString('latin1', at, at + 64));
    if (!header) {
      stray += String.fromCharCode(bytes[at]);
      at += 1;
      continue;
    }
    at += header[0].length + Number(header[1]);
  }
  return stray;
}
