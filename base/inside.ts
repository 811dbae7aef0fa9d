// Whether a path lies in a folder, by their names alone. Refuses to look at the disk.
import { sep } from 'node:path';

/** Both absolute and without `.` and `..`; true of the folder itself, too. */
export const isInside = (folder: string, path: string): boolean => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
