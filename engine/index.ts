// The engine's door: everything that other folders may use.
export type * from './types.js';
export { SegmentStore } from './store/store.js';
