// A completed text as the items that an editor inserts whole and in the right place.
// Refuses to decide what is offered, and to edit anything beyond the cursor's line.
import { basename } from 'node:path';
import {
  CompletionItemKind, InsertTextFormat, InsertTextMode, MarkupKind,
  type CompletionItem, type CompletionList, type InlineCompletionItem, type InlineCompletionList, type SelectedCompletionInfo,
} from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { ClientProfile } from './clients.js';
import { offsetOf, rangeOf } from './protocol.js';

/** What is offered at a cursor. `text` is inserted there; `paths` are the files it draws on. */
export interface Offer {
  readonly text: string;
  readonly paths: readonly string[];
}

const pathsNamedMax = 3;
/** In UTF-16 units: what is longer is no name that somebody types. */
const wordLengthMax = 256;

const needsSnippet: Readonly<Record<ClientProfile['snippetWhen'], RegExp>> = { never: /(?!)/, blank: /\s/, lines: /\n/ };

/** Never complete, so that every client asks again as the user types on. */
export const emptyList = (): CompletionList => ({ isIncomplete: true, items: [] });

export function completionList(document: TextDocument, offset: number, offer: Offer, client: ClientProfile): CompletionList {
  if (offer.text.trim() === '') return emptyList();
  const before = document.getText().slice(0, offset);
  const word = typedWord(before);
  const text = word + offer.text;
  const snippet = needsSnippet[client.snippetWhen].test(text);
  const label = labelOf(text);
  const item: CompletionItem = {
    label,
    kind: CompletionItemKind.Snippet,
    detail: detailOf(offer.paths),
    filterText: client.filterBy === 'text' ? linesOf(text)[0] : word === '' ? label : word,
    sortText: '0',
    insertTextFormat: snippet ? InsertTextFormat.Snippet : InsertTextFormat.PlainText,
    textEdit: {
      range: rangeOf(document, offset - word.length, offset, client.encoding),
      newText: snippet ? snippetOf(text, indentOf(before)) : text,
    },
  };
  if (client.insertTextModes && !snippet) item.insertTextMode = InsertTextMode.asIs;
  if (text !== label) item.documentation = documentationOf(text, document.languageId, client);
  return { isIncomplete: true, items: [item] };
}

export function inlineList(document: TextDocument, offset: number, offer: Offer, client: ClientProfile, selected?: SelectedCompletionInfo): InlineCompletionList {
  if (offer.text.trim() === '') return { items: [] };
  const start = selected ? offsetOf(document, selected.range.start, client.encoding) : offset;
  const end = selected ? Math.max(offset, offsetOf(document, selected.range.end, client.encoding)) : offset;
  const text = (selected?.text ?? '') + offer.text;
  const rest = client.inlineCoversLine ? restOfLine(document, end) : '';
  const item: InlineCompletionItem = { insertText: text + rest, range: rangeOf(document, start, end + rest.length, client.encoding) };
  return { items: [item] };
}

/** The identifier that ends at the cursor, or its end, '' where there is none. */
export function typedWord(before: string): string {
  return /[\p{L}\p{N}_$]*$/u.exec(before.slice(-wordLengthMax))![0];
}

/** As a snippet: its own characters escaped, and later lines indented relative to the cursor's line, since editors add that line's indent, and the file's line ends. */
function snippetOf(text: string, indent: string): string {
  const [first, ...later] = text.split(/\r?\n/);
  const relative = later.map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line.trimStart()));
  return [first, ...relative].join('\n').replace(/[\\$}]/g, '\\$&');
}

function indentOf(before: string): string {
  return /^[ \t]*/.exec(before.slice(before.lastIndexOf('\n') + 1))![0];
}

function restOfLine(document: TextDocument, offset: number): string {
  return /^[^\r\n]*/.exec(document.getText().slice(offset))![0];
}

/** Those that hold anything, without their ends. */
const linesOf = (text: string): string[] => text.split(/\r?\n/).filter((line) => line.trim() !== '');

/** The first line that holds anything, with a mark where there is more. */
function labelOf(text: string): string {
  const lines = linesOf(text);
  return lines.length > 1 ? `${lines[0].trim()} …` : lines[0].trim();
}

function detailOf(paths: readonly string[]): string {
  const names = [...new Set(paths.map((path) => basename(path)))];
  if (names.length === 0) return 'kedge';
  const more = names.length - pathsNamedMax;
  return `kedge: ${names.slice(0, pathsNamedMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function documentationOf(text: string, languageId: string, client: ClientProfile): CompletionItem['documentation'] {
  if (!client.markdown) return { kind: MarkupKind.PlainText, value: text };
  const fence = '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map((run) => run[0].length + 1)));
  return { kind: MarkupKind.Markdown, value: `${fence}${languageId}\n${text}\n${fence}` };
}
