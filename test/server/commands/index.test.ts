// `kedge index` with the tiny model: what is read once is never read again, and what finds no room is named.
// Refuses to judge figures that depend on the machine.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { findModel, openEngine } from '../../../engine/index.js';
import { readAll, type FileToRead } from '../../../server/commands/index.js';
import { temporaryFolder } from '../../harness/folders.js';
import { runKedge, tinyCache, tinyModel } from '../../harness/tiny-cache.js';

let cache: string;
beforeAll(async () => {
  cache = await tinyCache();
});

const body = (name: string): string => `  let total = 0;\n${`  total += ${name}.length * 31 + total % 7;\n`.repeat(40)}  return total;\n`;
const declaration = (name: string, more = ''): string => `export function ${name}(): number {\n${more}${body(name)}}\n`;

function repository(): string {
  const root = temporaryFolder();
  mkdirSync(join(root, 'src'));
  writeFileSync(join(root, 'src', 'one.ts'), `${declaration('alpha')}\n${declaration('beta')}\n${declaration('gamma')}`);
  writeFileSync(join(root, 'src', 'two.py'), 'class Two:\n    def value(self):\n        return 2\n');
  return root;
}

type Summary = Record<string, number>;
const index = (root: string): Summary => {
  const { code, stdout, stderr } = runKedge(cache, root, 'index', '--model', tinyModel, '--json');
  expect([code, stderr.includes('unexpected')], stderr).toEqual([0, false]);
  return JSON.parse(stdout) as Summary;
};

describe('kedge index', () => {
  it('reads a folder once, a touched declaration again, and nothing on the way back', () => {
    const root = repository();
    const first = index(root);
    expect(Object.keys(first)).toEqual(['files', 'segments', 'segmentsEncoded', 'segmentsReused', 'tokens', 'rowsStored', 'storeBytes', 'denseBytesFp16', 'byteReduction', 'seconds', 'tokensPerSecond', 'rssPeakMb']);
    expect(first).toMatchObject({ files: 2, segmentsEncoded: first.segments, segmentsReused: 0 });
    expect(first.tokens).toBeGreaterThan(1000);
    expect(first.rowsStored).toBeLessThanOrEqual(first.tokens / 2);
    expect(first.byteReduction).toBeGreaterThan(0.5);

    expect(index(root)).toMatchObject({ segments: first.segments, segmentsEncoded: 0, segmentsReused: first.segments, tokens: first.tokens, rowsStored: first.rowsStored, storeBytes: first.storeBytes });

    const path = join(root, 'src', 'one.ts');
    writeFileSync(path, `${declaration('alpha')}\n${declaration('beta', '  // touched\n')}\n${declaration('gamma')}`);
    expect(index(root)).toMatchObject({ segments: first.segments, segmentsEncoded: 1 });
    writeFileSync(path, `${declaration('alpha')}\n${declaration('beta')}\n${declaration('gamma')}`);
    expect(index(root)).toMatchObject({ segmentsEncoded: 0 });
  });

  it('leaves out what the settings of the folder\'s project exclude', () => {
    const root = repository();
    writeFileSync(join(root, 'kedge.json'), '{ "exclude": ["/src/one.ts"] }');
    expect(index(join(root, 'src'))).toMatchObject({ files: 1 });
  });

  it('reads for the whole project what lies in a sub-folder, where settings alone tell of the project', () => {
    const root = repository();
    writeFileSync(join(root, 'kedge.json'), '{}');
    writeFileSync(join(root, 'src', 'three.ts'), declaration('delta'));
    const part = index(join(root, 'src'));
    expect(part.segmentsEncoded).toBeGreaterThan(0);
    expect(index(root)).toMatchObject({ segments: part.segments, segmentsEncoded: 0 });
  });

  it('reads a folder behind a link as where it lies', () => {
    const root = repository();
    const elsewhere = temporaryFolder();
    for (const folder of [root, elsewhere]) writeFileSync(join(folder, 'kedge.json'), '{}');
    symlinkSync(join(root, 'src'), join(elsewhere, 'linked'));
    expect(index(join(elsewhere, 'linked'))).toMatchObject({ files: 2 });
  });

  it('finds the same entries from a sub-folder of a repository, and reads nothing that git ignores or that is secret', () => {
    const root = repository();
    mkdirSync(join(root, '.git'));
    mkdirSync(join(root, 'node_modules', 'dep'), { recursive: true });
    writeFileSync(join(root, '.gitignore'), 'ignored.ts\n');
    for (const name of ['ignored.ts', 'node_modules/dep/index.js']) writeFileSync(join(root, name), 'export const ignored = "not to be read";\n');
    writeFileSync(join(root, '.env'), 'TOKEN=secret\n');
    const whole = index(root);
    expect(whole.files).toBe(2);
    expect(index(join(root, 'src'))).toMatchObject({ files: 2, segmentsEncoded: 0, segments: whole.segments });
  });

  it('says for a reader what it did, and names what it left out', () => {
    const root = repository();
    writeFileSync(join(root, 'src', 'binary.ts'), Buffer.from([0, 1, 2, 0, 255]));
    const { code, stdout, stderr } = runKedge(cache, root, 'index', '--model', tinyModel);
    expect(code).toBe(0);
    expect(stdout).toMatch(/2 files, \d+ segments \(\d+ read now, \d+ known\), [\d,]+ tokens\nstored: .* less than dense fp16 .*\ntook /);
    expect(stderr).toMatch(/left out: src\/binary\.ts \(/);
    expect(stderr).toMatch(/^[\d,]+ tokens in \d+ files: at most [\d.]+ MB in the store and about .+; what is stored already costs neither$/m);
  });

  it('stops at the store\'s bound, keeps what it wrote, and names the files that found no room', async () => {
    const model = findModel(tinyModel, { KEDGE_CACHE_DIR: cache })!;
    const engine = await openEngine({ model, storeDir: join(temporaryFolder(), 'store'), storeBytesMax: 1_000_000, inProcess: true });
    try {
      const files = Array.from({ length: 12 }, (_, file): FileToRead => {
        const text = declaration(`file${file}`);
        return { path: `file${file}.ts`, tokens: text.length, segments: [{ path: `file${file}.ts`, text, ranges: [], digest: String(file) }] };
      });
      const io = { signal: new AbortController().signal, progress: () => ({ on: () => {}, stop: () => {} }) };
      const first = await readAll(engine, files, io);
      expect(first.files).toBeGreaterThan(0);
      expect(first.leftOut).toEqual(files.slice(first.files).map(({ path }) => path));
      expect(first.leftOut.length).toBeGreaterThan(0);
      const again = await readAll(engine, files.slice(0, first.files), io);
      expect(again.reports.reduce((sum, report) => sum + report.segmentsEncoded, 0)).toBe(0);
      expect((await engine.info()).store.bytes).toBeLessThanOrEqual(1_000_000);
    } finally {
      await engine.close();
    }
  });
});
