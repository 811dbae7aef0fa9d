// `kedge explain`: the plan in its order with reasons, and what is left out. Without a model tokens are estimated.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addExplainCommand } from '../../../server/commands/explain.js';
import { runCommand } from '../../harness/command.js';
import { layOut } from '../../harness/fixture.js';
import { temporaryFolder } from '../../harness/folders.js';

const source = `--- kedge.json\n{ "sources": { "configs": true }, "contextTokensMax": 60 }\n--- package.json\n{ "name": "shop" }\n--- src/user.ts\nexport class User {\n  rename(to: string): void {}\n}\nexport function far() {\n${'  long();\n'.repeat(200)}}\n--- src/main.ts\nimport { User } from './user';\nimport { gone } from './gone';\nconst user = new User();\nuser.\n`;

async function explained(...flags: string[]): Promise<string> {
  const { root } = layOut(source);
  const { out } = await runCommand(addExplainCommand, { HOME: temporaryFolder(), KEDGE_CACHE_DIR: temporaryFolder() }, 'explain', `${join(root, 'src/main.ts')}:4:6`, ...flags);
  return out;
}

describe('kedge explain', () => {
  it('prints segments in order, each with its reason, and what is left out', async () => {
    const lines = (await explained()).split('\n').map((line) => line.trim().replace(/\s{2,}/g, ' | '));
    expect(lines[0]).toMatch(/^\d+ of at most 60 tokens in 3 segments, the most relevant last \(estimated: no model is installed\)$/);
    expect(lines.slice(1)).toEqual([
      'tokens | share | source | path | reason',
      expect.stringMatching(/^\d+ \| 10% \| configs \| package.json \| the package that holds this file$/),
      expect.stringMatching(/^\d+ \| 50% \| imports \| src\/user.ts \| signatures of a file that is imported, User mentioned near the cursor$/),
      expect.stringMatching(/^\d+ \| 100% \| imports \| src\/user.ts \| user is a User, asked for a member at the cursor$/),
      '',
      'left out:',
      expect.stringMatching(/^imports \| src\/user.ts \(\d pieces?\) \| its signatures stand for it$/),
      'imports | ./gone | leads to no file that may be read',
      'apidocs | not among the sources that are on',
      'siblings | not among the sources that are on',
    ]);
  });

  it('names the model that is missing where the settings name one', async () => {
    const { root } = layOut(source);
    const home = temporaryFolder();
    mkdirSync(join(home, '.config', 'kedge'), { recursive: true });
    writeFileSync(join(home, '.config', 'kedge', 'config.json'), '{ "model": "mine" }');
    const { out } = await runCommand(addExplainCommand, { HOME: home, KEDGE_CACHE_DIR: home }, 'explain', `${join(root, 'src/main.ts')}:4:6`);
    expect(out).toContain('(estimated: no model "mine" is installed)');
  });

  it('tells the same to scripts', async () => {
    const answer = JSON.parse(await explained('--json')) as { tokens: number; segments: { tokens: number }[]; leftOut: { reason: string }[] };
    expect(Object.keys(answer)).toEqual(['tokens', 'tokensMax', 'tokensEstimated', 'segments', 'leftOut']);
    expect(answer.segments.map(Object.keys)).toEqual(Array(3).fill(['source', 'path', 'tokens', 'share', 'reason']));
    expect(answer.tokens).toBe(answer.segments.reduce((sum, { tokens }) => sum + tokens, 0));
    expect(answer.leftOut.map(({ reason }) => reason)).toContain('leads to no file that may be read');
  });

  it.each([
    [{}, ['configs go.mod', 'siblings a/user.go']],
    [{ siblings: false }, ['configs go.mod']],
    [{ siblings: true, configs: false }, ['siblings a/user.go']],
  ])('speaks of files of other languages too, with %j', async (sources, found) => {
    const { root } = layOut(`--- kedge.json\n${JSON.stringify({ sources: { alike: false, ...sources } })}\n--- go.mod\nmodule shop\n--- a/find.go\npackage a\n--- a/user.go\npackage a\n\nfunc NewUser() {}\n`);
    const { out } = await runCommand(addExplainCommand, { HOME: temporaryFolder(), KEDGE_CACHE_DIR: temporaryFolder() }, 'explain', `${join(root, 'a/find.go')}:2:1`, '--json');
    expect((JSON.parse(out) as { segments: { source: string; path: string }[] }).segments.map(({ source, path }) => `${source} ${path}`)).toEqual(found);
  });
});
