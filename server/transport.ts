// How the editor is reached: the standard streams, Node's IPC channel, or a socket or pipe on which the editor listens.
// Refuses to guess: the command line names exactly one, and nothing else beside it.
import { createConnection as connect, type NetConnectOpts, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { IPCMessageReader, IPCMessageWriter, Message, StreamMessageReader, StreamMessageWriter, type DataCallback, type Disposable, type MessageReader, type MessageWriter } from 'vscode-languageserver/node';
import { UserError } from '../base/errors.js';

export type Transport =
  | { readonly kind: 'stdio' | 'node-ipc' }
  | { readonly kind: 'socket'; readonly port: number }
  /** A path, or a pipe's name on Windows. */
  | { readonly kind: 'pipe'; readonly name: string };

export interface Channel {
  readonly reader: MessageReader;
  readonly writer: MessageWriter;
  /** Calls `action` once the editor's end is closed. */
  onGone(action: () => void): void;
}

/** `kedge --stdio` and its like. UserError where `args` name no transport that there is, more than one, or something else. */
export function transportOf(args: readonly string[]): Transport {
  const left = [...args];
  const named: Transport[] = [];
  for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
    const [flag, value] = arg.split(/=(.*)/s, 2);
    const given = (): string => value ?? (left[0]?.startsWith('--') ? undefined : left.shift()) ?? '';
    if (flag === '--stdio' || flag === '--node-ipc') named.push({ kind: flag === '--stdio' ? 'stdio' : 'node-ipc' });
    else if (flag === '--socket') named.push({ kind: 'socket', port: portOf(given()) });
    else if (flag === '--pipe') named.push({ kind: 'pipe', name: pipeOf(given()) });
    // vscode-languageserver reads this one by itself and ends with that process.
    else if (flag === '--clientProcessId') given();
    else throw new UserError(`"${arg}" does not go with ${named.length > 0 ? flagOf(named[0]) : 'a transport'}: an editor starts Kedge as kedge --stdio`, 2);
  }
  if (named.length > 1) throw new UserError(`${named.map(flagOf).join(' and ')} do not go together: an editor is reached in one way`, 2);
  return named[0];
}

/** `stdout` is the only way to the process's own. UserError where the editor cannot be reached. */
export async function openChannel(transport: Transport, stdout: NodeJS.WritableStream): Promise<Channel> {
  switch (transport.kind) {
    case 'stdio':
      return streams(process.stdin, stdout);
    case 'node-ipc':
      if (!process.send) throw new UserError('--node-ipc needs the IPC channel of the Node process that starts Kedge, and there is none: start it with --stdio', 2);
      return { reader: new IPCMessageReader(process), writer: new IPCMessageWriter(process), onGone: (action) => void process.once('disconnect', action) };
    case 'socket':
      return overSocket({ port: transport.port, host: '127.0.0.1' }, `port ${transport.port} of this machine`);
    case 'pipe':
      return overSocket({ path: transport.name }, transport.name);
  }
}

async function overSocket(options: NetConnectOpts, place: string): Promise<Channel> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const opened = connect(options, () => resolve(opened));
    opened.once('error', (error) => reject(new UserError(`no editor listens on ${place} (${error.message})`)));
  });
  return streams(socket, socket);
}

function streams(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Channel {
  // A stream that breaks is closed next: that is when the daemon ends.
  for (const stream of [input, output]) stream.on('error', () => {});
  const unanswered = new Set<unknown>();
  return {
    reader: new NotingReader(input, unanswered),
    writer: new NotingWriter(output, unanswered),
    onGone: (action) => {
      let gone = false;
      let ended = false;
      const once = (): void => {
        if (!gone) action();
        gone = true;
      };
      input.on('end', () => {
        ended = true;
        void allAnswered(unanswered).then(once);
      });
      input.on('close', () => ended || once());
      output.on('error', once).on('close', once);
    },
  };
}

const answersLookedForMs = 100;
const answersMsMax = 10_000;

/** Who writes requests and closes the input waits for the answers. Messages are handled one by one: what came last may not have been noted before the first look. */
async function allAnswered(unanswered: ReadonlySet<unknown>): Promise<void> {
  for (let ms = 0; ms < answersMsMax; ms += answersLookedForMs) {
    await sleep(answersLookedForMs);
    if (unanswered.size === 0) return;
  }
}

/** Notes requests. The connection does not hear of the input's end: it would answer nothing any more. */
class NotingReader extends StreamMessageReader {
  constructor(
    input: NodeJS.ReadableStream,
    private readonly unanswered: Set<unknown>,
  ) {
    super(input.pipe(new PassThrough(), { end: false }));
  }

  override listen(callback: DataCallback): Disposable {
    return super.listen((message) => {
      if (Message.isRequest(message)) this.unanswered.add(message.id);
      callback(message);
    });
  }
}

/** Notes answers. To an editor that is gone nothing is due: not everything that writes heeds what becomes of it. */
class NotingWriter extends StreamMessageWriter {
  constructor(
    private readonly output: NodeJS.WritableStream,
    private readonly unanswered: Set<unknown>,
  ) {
    super(output);
  }

  override async write(message: Message): Promise<void> {
    await super.write(message).catch((error: unknown) => {
      if (this.output.writable) throw error;
    });
    if (Message.isResponse(message)) this.unanswered.delete(message.id);
  }
}

const flagOf = (transport: Transport): string => `--${transport.kind}`;

function portOf(value: string): number {
  const port = Number(value);
  if (!/^\d+$/.test(value) || port < 1 || port > 65_535) throw new UserError(`${['--socket', value].join(' ').trim()} names no port: an editor starts Kedge as kedge --socket=PORT`, 2);
  return port;
}

function pipeOf(value: string): string {
  if (value === '') throw new UserError('--pipe names no pipe: an editor starts Kedge as kedge --pipe=NAME', 2);
  return value;
}
