// `textDocument/inlineCompletion` (LSP 3.18): ghost text at the cursor. Refuses to contradict what the editor's popup has selected.
import type { CancellationToken, InlineCompletionList, InlineCompletionParams } from 'vscode-languageserver';
import type { Daemon } from '../daemon.js';
import { inlineList } from '../items.js';
import { signalOf } from '../protocol.js';

export const inlineCompletion = (daemon: Daemon) => async ({ textDocument, position, context }: InlineCompletionParams, token: CancellationToken): Promise<InlineCompletionList> => {
  const { session } = daemon;
  const selected = context.selectedCompletionInfo;
  const found = await session.offer(textDocument.uri, position, signalOf(token), selected);
  return found ? inlineList(found.document, found.offset, found.offer, session.client, selected) : { items: [] };
};
