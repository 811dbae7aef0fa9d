// Reading that goes on after a request had no time to wait for it: one a document, for the place that was asked about last.
// Refuses to know how that is read, and to reject: what goes wrong goes wrong again in the next request, which reports it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { PromptRequest } from './prompter.js';
import type { CompleteRequest } from './types.js';

type DocumentName = Pick<CompleteRequest, 'client' | 'document'>;

interface Going {
  /** What `keyOf` said of the request. */
  readonly key: string;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

const nameOf = ({ client, document }: DocumentName): string => JSON.stringify([client, document]);

export class ReadingOn {
  private readonly going = new Map<string, Going>();

  /** `keyOf`: the same for requests that are served by the same reading. */
  constructor(
    private readonly read: (request: PromptRequest, signal: AbortSignal) => Promise<void>,
    private readonly keyOf: (request: PromptRequest) => string,
  ) {}

  /** What goes on for the same request is waited for, since reading it here too would keep that from ending; for another place it is ended. */
  async meet(request: CompleteRequest): Promise<void> {
    const going = this.going.get(nameOf(request));
    if (!going) return;
    if (going.key === this.keyOf(request)) await Promise.race([going.ended, sleep(request.waitMsMax, undefined, { ref: false })]);
    else this.end(request);
  }

  /** Nothing where it goes on for the document already. */
  start(request: PromptRequest): void {
    const name = nameOf(request);
    if (this.going.has(name)) return;
    const abort = new AbortController();
    const done = (): void => {
      if (this.going.get(name) === going) this.going.delete(name);
    };
    const going: Going = { key: this.keyOf(request), abort, ended: this.read(request, abort.signal).then(done, done) };
    this.going.set(name, going);
  }

  end(document: DocumentName): void {
    const name = nameOf(document);
    this.going.get(name)?.abort.abort();
    this.going.delete(name);
  }
}
