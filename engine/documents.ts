// What the engine keeps of each document between requests: its window's rows and the context composed before them.
// Refuses to keep more documents than a few: each costs tens of megabytes.
import type { Candidate } from './choose.js';
import type { ContextRows, WindowRows } from './rows.js';

export interface ComposedContext {
  /** Digest of the plan and of the settings that the choice depends on. */
  readonly key: string;
  readonly candidates: readonly Candidate[];
  readonly rows: ContextRows;
  readonly rowsPerCandidate: readonly number[];
  /** Rows, per head, at the moment when most were held: chosen ones and what was read meanwhile. */
  readonly rowsHeldMax: number;
  /** Whether segments of the plan were left out because they were not stored yet. */
  readonly isPartial: boolean;
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

export class Documents {
  private readonly states = new Map<string, DocumentState>();

  constructor(private readonly fresh: () => DocumentState) {}

  /** The document's state, a fresh one where there is none; the one used longest ago is forgotten for it. */
  get(client: string, document: string): DocumentState {
    const key = JSON.stringify([client, document]);
    const state = this.states.get(key) ?? this.fresh();
    this.states.delete(key);
    this.states.set(key, state);
    for (const oldest of this.states.keys()) {
      if (this.states.size <= DOCUMENTS_MAX) break;
      this.states.delete(oldest);
    }
    return state;
  }

  /** What was made for `from` becomes `to`'s; what `to` had is forgotten. */
  move(client: string, from: string, to: string): void {
    const state = this.get(client, from);
    this.forget(client, from);
    this.states.set(JSON.stringify([client, to]), state);
  }

  forget(client: string, document: string): void {
    this.states.delete(JSON.stringify([client, document]));
  }
}
