// `textDocument/inlineCompletion` (LSP 3.18): ghost text at the cursor. Refuses to contradict what the editor's popup has selected.
import { InlineCompletionTriggerKind, type CancellationToken, type InlineCompletionList, type InlineCompletionParams } from 'vscode-languageserver';
import type { Daemon } from '../daemon.js';
import { inlineList } from '../items.js';
import { signalOf } from '../protocol.js';

export const inlineCompletion = (daemon: Daemon) => async ({ textDocument, position, context }: InlineCompletionParams, token: CancellationToken): Promise<InlineCompletionList> => {
  const { session } = daemon;
  const selected = context.selectedCompletionInfo;
  const automatic = context.triggerKind === InlineCompletionTriggerKind.Automatic;
  const found = await session.offer({ uri: textDocument.uri, position, kind: 'ghost text', automatic, selected }, signalOf(token));
  return found ? inlineList(found.document, found.offset, found.offer, session.client, selected) : { items: [] };
};
