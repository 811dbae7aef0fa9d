// What is kept of documents, and for how long. Refuses to compose anything.
import { describe, expect, it } from 'vitest';
import { Documents, type DocumentState } from '../../engine/documents.js';

/** States that differ by their base. */
function documents(): Documents {
  let made = 0;
  return new Documents(() => ({ context: undefined, base: made++, tokens: [], window: undefined }) as unknown as DocumentState);
}

describe('moving what was made for a document', () => {
  it('puts it in the place of what the other had', () => {
    const kept = documents();
    kept.get('c', 'a');
    const settled = kept.get('c', 'a settling');
    kept.move('c', 'a settling', 'a');
    expect(kept.get('c', 'a')).toBe(settled);
    expect(kept.known('c', 'a settling')).toBeUndefined();
  });

  it('leaves the other as it is where it was forgotten meanwhile', () => {
    const kept = documents();
    kept.get('c', 'a settling');
    const used = ['b', 'd', 'a'].map((name) => kept.get('c', name));
    expect(kept.known('c', 'a settling')).toBeUndefined();
    kept.move('c', 'a settling', 'a');
    expect(['b', 'd', 'a'].map((name) => kept.known('c', name))).toEqual(used);
  });
});
