// `initialize`: who the client is, what it may ask. Refuses to load the model: that waits for a document.
import { TextDocumentSyncKind, type InitializeParams, type InitializeResult } from 'vscode-languageserver';
import { packageVersion } from '../../base/package.js';
import type { Daemon } from '../daemon.js';

export const initialize = (daemon: Daemon) => (params: InitializeParams): InitializeResult => {
  const { client, config } = daemon.start(params);
  return {
    serverInfo: { name: 'kedge', version: packageVersion() },
    capabilities: {
      positionEncoding: client.encoding,
      textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
      completionProvider: { triggerCharacters: [...config.triggerCharacters] },
      inlineCompletionProvider: {},
      workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
    },
  };
};
