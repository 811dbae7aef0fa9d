// `textDocument/completion`: one item at most, as this client inserts it. Refuses to answer with an error: an empty list asks again.
import type { CancellationToken, CompletionList, CompletionParams } from 'vscode-languageserver';
import type { Daemon } from '../daemon.js';
import { completionList, emptyList } from '../items.js';
import { signalOf } from '../protocol.js';

export const completion = (daemon: Daemon) => async ({ textDocument, position }: CompletionParams, token: CancellationToken): Promise<CompletionList> => {
  const { session } = daemon;
  const found = await session.offer(textDocument.uri, position, signalOf(token));
  return found ? completionList(found.document, found.offset, found.offer, session.client) : emptyList();
};
