// Public repositories that Kedge never saw: each indexed by the program and completed in through the protocol, a secret planted in it.
// Refuses to change the packages' own files: secrets are laid beside them, in a copy.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { packageFile } from '../base/package.js';
import { modelsDir, type Env } from '../base/paths.js';
import { listFiles } from '../context/index.js';
import { fetchPackage, layOut, readSources, type SourcePackage } from '../evaluation/index.js';
import { quantile, ScriptedEditor, type Answer } from './editor.js';

const COMPLETIONS = 50;
/** Between an empty answer and the next asking, as between two words typed. */
const AGAIN_MS = 500;
/** A document just opened has its plan read before the first cursor in it. */
const FILES_OPENED_MAX = 10;
/** Stands in every planted secret; must be found nowhere else afterwards. */
const CANARY = 'kdgcanary7f3a91';

const SECRETS: Readonly<Record<string, string>> = {
  '.env': `API_TOKEN=${CANARY}\n`,
  '.env.production': `API_TOKEN=${CANARY}\n`,
  '.npmrc': `//registry.example/:_authToken=${CANARY}\n`,
  'config/credentials.json': `{"token": "${CANARY}"}\n`,
  'deploy/id_rsa': `-----BEGIN OPENSSH PRIVATE KEY-----\n${CANARY}\n`,
  '.env.example': `API_TOKEN=${CANARY}\nAPI_URL=\n`,
};

interface Figures {
  readonly repository: string;
  readonly files: number;
  readonly tokens: number;
  readonly indexSeconds: number;
  readonly storeMb: number;
  /** Shares of the places: with an offer at the first asking, and at the first or second. */
  readonly offered: { readonly first: number; readonly second: number };
  readonly answerMs: { readonly p50: number; readonly p95: number };
  readonly rssPeakMb: number;
  readonly exitCode: number | null;
  readonly leaks: readonly string[];
}

export async function benchRepositories(env: Env, onStep: (line: string) => void): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'kedge-bench-repositories-'));
  try {
    const rows: Figures[] = [];
    for (const source of readSources(packageFile('bench', 'repositories.json'))) {
      const figures = await measure(source, dir, env);
      onStep(lineOf(figures));
      rows.push(figures);
    }
    return rows.map(lineOf).join('\n');
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function measure(source: SourcePackage, dir: string, env: Env): Promise<Figures> {
  const root = join(dir, source.repository);
  await layOut(source, await fetchPackage(source, join(dir, 'downloads')), root);
  for (const [name, text] of Object.entries(SECRETS)) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  const cache = join(dir, `${source.repository}-cache`);
  mkdirSync(cache);
  symlinkSync(modelsDir(env), join(cache, 'models'), 'junction');
  const own = { ...env, KEDGE_CACHE_DIR: cache };
  const { stdout } = await promisify(execFile)(process.execPath, [packageFile('dist', 'server', 'main.js'), 'index', root, '--json'], { env: own, maxBuffer: 64 << 20 });
  const index = JSON.parse(stdout) as { files: number; tokens: number; seconds: number; storeBytes: number };

  const editor = await ScriptedEditor.start(root, own);
  const first: Answer[] = [];
  const second: Answer[] = [];
  const { files } = listFiles(root);
  const opened = files.filter((_, i) => i % Math.ceil(files.length / FILES_OPENED_MAX) === 0);
  for (const path of opened) {
    const text = readFileSync(path, 'utf8');
    await editor.open(path, text);
    for (const offset of cursors(text, Math.ceil(COMPLETIONS / opened.length))) {
      const answer = await editor.complete(path, offset);
      first.push(answer);
      if (answer.text === '') await sleep(AGAIN_MS);
      second.push(answer.text === '' ? await editor.complete(path, offset) : answer);
    }
    await editor.close(path);
  }
  const rssPeakMb = editor.rssPeakMb() ?? NaN;
  const exitCode = await editor.stop();
  const leaks = [...filesWithCanary(cache), ...second.filter(({ text }) => text.includes(CANARY)).map(({ text }) => `an offer: ${text}`)];
  const offered = (answers: readonly Answer[]): number => answers.filter(({ text }) => text !== '').length / answers.length;
  const ms = first.map((answer) => answer.ms);
  return {
    repository: source.repository, files: index.files, tokens: index.tokens, indexSeconds: index.seconds, storeMb: index.storeBytes / 1e6,
    offered: { first: offered(first), second: offered(second) }, answerMs: { p50: quantile(ms, 0.5), p95: quantile(ms, 0.95) }, rssPeakMb, exitCode, leaks,
  };
}

/** `count` places at even distances, each behind the first word of its line. */
function cursors(text: string, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const lineStart = text.lastIndexOf('\n', Math.floor(((i + 0.5) * text.length) / count)) + 1;
    return lineStart + (/^\s*\w*/.exec(text.slice(lineStart))?.[0].length ?? 0);
  });
}

/** Files of the cache whose bytes hold the canary, the model's apart. */
function filesWithCanary(cache: string): string[] {
  return readdirSync(cache, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(CANARY))
    .map((entry) => join(entry.parentPath, entry.name));
}

const lineOf = (f: Figures): string =>
  `${f.repository.padEnd(16)}${f.files} files, ${f.tokens} tokens in ${f.indexSeconds.toFixed(0)} s, store ${f.storeMb.toFixed(0)} MB; ${COMPLETIONS} completions: ${(100 * f.offered.first).toFixed(0)}% with an offer, ${(100 * f.offered.second).toFixed(0)}% when asked twice, ` +
  `answered in ${f.answerMs.p50.toFixed(0)} ms (95%: ${f.answerMs.p95.toFixed(0)}), memory at most ${f.rssPeakMb.toFixed(0)} MB, exit code ${f.exitCode}, leaks: ${f.leaks.length === 0 ? 'none' : f.leaks.join('; ')}`;
