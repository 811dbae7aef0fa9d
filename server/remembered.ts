// What a session remembers of each open document besides its text. Refuses to read, plan or complete.
import type { HeldPlan } from './planning.js';

export interface Remembered {
  /** Where a completion was last asked for, in UTF-16 units. */
  cursor?: number;
  /** What completions draw on. */
  held?: HeldPlan;
  /** Whether the last completion drew on a part of its plan, what was stored by then. */
  isPartial: boolean;
  /** Whether the engine holds rows of it. */
  isComposed: boolean;
  /** Whether the last edit only took text away. */
  isShortened: boolean;
}

export class RememberedDocuments {
  private readonly documents = new Map<string, Remembered>();

  of(uri: string): Remembered {
    const own = this.documents.get(uri) ?? { isPartial: false, isComposed: false, isShortened: false };
    this.documents.set(uri, own);
    return own;
  }

  /** Plans are made anew, whatever they drew on. */
  dropPlans(): void {
    for (const own of this.documents.values()) own.held = undefined;
  }

  forget(uri: string): void {
    this.documents.delete(uri);
  }
}
