// `textDocument/didOpen`: a buffer takes its file's place. Refuses to read the file.
import type { DidOpenTextDocumentParams } from 'vscode-languageserver';
import type { Daemon } from '../daemon.js';

export const didOpen = (daemon: Daemon) => (params: DidOpenTextDocumentParams): void => {
  daemon.session.opened(params);
};
