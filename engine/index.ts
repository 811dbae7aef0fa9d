// The engine's door: everything that other folders may use.
export type * from './types.js';
export { SegmentStore } from './store/store.js';
export { catalogue, type CatalogueEntry } from './weights/catalogue.js';
export { addModel, convertInstalled, findModel, installedModels, isReady, pullModel, removeModel, verifyModel, type InstalledModel, type ModelOptions } from './weights/models.js';
