// `textDocument/didClose`: the disk counts again, and the document's rows are let go. Refuses to forget what is stored.
import type { DidCloseTextDocumentParams } from 'vscode-languageserver';
import type { Daemon } from '../daemon.js';

export const didClose = (daemon: Daemon) => (params: DidCloseTextDocumentParams): Promise<void> => daemon.session.closed(params);
