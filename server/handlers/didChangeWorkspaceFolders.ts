// `workspace/didChangeWorkspaceFolders`: folders come and go. Refuses to close documents: the editor does that itself.
import type { DidChangeWorkspaceFoldersParams } from 'vscode-languageserver';
import type { Daemon } from '../daemon.js';

export const didChangeWorkspaceFolders = (daemon: Daemon) => ({ event }: DidChangeWorkspaceFoldersParams): Promise<void> => daemon.folders.changed(event);
