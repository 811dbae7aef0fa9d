// `kedge model` as a user types it, with the real conversion of a tiny model. Refuses the network.
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cac } from 'cac';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noProgress } from '../../../base/progress.js';
import { conversionOf } from '../../../engine/graph/manifest.js';
import { addModelCommand } from '../../../server/commands/model.js';
import type { CommandIo } from '../../../server/commands/io.js';
import { writeTinyGguf } from '../../harness/tiny-gguf.js';

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'kedge-model-'))));
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
  process.exitCode = undefined;
});

/** What one call of `kedge model` writes to stdout, and the exit code it asks for. */
async function kedgeModel(...words: string[]): Promise<{ out: string; exitCode: typeof process.exitCode }> {
  const lines: string[] = [];
  const io: CommandIo = {
    out: (text) => lines.push(text),
    err: () => {},
    env: { KEDGE_CACHE_DIR: join(dir, 'cache'), PATH: dir, HF_ENDPOINT: 'http://127.0.0.1:9' },
    signal: new AbortController().signal,
    progress: () => ({ on: noProgress, stop() {} }),
  };
  const cli = cac('kedge');
  addModelCommand(cli, io);
  cli.parse(['node', 'kedge', 'model', ...words], { run: false });
  process.exitCode = undefined;
  await cli.runMatchedCommand();
  return { out: lines.join('\n'), exitCode: process.exitCode };
}

const json = async (...words: string[]): Promise<Record<string, unknown>> => JSON.parse((await kedgeModel(...words, '--json')).out) as Record<string, unknown>;

describe('kedge model', () => {
  it('lists what the catalogue has', async () => {
    const { models } = (await json('list')) as { models: { name: string; installed: boolean; default: boolean }[] };
    expect(models.map(({ name, installed }) => [name, installed])).toEqual([
      ['qwen2.5-coder-0.5b', false],
      ['qwen2.5-coder-1.5b', false],
      ['smollm2-135m', false],
    ]);
    expect((await kedgeModel('list')).out).toMatch(/qwen2\.5-coder-0\.5b +491 MB +Apache-2\.0 +not installed \(default\)/);
  });

  for (const architecture of ['qwen2', 'llama'] as const) {
    it(`adds, lists, verifies and removes a ${architecture} model of one's own`, async () => {
      const file = join(dir, 'mine.gguf');
      writeTinyGguf(file, { architecture, seed: 4 });
      const added = await json('add', file, '--name', 'own');
      expect(added).toMatchObject({ name: 'own', architecture, alreadyThere: false, converted: true });
      expect(((await json('list')) as { models: object[] }).models.at(-1)).toMatchObject({ name: 'own', installed: true, converted: true, default: false, licence: null, path: added.path });
      expect(await json('verify')).toMatchObject({ models: [{ name: 'own', intact: true, conversionIntact: true }] });
      truncateSync(join(conversionOf(dirname(added.path as string)), 'embedding.bin'), 100);
      const short = await kedgeModel('verify');
      expect(short.exitCode).toBe(1);
      expect(short.out).toMatch(/^own: intact, SHA-256 .*converted from it is damaged/);
      expect(await json('add', file, '--name', 'own')).toMatchObject({ alreadyThere: true, converted: true });
      writeFileSync(added.path as string, 'damaged');
      const damaged = await kedgeModel('verify', 'own');
      expect(damaged.exitCode).toBe(1);
      expect(damaged.out).toMatch(/^own: .*has the digest .*, not .*kedge model remove own/);
      expect(await json('remove', 'own')).toMatchObject({ name: 'own', removed: true });
      expect(await json('verify')).toEqual({ models: [] });
    });
  }

  const wrong: readonly { words: string[]; line: RegExp }[] = [
    { words: ['fetch'], line: /no action "fetch": kedge model has list, pull, add, remove, verify/ },
    { words: ['add'], line: /say which: kedge model add FILE\.gguf/ },
    { words: ['remove'], line: /say which: kedge model remove NAME/ },
    { words: ['remove', 'absent'], line: /no model "absent" is installed/ },
    { words: ['verify', 'absent'], line: /no model "absent" is installed/ },
    { words: ['pull', 'absent'], line: /no model "absent" in the catalogue/ },
    { words: ['pull'], line: /no source could give .*SHA-256 1d96.*kedge model add FILE/ },
  ];
  for (const { words, line } of wrong) {
    it(`answers "${words.join(' ')}" in one line`, async () => {
      await expect(kedgeModel(...words)).rejects.toThrow(line);
    });
  }
});
