// Adding, finding, removing and verifying models of one's own. Refuses the real conversion: `kedge model` is tested with it.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asideOf } from '../../../base/aside.js';
import { UserError } from '../../../base/errors.js';
import type { CatalogueEntry } from '../../../engine/weights/catalogue.js';
import { addModel, convertInstalled, findModel, installedModels, removeModel, verifyModel } from '../../../engine/weights/models.js';
import { tinyVector, writeTinyGguf } from '../../harness/tiny-gguf.js';
import { entryFor, rejection, sha256Of, Workbench } from './fixture.js';

let bench: Workbench;
beforeEach(() => void (bench = new Workbench()));
afterEach(() => bench.dispose());

function tiny(file: string, options: Partial<Parameters<typeof writeTinyGguf>[1]> = {}): string {
  const path = join(bench.dir, file);
  writeTinyGguf(path, { architecture: 'qwen2', seed: 1, ...options });
  return path;
}

const knownFor = (path: string, more: Partial<CatalogueEntry> = {}): CatalogueEntry => entryFor(readFileSync(path), [], { name: 'known', ...more });
const fim = { prefix: '<a>', suffix: '<b>', middle: '<c>' };

describe('models', () => {
  it('adds a file under a name made from its own, and finds, verifies and removes it', async () => {
    const path = tiny('My Model (1).gguf');
    const converted: string[] = [];
    const options = bench.options({
      convert: async (gguf, outDir, { fim: tokens }) => {
        expect(tokens).toBeUndefined();
        converted.push(gguf.architecture);
        mkdirSync(outDir);
      },
    });
    const { model } = await addModel(path, options);
    expect(model.name).toBe('my-model-1');
    expect(converted).toEqual(['qwen2']);
    expect(readFileSync(model.ggufPath).equals(readFileSync(path))).toBe(true);
    expect(installedModels(bench.env)).toEqual([model]);
    expect(findModel('my-model-1', bench.env)).toEqual(model);
    expect(await verifyModel('my-model-1', options)).toMatchObject({ intact: true, expected: sha256Of(readFileSync(path)) });

    writeFileSync(model.ggufPath, 'something else');
    expect(await verifyModel('my-model-1', options)).toMatchObject({ intact: false });
    expect(removeModel('my-model-1', bench.env).dir).toBe(model.dir);
    expect(readdirSync(join(bench.cache, 'models'))).toEqual([]);
    expect(() => removeModel('my-model-1', bench.env)).toThrow(/none is; run kedge model pull/);
  });

  it('takes no room for a file on the same disk, and leaves the original when removed', async () => {
    const path = tiny('a.gguf');
    const { model } = await addModel(path, bench.options());
    expect(statSync(model.ggufPath).ino).toBe(statSync(path).ino);
    removeModel('a', bench.env);
    expect(statSync(path).size).toBe(model.bytes);
  });

  it('adds a file that is named by a relative link, as in the cache of Hugging Face', async () => {
    const path = tiny('blob');
    const snapshot = join(bench.dir, 'snapshot');
    mkdirSync(snapshot);
    symlinkSync(join('..', 'blob'), join(snapshot, 'm.gguf'));
    const { model } = await addModel(join(snapshot, 'm.gguf'), bench.options());
    expect(model).toMatchObject({ name: 'm', file: 'm.gguf', bytes: statSync(path).size });
    expect(statSync(model.ggufPath).ino).toBe(statSync(path).ino);
  });

  it('gives a file that the catalogue knows its name and its tokens', async () => {
    const path = tiny('downloaded-by-hand.gguf');
    const seen: unknown[] = [];
    const options = bench.options({ entries: [knownFor(path, { fim })], convert: async (_, __, { fim: tokens }) => void seen.push(tokens) });
    expect((await addModel(path, options)).model.name).toBe('known');
    expect(findModel(undefined, bench.env, options.entries)?.name).toBe('known');
    expect((await addModel(path, { ...options, name: 'mine' })).model.name).toBe('mine');
    expect(seen).toEqual([fim, fim]);
  });

  it('is content with a model that is there already, and refuses another of its name', async () => {
    const options = bench.options();
    await addModel(tiny('a.gguf'), options);
    expect((await addModel(tiny('b.gguf'), { ...options, name: 'a' })).alreadyThere).toBe(true);
    const error = await rejection(addModel(tiny('c.gguf', { seed: 2 }), { ...options, name: 'a' }));
    expect(error.message).toMatch(/another model named a is installed.*--name/);
    expect(installedModels(bench.env)).toHaveLength(1);
  });

  it('replaces a damaged model by a good copy', async () => {
    const options = bench.options();
    const { model } = await addModel(tiny('a.gguf'), options);
    rmSync(model.ggufPath);
    writeFileSync(model.ggufPath, 'damaged');
    const again = await addModel(tiny('b.gguf'), { ...options, name: 'a' });
    expect(again.alreadyThere).toBe(false);
    expect((await verifyModel('a', options)).intact).toBe(true);
  });

  it("leaves other versions' conversions alone until nobody opened them for a week", async () => {
    const day = 24 * 3600;
    const now = Date.now() / 1000;
    const others = { converted: 20, 'converted-3': 8, 'converted-4': 6, 'converted-99': 9 };
    const options = bench.options();
    const { model } = await addModel(tiny('a.gguf'), options);
    for (const [name, days] of Object.entries(others)) {
      const manifest = join(model.dir, name, 'manifest.json');
      mkdirSync(join(model.dir, name));
      writeFileSync(manifest, '{}');
      // The first versions read their manifest and left no other mark.
      utimesSync(manifest, now - (name === 'converted' ? 2 : days) * day, now - 30 * day);
      utimesSync(join(model.dir, name), now - days * day, now - days * day);
    }
    await addModel(tiny('a.gguf'), options);
    expect(readdirSync(model.dir).filter((name) => name.startsWith('converted')).sort()).toEqual(['converted', 'converted-4']);
  });

  it('clears away what a kill left of an old conversion', async () => {
    const { model } = await addModel(tiny('a.gguf'), bench.options());
    const deadPid = spawnSync(process.execPath, ['--version']).pid;
    const left = asideOf(join(model.dir, '.removed'), deadPid);
    mkdirSync(join(left, 'inside'), { recursive: true });
    await convertInstalled(model, bench.options());
    expect(existsSync(left)).toBe(false);
  });

  it('keeps nothing of a model that cannot be converted', async () => {
    const path = tiny('a.gguf');
    const error = await rejection(addModel(path, bench.options({ convert: () => Promise.reject(new UserError('it lacks a tensor')) })));
    expect(error.message).toBe('it lacks a tensor');
    expect(readdirSync(join(bench.cache, 'models'))).toEqual([]);
    expect(statSync(path).size).toBeGreaterThan(0);
  });

  const refused: readonly { title: string; make(): string; name?: string; line: RegExp; unread?: true }[] = [
    { title: 'another architecture', make: () => tiny('x.gguf', { metadata: { 'general.architecture': 'gemma3' } }), line: /x\.gguf: architecture 'gemma3' is not supported \(supported: qwen2, llama\)/ },
    { title: 'another tokenizer', make: () => tiny('x.gguf', { metadata: { 'tokenizer.ggml.model': 'llama' } }), line: /x\.gguf: the tokenizer is "llama"/ },
    { title: 'no tokenizer', make: () => tiny('x.gguf', { metadata: { 'tokenizer.ggml.model': undefined } }), line: /x\.gguf: the tokenizer is "undefined"/ },
    { title: 'another word rule', make: () => tiny('x.gguf', { metadata: { 'tokenizer.ggml.pre': 'tekken' } }), line: /x\.gguf: .*word rule "tekken"/, unread: true },
    { title: 'a tensor that is not computed with', make: () => tiny('x.gguf', { tensors: [tinyVector('new.invention', [1])] }), line: /x\.gguf: .*'new\.invention'/, unread: true },
    { title: 'a name with a slash', make: () => tiny('x.gguf'), name: '../x', line: /"\.\.\/x" is no name for a model/ },
    { title: "the name of the catalogue's model", make: () => tiny('x.gguf'), name: 'qwen2.5-coder-0.5b', line: /belongs to the catalogue's model/ },
    { title: 'a file that is absent', make: () => join(bench.dir, 'absent.gguf'), line: /absent\.gguf does not exist/ },
  ];
  for (const { title, make, name, line, unread } of refused) {
    it(`refuses ${title} in one line, installing nothing`, async () => {
      let bytesRead = 0;
      const error = await rejection(addModel(make(), { ...bench.options({ onProgress: ({ done }) => (bytesRead = done) }), name }));
      if (unread) expect(bytesRead).toBe(0);
      expect(error).toBeInstanceOf(UserError);
      expect(error.message).toMatch(line);
      expect(error.message).not.toContain('\n');
      expect(installedModels(bench.env)).toEqual([]);
    });
  }

  it('takes no folder for a model that lacks its record or its file', async () => {
    const { model } = await addModel(tiny('a.gguf'), bench.options());
    mkdirSync(join(bench.cache, 'models', 'half'));
    expect(installedModels(bench.env)).toEqual([model]);
    expect(findModel('../models/a', bench.env)).toBeUndefined();
  });
});
