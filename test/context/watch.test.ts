// How many watches a folder takes. Refuses to wait for events: the daemon's tests do.
import { expect, it } from 'vitest';
import { countWatches } from '../../context/index.js';
import { layOut } from '../harness/fixture.js';

it('counts folders and files that are watched, and nothing that is ignored', () => {
  const { root } = layOut('--- a.ts\n--- notes.txt\n--- sub/b.py\n--- sub/package.json\n--- .gitignore\nbuilt/\nkedge.json\n--- kedge.json\n--- sub/kedge.json\n--- built/c.ts\n--- node_modules/d/index.js\n');
  expect(countWatches(root)).toBe(['', 'a.ts', 'sub', 'sub/b.py', 'sub/package.json', '.gitignore', 'kedge.json'].length);
});
