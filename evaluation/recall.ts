// Whether a plan's text holds a declaration of what a crossfile task's target opens with: where it does not, no anchor can help.
// Refuses to parse: it looks for the line that the generator's compiler named, or else for what a declaration looks like.
import type { ContextPlan } from '../base/segment.js';
import type { Task } from './tasks.js';

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** A segment's path may begin at a package inside the repository, or at a checkout around it. */
const isSame = (segmentPath: string, pathInRepository: string): boolean => `/${pathInRepository}`.endsWith(`/${segmentPath}`) || `/${segmentPath}`.endsWith(`/${pathInRepository}`);

/** Undefined for tasks that are not crossfile. `pathInRepository`: of the file under completion, whose own segments do not count. */
export function inPlan(task: Task, pathInRepository: string, plan: ContextPlan): boolean | undefined {
  if (task.kind !== 'crossfile') return undefined;
  const segments = plan.segments.map(({ segment }) => segment).filter(({ path }) => !isSame(path, pathInRepository));
  if (task.declaredIn !== undefined && task.declaration !== undefined) {
    const path = task.declaredIn.split('/').slice(1).join('/');
    return segments.some((segment) => isSame(segment.path, path) && segment.text.split('\n').some((line) => line.trim() === task.declaration));
  }
  const name = task.name ?? /^[\p{ID_Start}_$][\p{ID_Continue}$]*/u.exec(task.target)?.[0];
  if (name === undefined) return false;
  const declares = new RegExp(`(?:\\b(?:function\\*?|class|interface|type|enum|namespace|const|let|var|def|get|set)\\s+|^\\s*(?:(?:public|private|protected|static|readonly|abstract|async|override|self\\.)\\s*)*)${escape(name)}(?![\\p{ID_Continue}$])\\s*(?:[?!]?[:(<={]|extends\\b|$)`, 'mu');
  return segments.some(({ text }) => declares.test(text));
}
