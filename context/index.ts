// The door of context: repository knowledge for a cursor. Refuses to know LSP and the model.
export { openRepository } from './client.js';
export type { Disk, LeftOutReason } from './disk.js';
export { listFiles, type FileList } from './files.js';
export { isIgnoredIn } from './ignore-rules.js';
export type { Declaration, DeclarationKind, ImportStatement, Outline, Span } from './outline.js';
export { isSource, outlineOf } from './parse.js';
export type { LeftOut } from './plan.js';
export { explain, prepare, sourcesByDefault, sourcesKnown, type Cursor, type Explained, type Prepared, type PrepareOptions } from './prepare.js';
export { isProject } from './project.js';
export { LocalRepository, type OutlinedFiles, type PlanOptions, type Repository, type RepositoryOptions } from './repository.js';
export { isSecret } from './secrets.js';
export { piecesOf, segmentsOf, type Piece, type SegmentForm } from './segments.js';
export { Snapshot } from './snapshot.js';
export { countWatches, watch, watchedGlobs, type Watcher } from './watch.js';
export { Workspace, type FileChange, type WorkspaceDeps } from './workspace.js';
