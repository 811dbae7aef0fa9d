// Tasks prepared by the product's own means: the daemon's prompt and plan, the blanked text being an open buffer over the disk.
// Refuses to measure.
import type { CountTokens } from '../base/segment.js';
import { prepare, Workspace } from '../context/index.js';
import type { Prepare } from './run.js';

/** One workspace at a time is kept: tasks stand together by repository. Pass the same `countTokens` for all, as counts are kept by it. */
export function preparing(countTokens: CountTokens, importTokensMax: number): Prepare {
  let kept: { readonly root: string; readonly workspace: Workspace } | undefined;
  return async ({ repositoryRoot, path, text, task }, wanted) => {
    if (kept?.root !== repositoryRoot) kept = { root: repositoryRoot, workspace: new Workspace([repositoryRoot]) };
    const { workspace } = kept;
    const snapshot = workspace.apply([{ kind: 'open', path, text }]);
    try {
      return await prepare(snapshot, { path, offset: task.offset }, { ...wanted, importTokensMax, countTokens });
    } finally {
      workspace.apply([{ kind: 'close', path }]);
    }
  };
}
