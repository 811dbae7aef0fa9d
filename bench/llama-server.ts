// llama.cpp's server as a child process: started on a GGUF, asked for what stands at a cursor, timed by what arrives.
// Refuses to find or build it: the user says where it lies.
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../base/errors.js';
import { residentMb } from './memory.js';

/** The fields of `POST /infill` that are set here; the server lays them out with the model's own fill-in-the-middle tokens. */
export interface Infill {
  readonly input_extra: readonly { readonly filename: string; readonly text: string }[];
  readonly input_prefix: string;
  readonly input_suffix: string;
  readonly n_predict: number;
}

export interface Infilled {
  readonly text: string;
  /** From the request to the first event. */
  readonly firstTokenMs: number;
  /** The server's own mean from one token to the next; 0 where there is no second. */
  readonly tokenMs: number;
}

interface Event {
  readonly content?: string;
  readonly stop?: boolean;
  readonly error?: { readonly message?: string };
  readonly timings?: { readonly predicted_n: number; readonly predicted_ms: number };
}

const HOST = '127.0.0.1';
const START_MS_MAX = 120_000;
const POLL_MS = 200;

export class LlamaServer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly address: string,
  ) {}

  /** Resolves when the model is loaded. One slot, so that its cache of the prompt is what a single user has. */
  static async start(program: string, gguf: string, { threads, contextTokens }: { readonly threads: number; readonly contextTokens: number }): Promise<LlamaServer> {
    const port = await freePort();
    const settings = { '--model': gguf, '--host': HOST, '--port': port, '--ctx-size': contextTokens, '--threads': threads, '--threads-batch': threads, '--parallel': 1 };
    const child = spawn(program, Object.entries(settings).flatMap(([name, value]) => [name, `${value}`]), { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
    let failed: string | undefined;
    child.on('error', (error) => (failed = error.message));
    child.on('exit', (code) => (failed ??= `it ended with ${code}; the last it said:\n${said}`));
    const server = new LlamaServer(child, `http://${HOST}:${port}`);
    for (const startMs = performance.now(); ; await sleep(POLL_MS)) {
      if (failed !== undefined) throw new UserError(`${program} cannot serve: ${failed}`);
      if (await fetch(`${server.address}/health`).then(({ ok }) => ok, () => false)) return server;
      if (performance.now() - startMs > START_MS_MAX) {
        server.stop();
        throw new UserError(`${program} did not load ${gguf} within ${START_MS_MAX / 1000} s; the last it said:\n${said}`);
      }
    }
  }

  /** The first line that greedy decoding gives. */
  async infill(request: Infill): Promise<Infilled> {
    const startMs = performance.now();
    const response = await fetch(`${this.address}/infill`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ...request, prompt: '', temperature: 0, stop: ['\n'], stream: true, cache_prompt: true }) });
    if (!response.ok || !response.body) throw new UserError(`/infill answers ${response.status}: ${await response.text()}`);
    let firstTokenMs: number | undefined;
    let text = '';
    for await (const line of createInterface({ input: Readable.fromWeb(response.body) })) {
      if (!line.startsWith('data: ')) continue;
      firstTokenMs ??= performance.now() - startMs;
      const event = JSON.parse(line.slice('data: '.length)) as Event;
      if (event.error) throw new UserError(`/infill: ${event.error.message}`);
      text += event.content ?? '';
      if (!event.stop || !event.timings) continue;
      const { predicted_n, predicted_ms } = event.timings;
      return { text, firstTokenMs, tokenMs: predicted_n > 1 ? predicted_ms / (predicted_n - 1) : 0 };
    }
    throw new UserError('/infill ended without its last event');
  }

  /** Resident memory now, in megabytes; undefined where the system does not tell. */
  rssMb(): number | undefined {
    return residentMb(this.child.pid, 'now');
  }

  stop(): void {
    this.child.removeAllListeners('exit').kill();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject);
    probe.listen(0, HOST, () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
