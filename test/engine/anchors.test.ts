// What stored segments depend on without its being in their key: whoever changes it raises ANCHOR_VERSION with it. Refuses to look at rows.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packageFile } from '../../base/package.js';
import { ANCHOR_VERSION } from '../../engine/anchors.js';
import { GRAPH_VERSION } from '../../engine/graph/manifest.js';

it('has a version of its own for each graph and each set of typical prompts', () => {
  const prompts = createHash('sha256').update(readFileSync(packageFile('models', 'typical-prompts.json'))).digest('hex').slice(0, 16);
  expect({ ANCHOR_VERSION, GRAPH_VERSION, prompts }).toEqual({ ANCHOR_VERSION: 2, GRAPH_VERSION: 5, prompts: '4f91e9852b7be953' });
});
