// A file from the public model hub over HTTPS, resumed where an earlier attempt ended; HF_ENDPOINT names a mirror, proxy variables are honoured.
// Refuses to wait long for a hub that does not answer, and sends no credentials.
import { EnvHttpProxyAgent, fetch, type Dispatcher, type Response } from 'undici';
import type { Env } from '../../base/paths.js';
import type { HubSource } from './catalogue.js';
import { isFinal, reasonOf, SourceError, type Transfer } from './source.js';

export interface HubTimes {
  /** Until the first answer, redirects included; the source is then given up. */
  readonly answerMsMax: number;
  /** Without a byte, in the middle of the file; the transfer is then resumed. */
  readonly silenceMsMax: number;
}

const hubTimes: HubTimes = { answerMsMax: 4500, silenceMsMax: 20_000 };

const attemptsMax = 30;

/** What the hub is called: its host, or the variable that names none. */
export const hubHost = (env: Env): string => (URL.canParse(endpoint(env)) ? new URL(endpoint(env)).host : 'HF_ENDPOINT');

const endpoint = (env: Env): string => withScheme(env.HF_ENDPOINT || 'huggingface.co', 'https').replace(/\/+$/, '');

/** People write hosts without a scheme, and other programs take them. */
const withScheme = (address: string, scheme: string): string => (/^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address : `${scheme}://${address}`);

/** Completes `transfer.file`. SourceError when the hub cannot be reached, has no such file, or stops sending. */
export async function fetchFromHub(source: HubSource, fileName: string, transfer: Transfer, times: HubTimes = hubTimes): Promise<void> {
  if (!URL.canParse(endpoint(transfer.env))) throw new SourceError('HF_ENDPOINT holds no address');
  const url = `${endpoint(transfer.env)}/${source.repository}/resolve/${source.revision}/${fileName}`;
  const dispatcher = agentFor(transfer.env, times);
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const before = await transfer.file.bytes();
      if (before === transfer.file.bytesMax) return;
      try {
        await fetchRest(url, before, transfer, times, dispatcher);
      } catch (error) {
        if (isFinal(error, transfer.signal) || error instanceof SourceError) throw error;
        if ((await transfer.file.bytes()) === before) throw new SourceError(reasonOf(error));
      }
    }
    throw new SourceError(`it broke off ${attemptsMax} times`);
  } finally {
    await dispatcher.destroy();
  }
}

async function fetchRest(url: string, from: number, transfer: Transfer, times: HubTimes, dispatcher: Dispatcher): Promise<void> {
  const response = await answer(url, from, transfer.signal, times, dispatcher);
  if (response.status === 416 || (response.status === 200 && from > 0)) {
    await transfer.file.truncate(0);
    if (response.status === 416) return response.body?.cancel();
  } else if (response.status !== 200 && response.status !== 206) {
    throw new SourceError(`it answered ${response.status} ${response.statusText}`.trim());
  } else if (response.status === 206 && !response.headers.get('content-range')?.startsWith(`bytes ${from}-`)) {
    throw new SourceError('it sent another range than was asked for');
  }
  if (!response.body) throw new SourceError('it sent nothing');
  await transfer.file.append(response.body as AsyncIterable<Uint8Array>, (done) => transfer.onBytes(done));
  if ((await transfer.file.bytes()) === from) throw new SourceError('it sent nothing');
}

/** The head of the response; only the waiting for it is bounded by `answerMsMax`. */
async function answer(url: string, from: number, signal: AbortSignal | undefined, times: HubTimes, dispatcher: Dispatcher): Promise<Response> {
  const tooLate = new AbortController();
  const timer = setTimeout(() => tooLate.abort(new SourceError(`no answer within ${times.answerMsMax / 1000} s`)), times.answerMsMax);
  try {
    return await fetch(url, {
      dispatcher,
      signal: signal ? AbortSignal.any([signal, tooLate.signal]) : tooLate.signal,
      headers: { 'accept-encoding': 'identity', ...(from > 0 ? { range: `bytes=${from}-` } : {}) },
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Goes through the proxies that the environment names. Their addresses are never shown: they may hold passwords. */
function agentFor(env: Env, times: HubTimes): EnvHttpProxyAgent {
  const address = (name: string): string | undefined => {
    const value = env[name] ?? env[name.toUpperCase()];
    return value && withScheme(value, 'http');
  };
  try {
    const proxies = { httpProxy: address('http_proxy'), httpsProxy: address('https_proxy'), noProxy: env.no_proxy ?? env.NO_PROXY };
    return new EnvHttpProxyAgent({ ...proxies, connectTimeout: times.answerMsMax, bodyTimeout: times.silenceMsMax });
  } catch {
    const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'].filter((name) => env[name]);
    throw new SourceError(`${names.join(' or ')} holds no address of a proxy, as http://host:port is`);
  }
}
