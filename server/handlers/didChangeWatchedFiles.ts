// `workspace/didChangeWatchedFiles`: what the editor saw change on disk. Refuses to trust that it did: unchanged text is no change.
import type { DidChangeWatchedFilesParams } from 'vscode-languageserver';
import type { Daemon } from '../daemon.js';
import { pathOf } from '../protocol.js';

export const didChangeWatchedFiles = (daemon: Daemon) => ({ changes }: DidChangeWatchedFilesParams): void => {
  void daemon.session.changedOnDisk(changes.map(({ uri }) => pathOf(uri)).filter((path) => path !== undefined).map((path) => ({ kind: 'disk', path })));
};
