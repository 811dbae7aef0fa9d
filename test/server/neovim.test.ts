// Real Neovims with the configuration of examples/neovim, the newest with the real model: a popup names a declaration of an imported file, and accepting it inserts it.
// Refuses to ask in the editor's stead: keys are typed, and the buffer is read.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeIf } from '../harness/require.js';
import { defaultModelReady, editSample, examples, type SampleEditing } from '../harness/sample-editing.js';

interface Version {
  readonly what: string;
  readonly program: string;
  readonly version: RegExp;
  /** Of examples/neovim, by its name in the user's folder. */
  readonly configuration: Readonly<Record<string, string>>;
  /** Typed after the dot. */
  readonly ask: string;
  readonly engine: 'model' | 'stand-in';
}

const versions: readonly Version[] = [
  {
    what: 'Neovim 0.11 or newer (KEDGE_NVIM or nvim in PATH) and the default model', program: process.env.KEDGE_NVIM ?? 'nvim', version: /^NVIM v0\.(1[1-9]|[2-9]\d)/,
    configuration: { 'init.lua': 'init.lua', lsp: 'lsp' }, ask: '', engine: 'model',
  },
  {
    what: 'Neovim 0.7 (nvim-0.7 in PATH)', program: 'nvim-0.7', version: /^NVIM v0\.7/,
    configuration: { 'init.lua': 'init-0.7.lua' }, ask: '<C-x><C-o>', engine: 'stand-in',
  },
];

const connected = '#vim.tbl_filter(function(client) return client.initialized end, (vim.lsp.get_clients or vim.lsp.get_active_clients)())';

/** Asks again and again; `otherwise` is done after 3 s, then ever more seldom, since a slow machine needs longer to read. */
async function until(condition: () => boolean, otherwise: () => void = () => {}): Promise<void> {
  for (let round = 1, next = 30; !condition(); round += 1) {
    await sleep(100);
    if (round < next) continue;
    otherwise();
    next = round * 1.3 + 30;
  }
}

for (const { what, program, version, configuration, ask, engine } of versions) {
  const found = spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout ?? '';

  describeIf(version.test(found) && (engine === 'stand-in' || defaultModelReady), what, () => {
    let sample: SampleEditing;
    let socket: string;
    let editor: ChildProcess;

    function expression(text: string): string {
      const { stdout, stderr, status } = spawnSync(program, ['--server', socket, '--remote-expr', text], { encoding: 'utf8' });
      if (status !== 0) throw new Error(`${text}: ${stderr}`);
      return (stdout || stderr).trimEnd(); // 0.7 answers on stderr
    }

    const type = (keys: string): void => void spawnSync(program, ['--server', socket, '--remote-send', keys]);

    beforeAll(async () => {
      sample = editSample('.ts', engine);
      socket = join(sample.dir, 'nvim.sock');
      const folder = join(sample.env.XDG_CONFIG_HOME!, 'nvim');
      mkdirSync(folder, { recursive: true });
      for (const [name, from] of Object.entries(configuration)) cpSync(join(examples, 'neovim', from), join(folder, name), { recursive: true });
      editor = spawn(program, ['--headless', '-n', '--listen', socket, sample.file], { env: sample.env, stdio: 'ignore', cwd: sample.repository });
      await until(() => existsSync(socket) && expression(`luaeval("${connected}")`) === '1');
    });

    afterAll(() => {
      editor?.kill();
      sample?.remove();
    });

    it('shows and inserts a completion that names a declaration of an imported file', async () => {
      type(`<Esc>${sample.line}GA.${ask}`);
      const offered = () => (JSON.parse(expression('json_encode(complete_info(["items"]))')) as { items: { abbr: string; menu: string }[] }).items;
      const names = (text: string | undefined): boolean => sample.names.includes(/^\w*/.exec(text ?? '')![0]);
      // Until the window is read answers are empty, and until the context is they draw on a part of it: the user types on, here the dot again.
      await until(() => expression('pumvisible()') === '1' && names(offered()[0]?.abbr), () => type(`<BS>.${ask}`));
      const items = offered();
      expect(items).toHaveLength(1);
      expect(items[0].menu).toContain(sample.imported);
      type('<C-n><C-y>');
      await until(() => expression('pumvisible()') === '0');
      const line = expression('getline(".")');
      sample.check(line);
      expect(line).toBe(`${sample.before}.${items[0].abbr}`);
    }, 900_000);

    it('leaves no daemon behind', async () => {
      type('<Esc>:qa!<CR>');
      await sample.daemonsEnded();
      await until(() => editor.exitCode !== null);
      expect(editor.exitCode).toBe(0);
    });
  });
}
