// A real Emacs in batch with the configuration of examples/emacs: its completion at point inserts a name that an imported file declares.
// Refuses to ask in the client's stead: emacs-complete.el types a dot and takes what Kedge is shown to offer.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../base/package.js';
import { describeIf } from '../harness/require.js';
import { editSample, examples, type SampleEditing } from '../harness/sample-editing.js';

const emacs = process.env.KEDGE_EMACS ?? 'emacs';

/** `beside` are the programs that must run in the same buffer; `without` one that the user has not installed. */
const cases: readonly { client: 'eglot' | 'lsp-mode'; beside: readonly string[]; without?: string }[] = [
  { client: 'eglot', beside: [], without: 'rass' },
  { client: 'eglot', beside: ['rass', 'pylsp'] },
  { client: 'lsp-mode', beside: ['pylsp'] },
];

const ends = (program: string, ...args: string[]): boolean => spawnSync(program, args, { stdio: 'ignore' }).status === 0;
const hasClients = ends(emacs, '--batch', '--eval', "(progn (require 'package) (package-initialize) (require 'eglot) (require 'lsp-mode))");
const hasServers = ends('pylsp', '--version') && ends('rass', '--help');

describeIf(hasClients && hasServers, 'Emacs (KEDGE_EMACS or emacs in PATH) with eglot and lsp-mode, and pylsp and rass in PATH', () => {
  let sample: SampleEditing;
  beforeAll(() => {
    sample = editSample('.py', 'stand-in');
  });
  afterAll(() => sample.remove());

  it.each(cases)('$client beside $beside inserts it, and leaves no daemon behind', async ({ client, beside, without }) => {
    const path = sample.env.PATH!.split(delimiter).filter((folder) => without === undefined || !existsSync(join(folder, without)));
    const args = ['--batch', '-l', join(examples, 'emacs', `kedge-${client}.el`), '-l', join(packageRoot, 'test', 'harness', 'emacs-complete.el'), client, sample.file, String(sample.line)];
    const child = spawn(emacs, args, { env: { ...sample.env, PATH: path.join(delimiter) }, cwd: sample.repository, stdio: ['ignore', 'pipe', 'pipe'] });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [line, servers] = stdout.trimEnd().split('\n').slice(-2);
    expect(servers, stderr).toBe(['kedge', ...beside.filter((program) => program !== 'rass')].sort().join(' '));
    sample.check(line);
    await sample.daemonsEnded();
  }, 900_000);
});
