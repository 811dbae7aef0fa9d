// `initialized`: from now on the client answers, so it is asked for its settings. Refuses to hold back requests meanwhile.
import type { Daemon } from '../daemon.js';

export const initialized = (daemon: Daemon) => (): Promise<void> => daemon.initialized();
