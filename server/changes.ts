// The one door for every change of a file: open buffers from the editor and batches from the disk both go to the repository.
// Refuses to plan, read or complete; an open buffer beats the disk.
import { realpathSync } from 'node:fs';
import type { DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, TextDocumentContentChangeEvent } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { FileChange, Repository } from '../context/index.js';
import { offsetOf, pathOf, type PositionEncoding } from './protocol.js';

export interface Edited {
  /** The smallest offset from which text changed, Infinity where none did. */
  readonly changedFrom: number;
  /** Text went and none came. */
  readonly deletedOnly: boolean;
}

export class Changes {
  private readonly documents = new Map<string, TextDocument>();

  constructor(
    private readonly repository: Repository,
    private readonly encoding: PositionEncoding,
    /** Told of every batch, once the snapshot knows it. */
    private readonly applied: (changes: readonly FileChange[]) => void = () => {},
  ) {}

  document(uri: string): TextDocument | undefined {
    return this.documents.get(uri);
  }

  /** Of the open documents, the last opened first. */
  get uris(): string[] {
    return [...this.documents.keys()].reverse();
  }

  opened({ textDocument }: DidOpenTextDocumentParams): void {
    const { uri, languageId, version, text } = textDocument;
    this.documents.set(uri, TextDocument.create(uri, languageId, version, text));
    this.pass(uri, text);
  }

  /** Each change counts on the text that the one before it left. */
  edited({ textDocument, contentChanges }: DidChangeTextDocumentParams): Edited {
    const document = this.documents.get(textDocument.uri);
    let changedFrom = Infinity;
    if (!document) return { changedFrom, deletedOnly: false };
    for (const change of contentChanges) {
      const edit = this.inUtf16(document, change);
      changedFrom = Math.min(changedFrom, isRanged(edit) ? document.offsetAt(edit.range.start) : 0);
      TextDocument.update(document, [edit], textDocument.version);
    }
    this.pass(textDocument.uri, document.getText());
    return { changedFrom, deletedOnly: contentChanges.length > 0 && contentChanges.every((change) => isRanged(change) && change.text === '') };
  }

  closed({ textDocument }: DidCloseTextDocumentParams): void {
    this.documents.delete(textDocument.uri);
    this.pass(textDocument.uri, undefined);
    // The same file may be open under another name, a link's: its buffer goes on counting.
    const closed = realOf(textDocument.uri);
    for (const other of this.documents.values()) if (realOf(other.uri) === closed) this.pass(other.uri, other.getText());
  }

  /** The workspace's folders, or what changed on disk. Resolves as `Repository.apply`. */
  apply(changes: readonly FileChange[]): Promise<boolean> {
    const applied = this.repository.apply(changes);
    this.applied(changes);
    return applied;
  }

  private pass(uri: string, text: string | undefined): void {
    const path = pathOf(uri);
    if (path === undefined) return;
    void this.apply([text === undefined ? { kind: 'close', path } : { kind: 'open', path, text }]);
  }

  private inUtf16(document: TextDocument, change: TextDocumentContentChangeEvent): TextDocumentContentChangeEvent {
    if (!isRanged(change)) return { text: change.text };
    const start = document.positionAt(offsetOf(document, change.range.start, this.encoding));
    const end = document.positionAt(offsetOf(document, change.range.end, this.encoding));
    return { range: { start, end }, text: change.text };
  }
}

type Ranged = Extract<TextDocumentContentChangeEvent, { range: unknown }>;

/** Some clients say that the whole text changed by a range of null. */
const isRanged = (change: TextDocumentContentChangeEvent): change is Ranged => 'range' in change && (change.range as Ranged['range'] | null) !== null;

function realOf(uri: string): string | undefined {
  const path = pathOf(uri);
  try {
    return path && realpathSync.native(path);
  } catch {
    return path;
  }
}
