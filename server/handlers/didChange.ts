// `textDocument/didChange`: an edit becomes the next snapshot and ends requests for the older text. Refuses to wait for either.
import type { DidChangeTextDocumentParams } from 'vscode-languageserver';
import type { Daemon } from '../daemon.js';

export const didChange = (daemon: Daemon) => (params: DidChangeTextDocumentParams): void => {
  daemon.session.edited(params);
};
