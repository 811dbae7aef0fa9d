// `textDocument/didSave`: the disk holds what the buffer does, for when it is closed, whoever watches. Refuses to read it now.
import type { DidSaveTextDocumentParams } from 'vscode-languageserver';
import type { Daemon } from '../daemon.js';
import { pathOf } from '../protocol.js';

export const didSave = (daemon: Daemon) => ({ textDocument }: DidSaveTextDocumentParams): void => {
  const path = pathOf(textDocument.uri);
  if (path !== undefined) void daemon.session.changedOnDisk([{ kind: 'disk', path }]);
};
