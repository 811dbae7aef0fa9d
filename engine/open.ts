// Opens the engine on an installed model in this thread, converting the model first where this version has not.
// Refuses to choose the thread: the door and worker.ts do.
import type { OnProgress } from '../base/progress.js';
import { LocalEngine } from './engine.js';
import type { EngineOptions } from './types.js';
import { convertInstalled, type InstalledModel } from './weights/models.js';

/** Serialisable: what crosses to a worker. */
export interface InstalledOptions extends Omit<EngineOptions, 'convertedDir'> {
  readonly model: InstalledModel;
}

/** Throws a UserError that says what is missing. `onProgress`: of converting, which takes half a minute once. */
export async function openHere({ model, ...options }: InstalledOptions, onProgress: OnProgress): Promise<LocalEngine> {
  await convertInstalled(model, { onProgress });
  return LocalEngine.open({ ...options, convertedDir: model.convertedDir });
}
