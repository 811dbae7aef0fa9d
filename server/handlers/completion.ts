// `textDocument/completion`: one item at most, as this client inserts it. Refuses to answer with an error: an empty list asks again.
import { CompletionTriggerKind, type CancellationToken, type CompletionList, type CompletionParams } from 'vscode-languageserver';
import type { Daemon } from '../daemon.js';
import { completionList, emptyList } from '../items.js';
import { signalOf } from '../protocol.js';

export const completion = (daemon: Daemon) => async ({ textDocument, position, context }: CompletionParams, token: CancellationToken): Promise<CompletionList> => {
  const { session } = daemon;
  const automatic = context?.triggerKind === CompletionTriggerKind.TriggerForIncompleteCompletions;
  const found = await session.offer({ uri: textDocument.uri, position, kind: 'popup', automatic }, signalOf(token));
  return found ? completionList(found.document, found.offset, found.offer, session.client) : emptyList();
};
