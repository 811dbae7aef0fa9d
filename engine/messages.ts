// What crosses between the engine's client and its worker: plain values only. Refuses to carry functions or tensors.
import type { WireError } from '../base/errors.js';
import type { OnProgress } from '../base/progress.js';
import type { Engine } from './types.js';

export type Method = keyof Engine;

export type ToWorker = { readonly kind: 'call'; readonly id: number; readonly method: Method; readonly argument: readonly unknown[] } | { readonly kind: 'cancel'; readonly id: number };

export type FromWorker =
  | { readonly kind: 'opening'; readonly progress: Parameters<OnProgress>[0] }
  | { readonly kind: 'opened' }
  | { readonly kind: 'value'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: WireError }
  | { readonly kind: 'progress'; readonly id: number; readonly done: number; readonly total: number };
