// The routing table: which handler answers which method. Refuses to hold anything else.
import { createConnection, DidChangeWorkspaceFoldersNotification, ExitNotification, type Connection } from 'vscode-languageserver/node';
import { Daemon, type DaemonDeps } from './daemon.js';
import { completion } from './handlers/completion.js';
import { didChange } from './handlers/didChange.js';
import { didChangeConfiguration } from './handlers/didChangeConfiguration.js';
import { didChangeWatchedFiles } from './handlers/didChangeWatchedFiles.js';
import { didChangeWorkspaceFolders } from './handlers/didChangeWorkspaceFolders.js';
import { didClose } from './handlers/didClose.js';
import { didOpen } from './handlers/didOpen.js';
import { didSave } from './handlers/didSave.js';
import { initialize } from './handlers/initialize.js';
import { initialized } from './handlers/initialized.js';
import { inlineCompletion } from './handlers/inlineCompletion.js';
import { shutdown } from './handlers/shutdown.js';
import type { Channel } from './transport.js';

export function serve(connection: Connection, deps: DaemonDeps): Daemon {
  const daemon = new Daemon(connection, deps);
  connection.onInitialize(initialize(daemon));
  connection.onInitialized(initialized(daemon));
  connection.onDidChangeConfiguration(didChangeConfiguration(daemon));
  connection.onDidChangeWatchedFiles(didChangeWatchedFiles(daemon));
  connection.onDidOpenTextDocument(didOpen(daemon));
  connection.onDidChangeTextDocument(didChange(daemon));
  connection.onDidSaveTextDocument(didSave(daemon));
  connection.onDidCloseTextDocument(didClose(daemon));
  connection.onCompletion(completion(daemon));
  connection.languages.inlineCompletion.on(inlineCompletion(daemon));
  connection.onShutdown(shutdown(daemon));
  // In place of the library's: the one it offers only to clients that announce it, at the other it ends the process in the middle of a run.
  connection.onNotification(DidChangeWorkspaceFoldersNotification.type, didChangeWorkspaceFolders(daemon));
  connection.onNotification(ExitNotification.type, () => daemon.end());
  connection.listen();
  return daemon;
}

/** The editor's end gone, the daemon ends, too. */
export function listen({ reader, writer, onGone }: Channel, deps: DaemonDeps): void {
  const daemon = serve(createConnection(reader, writer), deps);
  onGone(() => daemon.end());
}
