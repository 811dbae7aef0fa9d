// The extension of examples/vscode with the real vscode-languageclient, in a host that stands for VS Code: its ghost text is a name that an imported file declares.
// Refuses to show that VS Code draws it: docs/decisions/0009-editors-tested.md.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { packageRoot } from '../../base/package.js';
import { describeIf } from '../harness/require.js';
import { editSample, examples } from '../harness/sample-editing.js';

const installed = process.env.KEDGE_VSCODE_CLIENT ?? join(packageRoot, '.venv', 'editors', 'vscode', 'node_modules');

describeIf(existsSync(join(installed, 'vscode-languageclient')), 'vscode-languageclient (under KEDGE_VSCODE_CLIENT or .venv/editors/vscode/node_modules)', () => {
  it('shows it, and leaves no daemon behind', async ({ onTestFinished }) => {
    const sample = editSample('.ts', 'stand-in');
    onTestFinished(() => sample.remove());
    const extension = join(sample.dir, 'extension');
    cpSync(join(examples, 'vscode'), extension, { recursive: true });
    symlinkSync(installed, join(extension, 'node_modules'));
    const host = join(packageRoot, 'dist', 'test', 'server', '../harness/vscode-host.js');
    const child = spawn(process.execPath, [host, extension, sample.repository, sample.file, String(sample.line)], { env: sample.env, cwd: sample.repository, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise((resolve) => child.on('close', resolve));
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(await ended, stderr).toBe(0);
    sample.check(stdout.trimEnd());
    await sample.daemonsEnded();
  }, 900_000);
});
