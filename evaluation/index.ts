// The evaluation's door: everything that other folders may use. Refuses to measure anything itself.
export { measuredCommit } from './commit.js';
export { recipeByDefault, windowByDefault } from './defaults.js';
export { generate, type GenerateReport } from './generate/generate.js';
export { layOut } from './generate/layout.js';
export { fetchPackage, readSources, type SourcePackage } from './generate/sources.js';
export { machine } from './machine.js';
export { CONTEXTS, type ContextName, type Prepared, type Recipe } from './measure.js';
export { exactMatch } from './metrics.js';
export { IGNORES_ROWS, NEEDS_EVERY_ROW, POLICIES, isPolicy } from './policies.js';
export { preparing } from './preparing.js';
export { inPlan } from './recall.js';
export { reportText } from './report.js';
export { ResultStore } from './results.js';
export { evaluate, type Prepare } from './run.js';
export { summarise, type Summary } from './summary.js';
export { blankTask, readTasks, spread, taskKinds, type BlankedTask, type Task } from './tasks.js';
