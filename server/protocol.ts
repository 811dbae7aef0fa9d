// Between the protocol's terms and ours: URIs and paths, positions in three encodings and UTF-16 offsets.
// Refuses to fail on a position that lies outside the document: it is clamped.
import { extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CancellationToken, Position, Range } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';

export type PositionEncoding = 'utf-8' | 'utf-16' | 'utf-32';

const encodings: readonly string[] = ['utf-8', 'utf-16', 'utf-32'] satisfies PositionEncoding[];

/** The first of the client's list, which stands in its order of preference; UTF-16 where it offers none that is known. */
export function negotiateEncoding(offered: readonly string[] | undefined): PositionEncoding {
  return (offered?.find((encoding) => encodings.includes(encoding)) as PositionEncoding | undefined) ?? 'utf-16';
}

/** The absolute path behind a `file:` URI, a folder's without the slash that may stand at its end; undefined for anything that is no file (an unsaved buffer, a remote document). */
export function pathOf(uri: string): string | undefined {
  try {
    return resolve(fileURLToPath(uri));
  } catch {
    return undefined;
  }
}

const languagesByExtension: Readonly<Record<string, string>> = {
  '.ts': 'typescript', '.mts': 'typescript', '.cts': 'typescript', '.tsx': 'typescriptreact',
  '.js': 'javascript', '.mjs': 'javascript', '.cjs': 'javascript', '.jsx': 'javascriptreact',
  '.py': 'python', '.pyi': 'python',
};

/** The protocol's identifier of a file's language; by its name, since editors differ in what they call TSX and JSX. */
export function languageOf(path: string, languageId: string): string {
  return languagesByExtension[extname(path).toLowerCase()] ?? languageId;
}

/** UTF-16 offset in the document; a line or character beyond the end, or inside a character, moves back to the nearest place there is. */
export function offsetOf(document: TextDocument, position: Position, encoding: PositionEncoding): number {
  const line = Math.max(0, Math.trunc(position.line));
  const start = document.offsetAt({ line, character: 0 });
  const end = document.offsetAt({ line, character: Number.MAX_SAFE_INTEGER });
  return start + utf16Length(document.getText().slice(start, end), Math.max(0, Math.trunc(position.character)), encoding);
}

/** The position of a UTF-16 offset, in the client's encoding. */
export function positionOf(document: TextDocument, offset: number, encoding: PositionEncoding): Position {
  const { line, character } = document.positionAt(offset);
  if (encoding === 'utf-16') return { line, character };
  const start = document.offsetAt({ line, character: 0 });
  return { line, character: unitsOf(document.getText().slice(start, start + character), encoding) };
}

export function rangeOf(document: TextDocument, start: number, end: number, encoding: PositionEncoding): Range {
  return { start: positionOf(document, start, encoding), end: positionOf(document, end, encoding) };
}

/** How many UTF-16 units of `text` its first `units` units of `encoding` are, never splitting a character. */
function utf16Length(text: string, units: number, encoding: PositionEncoding): number {
  // At once where it can be: a line may be megabytes long.
  if (encoding === 'utf-16') return wholeLength(text, units);
  if (encoding === 'utf-8') return wholeLengthUtf8(Buffer.from(text), units);
  let length = 0;
  let left = units;
  for (const character of text) {
    if (left-- <= 0) break;
    length += character.length;
  }
  return length;
}

function wholeLength(text: string, length: number): number {
  if (length >= text.length) return text.length;
  return /^[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(Math.max(0, length - 1), length + 1)) ? length - 1 : length;
}

function wholeLengthUtf8(bytes: Buffer, length: number): number {
  let end = Math.min(length, bytes.length);
  while (end > 0 && end < bytes.length && (bytes[end] & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end).length;
}

function unitsOf(text: string, encoding: PositionEncoding): number {
  if (encoding === 'utf-8') return Buffer.byteLength(text, 'utf8');
  if (encoding === 'utf-16') return text.length;
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** The protocol's cancellation as an AbortSignal. */
export function signalOf(token: CancellationToken): AbortSignal {
  const controller = new AbortController();
  if (token.isCancellationRequested) controller.abort();
  else token.onCancellationRequested(() => controller.abort());
  return controller.signal;
}
