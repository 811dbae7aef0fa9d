// What Kedge needs of an editor's client, and what is missed without it. Refuses to look at the editor's name.
import type { ClientCapabilities } from 'vscode-languageserver';

export interface Need {
  readonly name: string;
  /** Without it the editor shows nothing at all. */
  readonly vital: boolean;
  readonly missed: string;
  readonly todo: string;
  has(capabilities: ClientCapabilities): boolean;
}

export const needs: readonly Need[] = [
  {
    name: 'completion', vital: true, missed: 'it asks for no completions, so nothing can be shown',
    todo: 'turn on completion (textDocument/completion) or inline completion in the editor\'s LSP client',
    has: ({ textDocument }) => textDocument?.completion !== undefined || textDocument?.inlineCompletion !== undefined,
  },
  {
    name: 'snippetSupport', vital: false, missed: 'an item of several lines may be cut to its first',
    todo: 'turn on snippets in the editor\'s completion, or set multiline to false',
    has: ({ textDocument }) => textDocument?.inlineCompletion !== undefined || textDocument?.completion?.completionItem?.snippetSupport === true,
  },
  {
    name: 'workDoneProgress', vital: false, missed: 'it cannot show that Kedge is reading',
    todo: 'nothing has to be done; kedge stats says what a daemon is doing',
    has: ({ window }) => window?.workDoneProgress === true,
  },
];

/** Names of what the client lacks. */
export const lacksOf = (capabilities: ClientCapabilities): string[] => needs.filter((need) => !need.has(capabilities)).map(({ name }) => name);
