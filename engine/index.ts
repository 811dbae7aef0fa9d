// The engine's door: everything that other folders may use. Refuses to do more than open it.
import { saturates } from './graph/selftest.js';
import { EngineClient } from './client.js';
import { LocalEngine } from './engine.js';
import { runtimeVersion } from './session.js';
import type { Engine, EngineOptions } from './types.js';
import { convertInstalled, isReady, type InstalledModel } from './weights/models.js';
import type { OnProgress } from '../base/progress.js';

export type * from './types.js';
export { SegmentStore } from './store/store.js';
export { catalogue, type CatalogueEntry } from './weights/catalogue.js';
export { addModel, convertInstalled, findModel, installedModels, isReady, pullModel, removeModel, verifyModel, type InstalledModel, type ModelOptions } from './weights/models.js';

export interface OpenOptions extends Omit<EngineOptions, 'convertedDir'> {
  readonly model: InstalledModel;
  /** In the caller's own thread: for tests and for tools that have nothing else to do. */
  readonly inProcess?: boolean;
  /** Of converting a model that this version has not converted yet. */
  readonly onProgress?: OnProgress;
}

/** Converts the model first where this version has not. Throws a UserError that says what is missing. */
export async function openEngine({ model, inProcess, onProgress = () => {}, ...options }: OpenOptions): Promise<Engine> {
  if (!isReady(model)) await convertInstalled(model, { onProgress });
  const settings = { ...options, convertedDir: model.convertedDir };
  return inProcess ? LocalEngine.open(settings) : EngineClient.open(settings);
}

/** Whether the runtime loads, which one it is, and whether this processor's int8 products saturate. */
export async function runtimeSelfTest(): Promise<{ version: string; saturates: boolean }> {
  return { version: runtimeVersion, saturates: await saturates() };
}
