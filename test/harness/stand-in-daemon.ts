// The daemon as `kedge --stdio` starts it, with a stand-in for the model: it says KEDGE_TEST_NAME wherever the plan holds a text that has that name.
// Refuses to say anything where the plan does not: an editor's test sees what Kedge found in another file.
import type { CompleteRequest, CompleteResult } from '../../engine/index.js';
import { pullableModel } from '../../server/installed.js';
import { launch } from '../../server/launch.js';
import { claimStdout } from '../../server/output.js';
import { ScriptedEngine } from './scripted-engine.js';

const name = process.env.KEDGE_TEST_NAME!;

class StandIn extends ScriptedEngine {
  override complete(request: CompleteRequest, signal?: AbortSignal): Promise<CompleteResult> {
    const result = super.complete(request, signal);
    const planned = request.context.form === 'composed' ? request.context.plan.segments : [];
    const holding = planned.filter(({ segment }) => segment.text.includes(name));
    this.completions.at(-1)!.answer(holding.length > 0 ? name : '', { context: holding.map(({ source, segment }) => ({ source, path: segment.path, tokens: 0, rows: 0 })) });
    return result;
  }
}

process.exitCode = 1;
await launch(['--stdio'], claimStdout(), { openEngine: () => Promise.resolve(new StandIn()), pullable: pullableModel(process.env) });
