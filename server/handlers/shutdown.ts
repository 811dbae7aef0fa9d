// `shutdown`: what was read is sealed on disk, then the model is let go. Refuses to end the process: `exit` does.
import type { Daemon } from '../daemon.js';

export const shutdown = (daemon: Daemon) => (): Promise<void> => daemon.stop();
