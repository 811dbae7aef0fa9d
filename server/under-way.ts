// The completions under way: a popup and ghost text want the same at the same place, and whoever asks while the other is being answered gets that.
// Refuses to keep an answer: nothing offered is asked for again.
import type { Offer } from './items.js';

export class UnderWay {
  /** By document: the newest completion, and what it was asked for. */
  private readonly newest = new Map<string, { readonly asked: string; readonly offer: Promise<Offer | undefined> }>();

  async once(uri: string, asked: string, complete: () => Promise<Offer | undefined>): Promise<Offer | undefined> {
    const other = this.newest.get(uri);
    const known = other?.asked === asked ? await other.offer : undefined;
    if (known?.text) return known;
    const own = { asked, offer: complete() };
    this.newest.set(uri, own);
    return own.offer.finally(() => this.newest.get(uri) === own && this.newest.delete(uri));
  }
}
