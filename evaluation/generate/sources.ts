// The pinned source packages that tasks are made from: reads the list, fetches each package by its digest.
// Refuses to run anything that a package holds, and to accept bytes of another digest.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { UserError, explainSystemError } from '../../base/errors.js';

export interface SourcePackage {
  /** Name of the sub-folder it is laid out in. */
  readonly repository: string;
  readonly registry: 'npm' | 'pypi';
  readonly package: string;
  readonly version: string;
  /** `sha256:` and hex, of the package's own file (a .tgz, a .whl). */
  readonly digest: string;
  /** Date of this version, year and month at least. */
  readonly published: string;
  readonly license: string;
  /** Nobody may tune on it. */
  readonly heldOut: boolean;
}

const STRING_FIELDS = ['repository', 'registry', 'package', 'version', 'digest', 'published', 'license'] as const;

/** Throws a UserError that names the file and the entry at fault. */
export function readSources(path: string): SourcePackage[] {
  let list: unknown;
  try {
    list = (JSON.parse(readFileSync(path, 'utf8')) as { sources?: unknown }).sources;
  } catch (error) {
    if (error instanceof SyntaxError) throw new UserError(`${path} is not JSON: ${error.message}`);
    throw explainSystemError(error, path);
  }
  if (!Array.isArray(list) || list.length === 0) throw new UserError(`${path} needs a list "sources" with at least one package`);
  const repositories = new Set<string>();
  list.forEach((entry: Record<string, unknown>, index) => {
    const where = `${path}, source ${index + 1}`;
    for (const field of STRING_FIELDS) if (typeof entry?.[field] !== 'string') throw new UserError(`${where}: "${field}" must be a text`);
    if (typeof entry.heldOut !== 'boolean') throw new UserError(`${where}: "heldOut" must be true or false`);
    if (entry.registry !== 'npm' && entry.registry !== 'pypi') throw new UserError(`${where}: "registry" must be npm or pypi`);
    if (!/^sha256:[0-9a-f]{64}$/.test(entry.digest as string)) throw new UserError(`${where}: "digest" must be sha256: and 64 hex digits`);
    if (!/^[\w.-]+$/.test(entry.repository as string) || /^\.+$/.test(entry.repository as string)) throw new UserError(`${where}: "repository" must be a plain folder name`);
    if (!/^(@?[\w.-]+\/)?[\w.-]+$/.test(entry.package as string) || !/^[\w.+-]+$/.test(entry.version as string)) throw new UserError(`${where}: "package" or "version" is not one that a registry has`);
    if (repositories.has(entry.repository as string)) throw new UserError(`${where}: repository ${String(entry.repository)} is named twice`);
    repositories.add(entry.repository as string);
  });
  return list as SourcePackage[];
}

/** The package's file in `downloadsDir`, fetched through the registry's ordinary client unless it is there already. */
export async function fetchPackage(source: SourcePackage, downloadsDir: string, signal?: AbortSignal): Promise<string> {
  const path = join(downloadsDir, `${source.repository}-${source.version}${source.registry === 'npm' ? '.tgz' : '.whl'}`);
  if (existsSync(path) && digestOfFile(path) === source.digest) return path;
  mkdirSync(downloadsDir, { recursive: true });
  const aside = mkdtempSync(join(downloadsDir, '.fetch-'));
  try {
    const pinned = source.registry === 'npm' ? `${source.package}@${source.version}` : `${source.package}==${source.version}`;
    if (source.registry === 'npm') await run('npm', ['pack', pinned, '--silent', '--ignore-scripts', '--pack-destination', aside], pinned, signal);
    else await runFirst(['python3', 'python'], ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--python-version', '3.13', '--dest', aside, pinned], pinned, signal);
    const [file] = readdirSync(aside).filter((name) => /\.(tgz|whl)$/.test(name));
    if (!file) throw new UserError(`${pinned}: the registry's client left no file`);
    const digest = digestOfFile(join(aside, file));
    if (digest !== source.digest) throw new UserError(`${pinned} has the digest ${digest}, not ${source.digest}: it is not the package that the tasks were made from`);
    renameSync(join(aside, file), path);
    return path;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

const digestOfFile = (path: string): string => `sha256:${createHash('sha256').update(readFileSync(path)).digest('hex')}`;

const execute = promisify(execFile);

async function run(command: string, args: readonly string[], what: string, signal?: AbortSignal): Promise<void> {
  try {
    await execute(command, [...args], { signal, shell: process.platform === 'win32' && command === 'npm' });
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    const text = String((error as { stderr?: string }).stderr ?? error).trim().split('\n').at(-1);
    throw new UserError(`${what} could not be fetched with ${command}: ${text}`);
  }
}

/** Python goes by more than one name. */
async function runFirst(commands: readonly string[], args: readonly string[], what: string, signal?: AbortSignal): Promise<void> {
  for (const command of commands.slice(0, -1)) {
    const known = await execute(command, ['--version']).then(
      () => true,
      () => false,
    );
    if (known) return run(command, args, what, signal);
  }
  return run(commands.at(-1)!, args, what, signal);
}
