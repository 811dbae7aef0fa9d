// The real Kakoune reads examples/kakoune/kakrc beside the option that kakoune-lsp declares: both servers stand in it for the languages that Kedge completes, for others none of ours.
// Refuses to stand for kakoune-lsp itself, which no package registry carries: docs/decisions/0009-editors-tested.md.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../harness/folders.js';
import { describeIf } from '../harness/require.js';
import { examples } from '../harness/sample-editing.js';

/** What kakoune-lsp 21 has loaded by then (rc/lsp.kak, rc/servers.kak), cut to its server's name. */
const kakouneLsp = `
declare-option str lsp_servers
hook global BufSetOption filetype=(?:javascript|typescript|python|rust) %{ set-option buffer lsp_servers %{[own-server]} }
`;

const cases: readonly { filetype: string; servers: readonly string[] }[] = [
  { filetype: 'typescript', servers: ['own-server', 'kedge'] },
  { filetype: 'javascript', servers: ['own-server', 'kedge'] },
  { filetype: 'python', servers: ['own-server', 'kedge'] },
  { filetype: 'rust', servers: ['own-server'] },
];

describeIf(spawnSync('kak', ['-version']).status === 0, 'Kakoune (kak in PATH)', () => {
  it.each(cases)('$filetype has $servers', ({ filetype, servers }) => {
    const dir = temporaryFolder();
    const script = join(dir, 'script.kak');
    const answer = join(dir, 'answer');
    writeFileSync(script, `${kakouneLsp}${readFileSync(join(examples, 'kakoune', 'kakrc'), 'utf8')}
edit -scratch
set-option buffer filetype ${filetype}
echo -to-file ${answer} %opt{lsp_servers}
quit!`);
    const { status, stderr } = spawnSync('kak', ['-n', '-ui', 'dummy', '-e', `source ${script}`], { encoding: 'utf8', timeout: 60_000 });
    expect(status, stderr).toBe(0);
    const option = readFileSync(answer, 'utf8');
    expect([...option.matchAll(/^\s*\[([\w-]+)\]/gm)].map((match) => match[1])).toEqual(servers);
    if (servers.includes('kedge')) expect(option).toContain('args = ["--stdio"]');
  });
});
