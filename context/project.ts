// Which folders are walked and watched. Refuses to say where a project starts: who opens it does.
import { homedir } from 'node:os';
import { dirname } from 'node:path';

/** A whole disk or home folder is no project, whoever opens it. */
export const isProject = (root: string): boolean => root !== homedir() && dirname(root) !== root;
