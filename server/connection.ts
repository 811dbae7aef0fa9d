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
  // LSP 3.17, "Server lifecycle": notifications are dropped before `initialize`; after `shutdown` none is due either.
  const heard = <P>(handle: (params: P) => void | Promise<void>) => (params: P): void | Promise<void> => (daemon.isRunning ? handle(params) : undefined);
  connection.onInitialize((params) => {
    // In place of the library's, which it sets just before this where the client announces folders, and where it does not, never.
    connection.onNotification(DidChangeWorkspaceFoldersNotification.type, heard(didChangeWorkspaceFolders(daemon)));
    return initialize(daemon)(params);
  });
  connection.onInitialized(heard(initialized(daemon)));
  connection.onDidChangeConfiguration(heard(didChangeConfiguration(daemon)));
  connection.onDidChangeWatchedFiles(heard(didChangeWatchedFiles(daemon)));
  connection.onDidOpenTextDocument(heard(didOpen(daemon)));
  connection.onDidChangeTextDocument(heard(didChange(daemon)));
  connection.onDidSaveTextDocument(heard(didSave(daemon)));
  connection.onDidCloseTextDocument(heard(didClose(daemon)));
  connection.onCompletion(completion(daemon));
  connection.languages.inlineCompletion.on(inlineCompletion(daemon));
  connection.onShutdown(shutdown(daemon));
  // In place of the library's, at which it ends the process in the middle of a run.
  connection.onNotification(ExitNotification.type, () => daemon.end());
  connection.listen();
  return daemon;
}

/** The editor's end gone, the daemon ends, too. */
export function listen({ reader, writer, onGone }: Channel, deps: DaemonDeps): Daemon {
  const daemon = serve(createConnection(reader, writer), deps);
  onGone(() => daemon.end());
  return daemon;
}
