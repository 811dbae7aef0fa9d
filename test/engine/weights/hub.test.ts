// The hub source against a server on this machine: whole, resumed, refused, silent. Refuses the network.
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HubSource } from '../../../engine/weights/catalogue.js';
import { fetchFromHub, hubHost } from '../../../engine/weights/hub.js';
import { PartialFile, SourceError } from '../../../engine/weights/source.js';
import { rejection, someBytes, startHub, Workbench, type Hub } from './fixture.js';

const bytes = someBytes(300_000, 1);
const source: HubSource = { kind: 'hub', repository: 'Some/Model', revision: '0'.repeat(40) };
const times = { answerMsMax: 300, silenceMsMax: 300 };

let bench: Workbench;
let hub: Hub | undefined;
beforeEach(() => void (bench = new Workbench()));
afterEach(async () => {
  await hub?.close();
  hub = undefined;
  bench.dispose();
});

type Answer = Parameters<typeof startHub>[1];

async function fetchAll(answer: Answer, before: Uint8Array = Buffer.alloc(0), signal?: AbortSignal): Promise<{ file: PartialFile; seen: number[] }> {
  hub = await startHub(bytes, answer);
  const file = new PartialFile(join(bench.dir, 'file'), bytes.length);
  if (before.length > 0) writeFileSync(file.path, before);
  const seen: number[] = [];
  await fetchFromHub(source, 'tiny.gguf', { file, env: { HF_ENDPOINT: `${hub.url}/` }, signal, onBytes: (done) => seen.push(done) }, times);
  return { file, seen };
}

const cases: readonly { title: string; answer?: Answer; before?: Uint8Array; ranges: (string | undefined)[] }[] = [
  { title: 'fetches a file whole', ranges: [undefined] },
  { title: 'resumes where an earlier attempt ended', before: bytes.subarray(0, 1000), ranges: ['bytes=1000-'] },
  { title: 'asks for nothing when all is there', before: bytes, ranges: [] },
  {
    title: 'begins again where the server knows no ranges',
    before: bytes.subarray(0, 1000),
    answer: (_, __, response) => {
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
      return true;
    },
    ranges: ['bytes=1000-'],
  },
  {
    title: 'begins again where the range is beyond the end',
    before: bytes.subarray(0, 1000),
    answer: (number, _, response) => {
      if (number === 1) response.writeHead(416).end();
      return number === 1;
    },
    ranges: ['bytes=1000-', undefined],
  },
  {
    title: 'follows a redirect with its range',
    before: bytes.subarray(0, 1000),
    answer: (number, _, response) => {
      if (number === 1) response.writeHead(302, { location: '/elsewhere' }).end();
      return number === 1;
    },
    ranges: ['bytes=1000-', 'bytes=1000-'],
  },
];

describe('hub source', () => {
  for (const { title, answer, before, ranges } of cases) {
    it(title, async () => {
      const { file } = await fetchAll(answer, before);
      expect(readFileSync(file.path).equals(bytes)).toBe(true);
      expect(hub!.requests.map((request) => request.range)).toEqual(ranges);
    });
  }

  it('names the pinned revision and reports bytes', async () => {
    const { seen } = await fetchAll(undefined);
    expect(hub!.requests[0].url).toBe(`/Some/Model/resolve/${source.revision}/tiny.gguf`);
    expect(seen.at(-1)).toBe(bytes.length);
  });

  for (const [title, breakOff] of [
    ['breaks off', true],
    ['falls silent', false],
  ] as const) {
    it(`resumes by itself when the connection ${title}`, async () => {
      const { file } = await fetchAll((number, _, response) => {
        if (number > 1) return false;
        response.writeHead(200, { 'content-length': bytes.length });
        response.write(bytes.subarray(0, 100_000), () => {
          if (breakOff) setTimeout(() => response.destroy(), 50);
        });
        return true;
      });
      expect(readFileSync(file.path).equals(bytes)).toBe(true);
      expect(hub!.requests[1].range).toBe('bytes=100000-');
    });
  }

  const refusals: readonly { title: string; answer: NonNullable<Answer>; line: RegExp }[] = [
    { title: 'has no such file', answer: (_, __, response) => (response.writeHead(404).end(), true), line: /answered 404/ },
    { title: 'never answers', answer: () => true, line: /no answer within 0\.3 s/ },
    { title: 'sends too much', answer: (_, __, response) => (response.writeHead(200).end(Buffer.concat([bytes, bytes])), true), line: /more than the 300000 bytes/ },
    { title: 'hangs up at once', answer: (_, request) => (request.socket.destroy(), true), line: /other side closed|socket|terminated|ECONNRESET/ },
  ];
  for (const { title, answer, line } of refusals) {
    it(`gives up a hub that ${title}`, async () => {
      const error = await rejection(fetchAll(answer));
      expect(error).toBeInstanceOf(SourceError);
      expect(error.message).toMatch(line);
    });
  }

  it('gives up a hub that cannot be reached', async () => {
    const file = new PartialFile(join(bench.dir, 'file'), bytes.length);
    const error = await rejection(fetchFromHub(source, 'tiny.gguf', { file, env: bench.env, onBytes: () => {} }));
    expect(error).toBeInstanceOf(SourceError);
    expect(error.message).toMatch(/ECONNREFUSED|bad port/);
  });

  const odd: readonly { title: string; env: Record<string, string>; line: RegExp }[] = [
    { title: 'an endpoint that is no address', env: { HF_ENDPOINT: 'http://a b' }, line: /^HF_ENDPOINT holds no address$/ },
    { title: 'a proxy that is no address', env: { HTTPS_PROXY: 'http://a b' }, line: /^HTTPS_PROXY holds no address of a proxy/ },
    { title: 'a proxy of another kind', env: { http_proxy: 'ftp://user:secret@127.0.0.1' }, line: /^http_proxy holds no address of a proxy(?!.*secret)/ },
    { title: 'a password that cannot be read', env: { https_proxy: 'http://user:%zz@127.0.0.1' }, line: /^https_proxy holds no address of a proxy/ },
    { title: 'an endpoint without a scheme', env: { HF_ENDPOINT: '127.0.0.1:9' }, line: /ECONNREFUSED|bad port/ },
  ];
  it.each(odd)('gives the source up, not the pull, for $title', async ({ env, line }) => {
    const file = new PartialFile(join(bench.dir, 'file'), bytes.length);
    const error = await rejection(fetchFromHub(source, 'tiny.gguf', { file, env, onBytes: () => {} }, times));
    expect(error).toBeInstanceOf(SourceError);
    expect(error.message).toMatch(line);
  });

  it.each([
    ['hf-mirror.com', 'hf-mirror.com'],
    ['10.0.0.1:3128/', '10.0.0.1:3128'],
    ['http://user:secret@hub.corp:8080/hf', 'hub.corp:8080'],
    ['', 'huggingface.co'],
    ['http://a b', 'HF_ENDPOINT'],
  ])('calls the endpoint %j %s', (endpoint, host) => {
    expect(hubHost({ HF_ENDPOINT: endpoint })).toBe(host);
  });

  it.each(['http://', ''])('goes through a proxy that the environment names as %j and its address', async (scheme) => {
    hub = await startHub(bytes);
    const hubPort = Number(new URL(hub.url).port);
    const tunnels: string[] = [];
    const proxy = createServer().on('connect', (request: IncomingMessage, socket: Duplex) => {
      tunnels.push(request.url ?? '');
      const onward = connect(hubPort, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      for (const end of [onward, socket]) end.on('error', () => {});
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const file = new PartialFile(join(bench.dir, 'file'), bytes.length);
    const env = { HF_ENDPOINT: 'http://hub.invalid', http_proxy: `${scheme}127.0.0.1:${(proxy.address() as AddressInfo).port}` };
    await fetchFromHub(source, 'tiny.gguf', { file, env, onBytes: () => {} });
    proxy.close();
    expect(readFileSync(file.path).equals(bytes)).toBe(true);
    expect(tunnels).toEqual(['hub.invalid:80']);
  });

  it('gives up a server that answers nothing but refusals of the range', async () => {
    const error = await rejection(fetchAll((_, __, response) => (response.writeHead(416).end(), true)));
    expect(error).toBeInstanceOf(SourceError);
    expect(error.message).toMatch(/broke off/);
  });

  it('stops with the signal and keeps what arrived', async () => {
    const controller = new AbortController();
    const arrived = (): Promise<number> => new PartialFile(join(bench.dir, 'file'), bytes.length).bytes();
    const abortOnceArrived = async (): Promise<void> => {
      while ((await arrived()) < 100_000) await new Promise(setImmediate);
      controller.abort(reason);
    };
    const reason = new Error('enough');
    const error = await rejection(
      fetchAll(
        (_, __, response) => {
          response.writeHead(200, { 'content-length': bytes.length });
          response.write(bytes.subarray(0, 100_000), () => void abortOnceArrived());
          return true;
        },
        undefined,
        controller.signal,
      ),
    );
    expect(error).toBe(reason);
    expect(await arrived()).toBe(100_000);
  });
});
