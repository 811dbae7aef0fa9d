// What each editor needs, read once from its `initialize` request: the rest of the server asks the profile, never the editor's name.
// Refuses to guess: an editor that is not known gets what the specification promises. test/server/clients/ holds what each sends.
import { InsertTextMode, type InitializeParams } from 'vscode-languageserver';
import { negotiateEncoding, pathOf, type PositionEncoding } from './protocol.js';

export interface ClientProfile {
  readonly name: string;
  readonly encoding: PositionEncoding;
  /**
   * Which completion items must be snippets to be inserted whole and in the right columns. Neovim 0.11 cuts a plain edit at its first
   * blank (`vim.lsp.completion`, get_completion_word) and later versions at its first line. Others indent the later lines of
   * a plain edit once more and will not be told not to.
   */
  readonly snippetWhen: 'never' | 'blank' | 'lines';
  /** False where a popup's item goes in as one line, whatever it holds. */
  readonly insertsLines: boolean;
  /**
   * What an item is filtered by as the user types on. The typed word has every other server's items ranked below; it needs a client that
   * asks again at each letter and meanwhile keeps the popup open. The whole text goes on matching by itself.
   */
  readonly filterBy: 'word' | 'text';
  /** Neovim draws ghost text over the rest of the line, so the text has to hold that rest and its range to cover it. */
  readonly inlineCoversLine: boolean;
  /** The client may be told not to indent what it inserts. */
  readonly insertTextModes: boolean;
  readonly markdown: boolean;
  /** Whether the client watches files for us, and how it is told which. `never` also where it only tells of what it saves itself. */
  readonly watching: 'never' | 'pattern' | 'relativePattern';
  /** A message may carry actions to choose from. */
  readonly messageActions: boolean;
  /** Settings are asked for (`workspace/configuration`); where the client does not offer that, it sends them when they change. */
  readonly settingsOnRequest: boolean;
  /** The client says that settings changed only to a server that registered for it. */
  readonly settingsByRegistration: boolean;
}

/** Helix (file_event.rs) tells of files that it saves itself, and of no other. */
const watchesOwnSavesOnly = /^helix$/i;
/**
 * Eglot filters what it once got until the popup closes; Helix closes a popup whose items match no more;
 * kakoune-lsp inserts what it filters by, and takes a text that is not the same for a snippet.
 */
const filtersByText = /^(eglot|helix|kakoune-lsp)$/i;

export function clientProfile(params: InitializeParams): ClientProfile {
  const { experimental, general, textDocument, window, workspace } = params.capabilities;
  // Eglot up to 1.9, which Debian has, gives no name, but this.
  const name = params.clientInfo?.name ?? (experimental !== undefined ? 'Eglot' : '');
  const item = textDocument?.completion?.completionItem;
  const neovim = /^neovim$/i.test(name);
  const modes = item?.insertTextModeSupport?.valueSet;
  const indents = /^kakoune-lsp$/i.test(name) || (modes !== undefined && !modes.includes(InsertTextMode.asIs));
  const snippets = item?.snippetSupport === true;
  const files = workspace?.didChangeWatchedFiles;
  const watches = files?.dynamicRegistration === true && !watchesOwnSavesOnly.test(name);
  return {
    name,
    encoding: negotiateEncoding(general?.positionEncodings),
    snippetWhen: !snippets ? 'never' : neovim ? 'blank' : indents ? 'lines' : 'never',
    insertsLines: snippets || !neovim,
    filterBy: filtersByText.test(name) ? 'text' : 'word',
    inlineCoversLine: neovim,
    insertTextModes: modes?.includes(InsertTextMode.asIs) ?? false,
    markdown: item?.documentationFormat?.includes('markdown') ?? false,
    watching: !watches ? 'never' : files.relativePatternSupport ? 'relativePattern' : 'pattern',
    messageActions: window?.showMessage?.messageActionItem !== undefined,
    settingsOnRequest: workspace?.configuration ?? false,
    settingsByRegistration: workspace?.didChangeConfiguration?.dynamicRegistration ?? false,
  };
}

/** The workspace's folders as absolute paths; none where the editor opened a single file. */
export function rootsOf(params: InitializeParams): string[] {
  const uris = params.workspaceFolders?.map(({ uri }) => uri) ?? (params.rootUri ? [params.rootUri] : []);
  return uris.map(pathOf).filter((path) => path !== undefined);
}
