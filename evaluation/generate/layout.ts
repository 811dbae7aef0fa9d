// Lays a package out as one repository: its sources and no build output, source map, minified file or second copy.
// Refuses entries that would leave the folder.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { UserError } from '../../base/errors.js';
import type { SourcePackage } from './sources.js';

const FILE_BYTES_MAX = 1_000_000;
const LINE_UNITS_MAX = 2_000;
const TEXT_FILE = /\.(?:[mc]?[jt]sx?|pyi?|json|md|toml|ya?ml)$/;
const BUILD_FOLDER = /^(?:dist|build|out|lib|esm|cjs|_esm|_cjs|_types|node_modules|android|ios|local-maven-repo|templates|__pycache__|.*\.dist-info|.*\.data)$/;
const BUILD_FILE = /\.(?:min|bundle|bundled)\.[mc]?js$|(?:^|\/)(?:package-lock\.json|CHANGELOG\.md)$/;

/** Unpacks the package's file into `dir` (emptied first); returns the repository-relative paths kept, sorted. */
export async function layOut(source: SourcePackage, packageFile: string, dir: string): Promise<string[]> {
  mkdirSync(dirname(dir), { recursive: true });
  const aside = mkdtempSync(join(dirname(dir), '.unpack-'));
  try {
    const files = source.registry === 'npm' ? await readTarball(packageFile, aside) : await readWheel(packageFile);
    const kept = keepSources(files);
    if (kept.size === 0) throw new UserError(`${source.package} ${source.version} holds no sources`);
    const fresh = join(aside, 'kept');
    for (const [path, bytes] of kept) {
      mkdirSync(dirname(join(fresh, path)), { recursive: true });
      writeFileSync(join(fresh, path), bytes);
    }
    rmSync(dir, { recursive: true, force: true });
    renameSync(fresh, dir);
    return [...kept.keys()];
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** What of a package is source: sorted by path. Pure. */
export function keepSources(files: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  const kept = new Map<string, Uint8Array>();
  const seen = new Set<string>();
  const hasSource = [...files.keys()].some((path) => path.startsWith('src/'));
  const paths = [...files.keys()].sort((a, b) => Number(b.startsWith('src/')) - Number(a.startsWith('src/')) || (a < b ? -1 : 1));
  for (const path of paths) {
    const bytes = files.get(path)!;
    const folders = path.split('/').slice(0, -1);
    const builtFolder = path.startsWith('src/') ? folders.includes('node_modules') : folders.some((folder) => BUILD_FOLDER.test(folder) && (folder !== 'lib' || hasSource));
    if (!TEXT_FILE.test(path) || builtFolder || BUILD_FILE.test(path) || bytes.byteLength > FILE_BYTES_MAX) continue;
    if (hasTypeScriptTwin(path, files)) continue;
    if (/\.(?:[mc]?[jt]sx?)$/.test(path) && isMinified(bytes)) continue;
    const digest = createHash('sha256').update(bytes).digest('hex');
    if (bytes.byteLength > 200 && seen.has(digest)) continue;
    seen.add(digest);
    kept.set(path, bytes);
  }
  return new Map([...kept].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A .js or .d.ts beside the .ts that it was made from. */
function hasTypeScriptTwin(path: string, files: ReadonlyMap<string, Uint8Array>): boolean {
  const made = /^(.*?)(?:\.d\.([mc]?)ts|\.([mc]?)jsx?)$/.exec(path);
  if (!made) return false;
  const stem = made[1];
  return [`${stem}.ts`, `${stem}.tsx`, `${stem}.mts`, `${stem}.cts`].some((twin) => twin !== path && files.has(twin));
}

function isMinified(bytes: Uint8Array): boolean {
  return Buffer.from(bytes).toString('utf8').split('\n').some((line) => line.length > LINE_UNITS_MAX);
}

async function readTarball(path: string, aside: string): Promise<Map<string, Uint8Array>> {
  const unpacked = join(aside, 'tar');
  mkdirSync(unpacked);
  await promisify(execFile)('tar', ['-xzf', path, '-C', unpacked]).catch((error: Error) => {
    throw new UserError(`${path} could not be unpacked with tar: ${error.message.split('\n')[0]}`);
  });
  const [top] = readdirSync(unpacked);
  const root = join(unpacked, top);
  const files = new Map<string, Uint8Array>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    files.set(relative(root, file).split(sep).join('/'), readFileSync(file));
  }
  return files;
}

function readWheel(path: string): Promise<Map<string, Uint8Array>> {
  if (!existsSync(path)) throw new UserError(`${path} does not exist`);
  return new Promise((resolve, reject) => {
    const files = new Map<string, Uint8Array>();
    // yauzl refuses absolute paths and `..` by itself.
    yauzl.open(path, { lazyEntries: true }, (error, zip: ZipFile) => {
      if (error) return reject(new UserError(`${path} is not a wheel: ${error.message}`));
      zip.on('error', reject);
      zip.on('end', () => resolve(files));
      zip.on('entry', (entry: Entry) => {
        if (entry.fileName.endsWith('/') || entry.uncompressedSize > FILE_BYTES_MAX || !TEXT_FILE.test(entry.fileName)) return zip.readEntry();
        zip.openReadStream(entry, (failed, stream) => {
          if (failed) return reject(failed);
          const chunks: Buffer[] = [];
          stream.on('data', (chunk: Buffer) => chunks.push(chunk));
          stream.on('error', reject);
          stream.on('end', () => {
            files.set(entry.fileName, Buffer.concat(chunks));
            zip.readEntry();
          });
        });
      });
      zip.readEntry();
    });
  });
}
