// What a newcomer installs: the packed tarball, globally, without install scripts, gives a working kedge and warns of nothing.
// Refuses to run where the npm registry cannot be reached: the tarball's dependencies come from there.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeIf } from '../harness/require.js';

const root = join(import.meta.dirname, '..', '..');
const isWindows = process.platform === 'win32';
const npm = (args: readonly string[], cwd = root) => spawnSync('npm', [...args], { cwd, encoding: 'utf8', shell: isWindows });
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const isReachable = process.env.KEDGE_REQUIRE_ALL === '1' || npm(['ping', '--fetch-timeout=5000', '--fetch-retries=0']).status === 0;

describeIf(isReachable, 'the npm registry', () => {
  const dir = mkdtempSync(join(tmpdir(), 'kedge-package-'));
  const kedge = join(dir, 'global', ...(isWindows ? ['kedge.cmd'] : ['bin', 'kedge']));
  const env = { ...process.env, KEDGE_CACHE_DIR: join(dir, 'cache') };
  const stale = join(root, 'dist', 'server', 'gone.js');
  let packed: { readonly filename: string; readonly files: readonly { readonly path: string }[] };
  let installed: ReturnType<typeof npm>;
  const run = (...args: string[]): string => execFileSync(kedge, args, { cwd: dir, env, encoding: 'utf8', shell: isWindows });

  beforeAll(() => {
    mkdirSync(dirname(stale), { recursive: true });
    writeFileSync(stale, '// left by a source that is gone\n');
    execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: 'inherit' });
    packed = (JSON.parse(npm(['pack', '--json', '--pack-destination', dir]).stdout) as [typeof packed])[0];
    installed = npm(['install', '--global', '--ignore-scripts', '--prefix', join(dir, 'global'), join(dir, packed.filename)], dir);
  }, 600_000);
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('packs no tests, nothing of this machine, and nothing that a build left of sources that are gone', () => {
    const paths = packed.files.map(({ path }) => path).filter((path) => !path.startsWith('node_modules/'));
    expect(paths).toContain('dist/server/main.js');
    expect(paths).not.toContain('dist/server/gone.js');
    expect(paths).toContain('models/catalogue.json');
    expect(paths.filter((path) => /^(test|training|dist\/test|\.)|__pycache__|\.(tmp|gguf|onnx|jsonl|tsbuildinfo)$/.test(path))).toEqual([]);
  });

  it('installs without a warning', () => {
    expect(installed.stderr.split('\n').filter((line) => /^npm (warn|error)/i.test(line))).toEqual([]);
    expect(installed.status).toBe(0);
  });

  describe('gives a kedge that', () => {
    it('knows its version', () => expect(run('--version')).toBe(`kedge ${version}\n`));

    it('lists its commands', () => {
      const help = run('--help');
      for (const command of ['model', 'index', 'complete', 'demo', 'eval', 'cache', 'doctor']) expect(help).toMatch(new RegExp(`^ +${command}\\b`, 'm'));
    });

    it('lists models, none of them there yet', () => {
      const { models } = JSON.parse(run('model', 'list', '--json')) as { models: { default: boolean; installed: boolean }[] };
      expect(models.filter((model) => model.default)).toHaveLength(1);
      expect(models.filter((model) => model.installed)).toEqual([]);
    });

    it('says in one line what to do without a model', () => {
      const project = join(dir, 'project');
      mkdirSync(project);
      const { status, stderr } = spawnSync(kedge, ['index', project], { env, encoding: 'utf8', shell: isWindows });
      expect(status).toBe(1);
      expect(stderr).toMatch(/^kedge: .*kedge model pull.*\n$/);
    });
  });
});
