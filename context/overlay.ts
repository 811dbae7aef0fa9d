// Open buffers over the disk: what the user sees is what is read. Refuses to change once made; a change makes a new one.
import { digestOf } from '../base/digest.js';

export interface Buffer {
  readonly text: string;
  readonly digest: string;
}

export type Overlay = ReadonlyMap<string, Buffer>;

/** The overlay with `text` open at `path`; the same one when that changes nothing. */
export function withBuffer(overlay: Overlay, path: string, text: string): Overlay {
  const digest = digestOf(text);
  return overlay.get(path)?.digest === digest ? overlay : new Map(overlay).set(path, { text, digest });
}

/** The overlay without `path`; the same one when it was not open. */
export function withoutBuffer(overlay: Overlay, path: string): Overlay {
  if (!overlay.has(path)) return overlay;
  const rest = new Map(overlay);
  rest.delete(path);
  return rest;
}
