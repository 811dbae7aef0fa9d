// What the engine keeps of each document between requests: its window's rows and the context composed before them.
// Refuses to keep more documents than a few: each costs megabytes, and a file of rows. Whatever drops a document must not do so while the model runs over it.
import type { Candidate } from './choose.js';
import type { ContextRows } from './context-rows.js';
import type { WindowRows } from './rows.js';

/** What the store holds of a context that a plan wants. */
export interface HeldContext {
  /** Digest of the plan and of the settings that the choice depends on. */
  readonly key: string;
  readonly candidates: readonly Candidate[];
  /** Of all that the plan wants, whether it is held or not. */
  readonly tokensWanted: number;
  /** Whether segments of the plan were left out because they were not stored yet. */
  readonly isPartial: boolean;
}

export interface ComposedContext extends HeldContext {
  readonly rows: ContextRows;
  readonly rowsPerCandidate: readonly number[];
  /** Rows, per head, at the moment when most were held: chosen ones and what was read meanwhile. */
  readonly rowsHeldMax: number;
  /** Whether the cursor's own queries chose. */
  readonly settled: boolean;
}

export interface DocumentState {
  context: ComposedContext | undefined;
  /** Position of the window's first token. */
  base: number;
  /** Tokens whose rows stand in `window` behind the sink. */
  tokens: number[];
  window: WindowRows;
}

const DOCUMENTS_MAX = 3;
const keyOf = (client: string, document: string): string => JSON.stringify([client, document]);

export class Documents {
  private readonly states = new Map<string, DocumentState>();

  constructor(private readonly fresh: () => DocumentState) {}

  /** The document's state, a fresh one where there is none; the one used longest ago is forgotten for it. */
  get(client: string, document: string): DocumentState {
    const key = keyOf(client, document);
    const state = this.states.get(key) ?? this.fresh();
    this.states.delete(key);
    this.states.set(key, state);
    for (const oldest of this.states.keys()) {
      if (this.states.size <= DOCUMENTS_MAX) break;
      this.drop(oldest);
    }
    return state;
  }

  known(client: string, document: string): DocumentState | undefined {
    return this.states.get(keyOf(client, document));
  }

  /** What was made for `from` becomes `to`'s, and what `to` had is forgotten; nothing where `from` was forgotten meanwhile. */
  move(client: string, from: string, to: string): void {
    const state = this.known(client, from);
    if (!state) return;
    this.states.delete(keyOf(client, from));
    this.forget(client, to);
    this.states.set(keyOf(client, to), state);
  }

  forget(client: string, document: string): void {
    this.drop(keyOf(client, document));
  }

  /** Keys of all that the documents' contexts draw on. */
  keysDrawnOn(): string[] {
    return [...this.states.values()].flatMap(({ context }) => context?.candidates.map(({ key }) => key) ?? []);
  }

  clear(): void {
    for (const key of this.states.keys()) this.drop(key);
  }

  private drop(key: string): void {
    this.states.get(key)?.context?.rows.close();
    this.states.delete(key);
  }
}
