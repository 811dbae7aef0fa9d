// The routing table: which handler answers which method. Refuses to hold anything else.
import { createConnection, type Connection } from 'vscode-languageserver/node';
import { Daemon, type DaemonDeps } from './daemon.js';
import { completion } from './handlers/completion.js';
import { didChange } from './handlers/didChange.js';
import { didChangeConfiguration } from './handlers/didChangeConfiguration.js';
import { didClose } from './handlers/didClose.js';
import { didOpen } from './handlers/didOpen.js';
import { initialize } from './handlers/initialize.js';
import { initialized } from './handlers/initialized.js';
import { inlineCompletion } from './handlers/inlineCompletion.js';
import { shutdown } from './handlers/shutdown.js';

export function serve(connection: Connection, deps: DaemonDeps): void {
  const daemon = new Daemon(connection, deps);
  connection.onInitialize(initialize(daemon));
  connection.onInitialized(initialized(daemon));
  connection.onDidChangeConfiguration(didChangeConfiguration(daemon));
  connection.onDidOpenTextDocument(didOpen(daemon));
  connection.onDidChangeTextDocument(didChange(daemon));
  connection.onDidCloseTextDocument(didClose(daemon));
  connection.onCompletion(completion(daemon));
  connection.languages.inlineCompletion.on(inlineCompletion(daemon));
  connection.onShutdown(shutdown(daemon));
  connection.listen();
}

/** vscode-languageserver ends the process: with 0 when `exit` follows `shutdown`, else, and when the editor is gone, with 1. */
export function listenOnStdio(stdout: NodeJS.WritableStream, deps: DaemonDeps): void {
  serve(createConnection(process.stdin, stdout), deps);
}
