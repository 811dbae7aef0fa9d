// What each editor needs, read once from its `initialize` request: the rest of the server asks the profile, never the editor's name.
// Refuses to guess: an editor that is not known gets what the specification promises.
import type { InitializeParams } from 'vscode-languageserver';
import { negotiateEncoding, pathOf, type PositionEncoding } from './protocol.js';

export interface ClientProfile {
  readonly name: string;
  readonly encoding: PositionEncoding;
  /**
   * Which completion items must be snippets to be inserted whole. Neovim 0.11 cuts a plain edit at its first blank
   * (`vim.lsp.completion`, get_completion_word) and later versions at its first line; snippets go in whole.
   */
  readonly snippetWhen: 'never' | 'blank';
  /** Neovim draws ghost text over the rest of the line, so the text has to hold that rest and its range to cover it. */
  readonly inlineCoversLine: boolean;
  /** The client may be told not to indent what it inserts. */
  readonly insertTextModes: boolean;
  readonly markdown: boolean;
  /** Settings are asked for (`workspace/configuration`); where the client does not offer that, it sends them when they change. */
  readonly settingsOnRequest: boolean;
  /** The client says that settings changed only to a server that registered for it. */
  readonly settingsByRegistration: boolean;
}

export function clientProfile(params: InitializeParams): ClientProfile {
  const name = params.clientInfo?.name ?? '';
  const item = params.capabilities.textDocument?.completion?.completionItem;
  const neovim = /^neovim$/i.test(name);
  return {
    name,
    encoding: negotiateEncoding(params.capabilities.general?.positionEncodings),
    snippetWhen: neovim && item?.snippetSupport === true ? 'blank' : 'never',
    inlineCoversLine: neovim,
    insertTextModes: item?.insertTextModeSupport?.valueSet.includes(1) ?? false,
    markdown: item?.documentationFormat?.includes('markdown') ?? false,
    settingsOnRequest: params.capabilities.workspace?.configuration ?? false,
    settingsByRegistration: params.capabilities.workspace?.didChangeConfiguration?.dynamicRegistration ?? false,
  };
}

/** The workspace's folders as absolute paths; none where the editor opened a single file. */
export function rootsOf(params: InitializeParams): string[] {
  const uris = params.workspaceFolders?.map(({ uri }) => uri) ?? (params.rootUri ? [params.rootUri] : []);
  return uris.map(pathOf).filter((path) => path !== undefined);
}
