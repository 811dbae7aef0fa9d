// What the tests of model sources share: a catalogue entry over random bytes, a hub on this machine, and fake uv and pip that serve wheels.
// Refuses the network.
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog, type Log } from '../../../base/log.js';
import { noProgress } from '../../../base/progress.js';
import type { CatalogueEntry, PythonPart, Source } from '../../../engine/weights/catalogue.js';
import type { ModelOptions } from '../../../engine/weights/models.js';
import { writeWheel } from '../../harness/wheel.js';

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Incompressible bytes that depend on `seed` only. */
export function someBytes(count: number, seed: number): Buffer {
  let state = seed >>> 0 || 1;
  return Buffer.from(Array.from({ length: count }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24));
}

export function entryFor(bytes: Uint8Array, sources: readonly Source[], more: Partial<CatalogueEntry> = {}): CatalogueEntry {
  return { name: 'tiny', default: true, file: 'tiny.gguf', bytes: bytes.length, convertedBytes: bytes.length, sha256: sha256Of(bytes), licence: 'Apache-2.0', architecture: 'qwen2', fim: null, sources, ...more };
}

export class Workbench {
  readonly dir = mkdtempSync(join(tmpdir(), 'kedge-weights-'));
  readonly cache = join(this.dir, 'cache');
  readonly bin = join(this.dir, 'bin');
  readonly wheels = join(this.dir, 'wheels');
  readonly lines: string[] = [];

  constructor() {
    mkdirSync(this.bin);
    mkdirSync(this.wheels);
  }

  get env(): Record<string, string> {
    return { KEDGE_CACHE_DIR: this.cache, PATH: this.bin, HF_ENDPOINT: 'http://127.0.0.1:9', WHEELS: this.wheels, CALLS: join(this.dir, 'calls') };
  }

  options(more: Partial<ModelOptions> = {}): ModelOptions {
    const log: Log = { ...silentLog, info: (line) => this.lines.push(line) };
    return { env: this.env, onProgress: noProgress, log, convert: async () => {}, ...more };
  }

  /** Cuts `bytes` into wheels of `partBytes` and returns the source that names them. */
  pythonSource(bytes: Uint8Array, partBytes: number, mangle: (part: Buffer, index: number) => Buffer = (part) => part): Source {
    const parts: PythonPart[] = [];
    for (let start = 0; start < bytes.length; start += partBytes) {
      const index = parts.length + 1;
      const part = Buffer.from(bytes.subarray(start, start + partBytes));
      const file = `some_part${index}/data/part.bin`;
      parts.push({ package: `some-part${index}`, version: '0.1.0', file, bytes: part.length });
      writeWheel(join(this.wheels, `some_part${index}-0.1.0-py3-none-any.whl`), { [`some_part${index}/__init__.py`]: 'raise SystemExit("never run")\n', [file]: mangle(part, index) });
      mkdirSync(join(this.wheels, `some-part${index}`, `some_part${index}`, 'data'), { recursive: true });
      writeFileSync(join(this.wheels, `some-part${index}`, file), mangle(part, index));
    }
    return { kind: 'python', parts };
  }

  /** A command in the PATH of `env`: `body` sees `args`, `requirement` (name==version), `name`, `fs`, `path` and `env`. */
  command(name: string, body: string): void {
    const script = `#!${process.execPath}
const fs = require('node:fs'), path = require('node:path'), env = process.env, args = process.argv.slice(2);
const requirement = args.at(-1), name = requirement.split('==')[0];
fs.appendFileSync(env.CALLS, JSON.stringify(['${name}', ...args]) + '\\n');
const fail = (line) => { console.error(line); process.exit(1); };
${body}
`;
    writeFileSync(join(this.bin, name), script);
    chmodSync(join(this.bin, name), 0o755);
  }

  pip(name = 'pip', before = ''): void {
    this.command(
      name,
      `${before}
const wheel = fs.readdirSync(env.WHEELS).find((file) => file.endsWith('.whl') && file.startsWith(name.replaceAll('-', '_') + '-'));
if (!wheel) fail('ERROR: No matching distribution found for ' + requirement);
const out = args[args.indexOf('--dest') + 1];
fs.mkdirSync(out, { recursive: true });
fs.copyFileSync(path.join(env.WHEELS, wheel), path.join(out, wheel));`,
    );
  }

  uv(): void {
    this.command('uv', `fs.cpSync(path.join(env.WHEELS, name), args[args.indexOf('--target') + 1], { recursive: true });`);
  }

  /** The calls of fake commands so far, each as its words. */
  calls(): string[][] {
    try {
      return readFileSync(this.env.CALLS, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as string[]);
    } catch {
      return [];
    }
  }

  dispose(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export interface Hub {
  readonly url: string;
  readonly requests: { url: string; range: string | undefined }[];
  close(): Promise<void>;
}

/** Serves `bytes` with ranges; `answer` may take a request over, by its number from 1, and then returns true. */
export async function startHub(bytes: Uint8Array, answer: (number: number, request: IncomingMessage, response: ServerResponse) => boolean = () => false): Promise<Hub> {
  const requests: Hub['requests'] = [];
  const server = createServer((request, response) => {
    requests.push({ url: request.url ?? '', range: request.headers.range });
    if (answer(requests.length, request, response)) return;
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (from > 0) response.writeHead(206, { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`, 'content-length': bytes.length - from });
    else response.writeHead(200, { 'content-length': bytes.length });
    response.end(bytes.subarray(from));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** The rejection of `promise`, which must not resolve. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('it resolved');
    },
    (error: unknown) => error as Error,
  );
}
