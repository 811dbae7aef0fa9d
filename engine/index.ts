// The engine's door: everything that other folders may use. Refuses to do more than open it.
import { saturates } from './graph/selftest.js';
import { EngineClient } from './client.js';
import { openHere, type InstalledOptions } from './open.js';
import { runtimeVersion } from './session.js';
import type { Engine } from './types.js';
import { noProgress, type OnProgress } from '../base/progress.js';

export type * from './types.js';
export { threadsDefault } from './session.js';
export { SegmentStore } from './store/store.js';
export { catalogue, defaultEntry } from './weights/catalogue.js';
export { addModel, findModel, installedModels, isReady, pullModel, removeModel, verifyModel, type InstalledModel, type ModelOptions } from './weights/models.js';

export interface OpenOptions extends InstalledOptions {
  /** In the caller's own thread: for tests and for tools that have nothing else to do. */
  readonly inProcess?: boolean;
  /** Of converting a model that this version has not converted yet. */
  readonly onProgress?: OnProgress;
}

/** Throws a UserError that says what is missing. */
export function openEngine({ inProcess, onProgress = noProgress, ...options }: OpenOptions): Promise<Engine> {
  return inProcess ? openHere(options, onProgress) : EngineClient.open(options, onProgress);
}

/** Whether the runtime loads, which one it is, and whether this processor's int8 products saturate. */
export async function runtimeSelfTest(): Promise<{ version: string; saturates: boolean }> {
  return { version: runtimeVersion, saturates: await saturates() };
}
