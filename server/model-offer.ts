// What a daemon does where no model is installed, as the setting `modelPull` says: tell the user once, ask, or pull it.
// Refuses to ask twice, and to pull without leave.
import { UserError } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { Config } from './config.js';
import { megabytes } from './quantities.js';

export const noModelMessage = 'Kedge has no model yet, so it completes nothing. Run `kedge model pull` in a terminal; completions then start by themselves.';
export const offerMessage = 'Kedge has no model yet, so it completes nothing. Shall it download one? Completions then start by themselves.';

export interface ModelOfferDeps {
  policy(): Config['modelPull'];
  /** The title that the user chose; absent where the client offers no choices. */
  ask?(message: string, titles: readonly string[]): Promise<string | undefined>;
  tell(message: string): void;
  /** Size of what `pull` fetches. */
  readonly pullBytes: number;
  pull(): Promise<void>;
  /** There is a model now. */
  pulled(): void;
  readonly log: Log;
}

export class ModelOffer {
  private answered: Config['modelPull'] | undefined;
  private pulling = false;

  constructor(private readonly deps: ModelOfferDeps) {}

  /** A request found no model. Only the first one of each policy has a consequence. `stopped`: the daemon is. */
  missing(stopped: AbortSignal): void {
    const { log, policy } = this.deps;
    const now = policy();
    if (this.pulling || this.answered === now) return;
    this.answered = now;
    this.act(now, stopped).catch((error: unknown) => log.warn(`asking whether to download a model: ${String(error)}`));
  }

  private async act(policy: Config['modelPull'], stopped: AbortSignal): Promise<void> {
    const { ask, pullBytes, tell } = this.deps;
    if (policy === 'always') return this.pull(stopped);
    if (policy === 'never' || !ask) return tell(noModelMessage);
    const download = `Download (${megabytes(pullBytes)})`;
    if ((await ask(offerMessage, [download, 'Not now'])) === download) await this.pull(stopped);
  }

  private async pull(stopped: AbortSignal): Promise<void> {
    const { log, pull, pulled, tell } = this.deps;
    if (this.pulling || stopped.aborted) return;
    this.pulling = true;
    try {
      await pull();
      pulled();
    } catch (error) {
      if (stopped.aborted) return;
      log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
      tell(`Kedge: ${error instanceof UserError ? error.message : 'the model could not be pulled: run `kedge model pull` in a terminal to see why'}`);
    } finally {
      this.pulling = false;
    }
  }
}
