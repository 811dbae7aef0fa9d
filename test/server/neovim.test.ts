// A real Neovim 0.11 with the real model: typing a dot opens a popup that names a declaration of an imported file, and accepting it inserts it whole.
// Refuses to script the answer: keys are typed, and the buffer is read.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { modelsDir } from '../../base/paths.js';
import { outlineOf } from '../../context/index.js';
import { findModel, isReady } from '../../engine/index.js';
import { packageRoot } from '../../base/package.js';
import { mainPath } from '../harness/client.js';
import { describeIf } from '../harness/require.js';

const nvim = process.env.KEDGE_NVIM ?? 'nvim';
const version = spawnSync(nvim, ['--version'], { encoding: 'utf8' }).stdout?.split('\n')[0] ?? '';
const model = findModel(undefined, process.env);
const present = /^NVIM v0\.(1[1-9]|[2-9]\d)/.test(version) && model !== undefined && isReady(model);

const dir = mkdtempSync(join(tmpdir(), 'kedge-nvim-'));
const repository = join(dir, 'harbour');
const socket = join(dir, 'nvim.sock');
const exitCode = join(dir, 'exit-code');

interface Cursor {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
  readonly identifier: string;
  readonly definedIn: string;
}

/** The sample's first marked cursor: the line is cut before the dot that precedes it. */
const sample = join(packageRoot, 'examples', 'harbour');
const cursor = (JSON.parse(readFileSync(join(sample, 'cursors.json'), 'utf8')) as Cursor[])[0];
const file = join(repository, cursor.file);
const imported = basename(cursor.definedIn);

function expression(text: string): string {
  const { stdout, stderr, status } = spawnSync(nvim, ['--server', socket, '--remote-expr', text], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${text}: ${stderr}`);
  return stdout.trim();
}

const type = (keys: string): void => void spawnSync(nvim, ['--server', socket, '--remote-send', keys]);

/** Asks again and again; `otherwise` is done after 3 s, then ever more seldom, since a slow machine needs longer to read. */
async function until(condition: () => boolean, otherwise: () => void = () => {}): Promise<void> {
  for (let round = 1, next = 30; !condition(); round += 1) {
    await sleep(100);
    if (round < next) continue;
    otherwise();
    next = round * 1.3 + 30;
  }
}

/** Names declared in the imported file that the completed one does not hold. */
function importedNames(): string[] {
  const path = join(repository, cursor.definedIn);
  const text = readFileSync(path, 'utf8');
  const outline = outlineOf(path, text);
  const names = outline?.declarations.flatMap((declaration) => [declaration, ...declaration.children]).flatMap((declaration) => declaration.names) ?? [];
  const own = readFileSync(file, 'utf8');
  return names.filter((name) => /^\w{4,}$/.test(name) && !new RegExp(`\\b${name}\\b`).test(own));
}

describeIf(present, 'Neovim 0.11 or newer (KEDGE_NVIM or nvim in PATH) and the default model', () => {
  let editor: ChildProcess;
  let before: string;

  beforeAll(async () => {
    cpSync(sample, repository, { recursive: true });
    const lines = readFileSync(file, 'utf8').split('\n');
    const line = lines[cursor.line - 1];
    expect(line.slice(cursor.column - 2)).toBe(`.${cursor.text}`);
    lines[cursor.line - 1] = before = line.slice(0, cursor.column - 2);
    writeFileSync(file, lines.join('\n'));
    mkdirSync(join(repository, '.git'));
    mkdirSync(join(dir, 'cache'));
    symlinkSync(modelsDir(process.env), join(dir, 'cache', 'models'));
    const command = ['sh', '-c', `"${process.execPath}" "${mainPath}" --stdio; echo $? > "${exitCode}"`];
    const init = [
      `vim.lsp.config('kedge', { cmd = vim.json.decode([==[${JSON.stringify(command)}]==]), filetypes = { 'typescript' }, root_markers = { '.git' } })`,
      'vim.lsp.enable(\'kedge\')',
      'vim.o.completeopt = \'menu,menuone,noinsert\'',
      'vim.api.nvim_create_autocmd(\'LspAttach\', { callback = function(args)',
      '  vim.lsp.completion.enable(true, args.data.client_id, args.buf, { autotrigger = true })',
      '  vim.g.kedge_attached = 1',
      'end })',
    ];
    writeFileSync(join(dir, 'init.lua'), init.join('\n'));
    editor = spawn(nvim, ['--headless', '--clean', '-u', join(dir, 'init.lua'), '--listen', socket, file], {
      env: { ...process.env, KEDGE_CACHE_DIR: join(dir, 'cache') }, stdio: 'ignore', cwd: repository,
    });
    await until(() => existsSync(socket) && expression('get(g:, "kedge_attached", 0)') === '1');
  });

  afterAll(() => {
    editor?.kill();
    rmSync(dir, { recursive: true, force: true });
  });

  it('shows and inserts a completion that names a declaration of an imported file', async () => {
    const names = importedNames();
    expect(names).toContain(cursor.identifier);
    type(`<Esc>${cursor.line}GA.`);
    // Until context and window are read the answers are empty: the user types on, here the dot again.
    await until(() => expression('pumvisible()') === '1', () => type('<BS>.'));
    const { items } = JSON.parse(expression('json_encode(complete_info(["items"]))')) as { items: { abbr: string; menu: string }[] };
    expect(items).toHaveLength(1);
    expect(items[0].menu).toContain(imported);
    expect(items[0].abbr).toMatch(new RegExp(`\\b(${names.join('|')})\\b`));
    type('<C-y>');
    await until(() => expression('pumvisible()') === '0');
    expect(expression('getline(".")').trim()).toBe(`${before.trim()}.${items[0].abbr}`);
  }, 900_000);

  it('leaves no daemon behind', async () => {
    type('<Esc>:qa!<CR>');
    await until(() => existsSync(exitCode) && editor.exitCode !== null);
    expect(editor.exitCode).toBe(0);
  });
});
