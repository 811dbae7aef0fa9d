// What crosses between a repository's client and its worker: plain values only. Refuses to carry functions: token counts are asked back for.
import type { WireError } from '../base/errors.js';
import type { Cursor } from './prepare.js';
import type { PlanOptions } from './repository.js';
import type { FileChange } from './workspace.js';

export type ToWorker =
  | { readonly kind: 'apply'; readonly id: number; readonly changes: readonly FileChange[] }
  /** `counter` names the function that counts tokens: counts are kept as long as it stays. */
  | { readonly kind: 'prepare'; readonly id: number; readonly cursor: Cursor; readonly options: Omit<PlanOptions, 'countTokens'>; readonly counter: number }
  | { readonly kind: 'importersOf'; readonly id: number; readonly path: string }
  | { readonly kind: 'outlined' | 'close'; readonly id: number }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'counted'; readonly id: number; readonly counts?: readonly number[]; readonly error?: WireError };

export type FromWorker =
  | { readonly kind: 'value'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: WireError }
  | { readonly kind: 'count'; readonly id: number; readonly counter: number; readonly texts: readonly string[] };
