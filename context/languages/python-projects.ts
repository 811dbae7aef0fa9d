// Where the modules of a workspace's other Python projects start: beside their manifests, in their `src`, in what the manifests name,
// and in what their environments link to. Refuses to go further than a named bound, and into what is ignored.
import { join, resolve } from 'node:path';
import { isInside } from '../../base/inside.js';
import type { Disk } from '../disk.js';
import type { IgnoreRules } from '../ignore-rules.js';
import { isProject } from '../project.js';
import { venvFolders } from './python-environments.js';

const manifests = ['pyproject.toml', 'setup.cfg', 'setup.py'];
/** Folders below one root that are looked into. */
const foldersMax = 1000;
/** Levels below a root that a project may lie at. */
const depthMax = 3;
const projectsMax = 200;

/** Folders that modules start from, by the first part of those modules' names: what is linked to comes first, then the outer projects. */
export function moduleStarts(rules: readonly IgnoreRules[], disk: Disk): ReadonlyMap<string, readonly string[]> {
  const linked: string[] = [];
  const beside: string[] = [];
  for (const folder of rules.flatMap((one) => projectsIn(one, disk)).slice(0, projectsMax)) {
    linked.push(...linksIn(folder, disk));
    beside.push(...[...declaredIn(folder, disk), 'src', '.'].map((name) => resolve(folder, name)));
  }
  const found = new Map<string, string[]>();
  for (const start of new Set([...linked, ...beside])) {
    if (!rules.some((one) => isInside(one.root, start) && !one.ignores(start, true))) continue;
    const entries = disk.list(start) ?? [];
    if (entries.some(({ name }) => /^__init__\.pyi?$/.test(name))) continue;
    for (const name of new Set(entries.map((entry) => (entry.isDirectory() ? entry.name : entry.name.replace(/\.pyi?$/, ''))))) {
      const starts = found.get(name);
      if (starts) starts.push(start);
      else found.set(name, [start]);
    }
  }
  return found;
}

/** A project's folder is no package, whatever it is called. */
export const isPythonProject = (folder: string, disk: Disk): boolean => manifests.some((name) => disk.isFile(join(folder, name)));

function projectsIn(rules: IgnoreRules, disk: Disk): string[] {
  const { root } = rules;
  // A whole disk or home folder is no project.
  if (!isProject(root)) return [];
  const found: string[] = [];
  const folders = [{ folder: root, depth: 0 }];
  for (const { folder, depth } of folders) {
    const entries = disk.list(folder) ?? [];
    const names = new Set(entries.map((entry) => entry.name));
    if (manifests.some((name) => names.has(name))) found.push(folder);
    if (depth === depthMax || names.has('__init__.py')) continue;
    for (const name of entries.flatMap((entry) => (entry.isDirectory() && !entry.name.startsWith('.') ? [entry.name] : [])).sort()) {
      const below = join(folder, name);
      if (folders.length < foldersMax && !rules.ignores(below, true)) folders.push({ folder: below, depth: depth + 1 });
    }
  }
  return found;
}

/** Of what a manifest declares: each pattern takes time linear in the text, whatever that is. */
const declarations = [
  /\bwhere\s*=\s*(?:\[\s*)?["']?([\w./-]+)/g,
  /\bpackage[-_]dir(?:\s*=|\])\s*(?:\{\s*)?(?:(?:""|'')\s*)?[=:]\s*["']?([\w./-]+)/g,
  /\bfind_(?:namespace_)?packages\(\s*["']([\w./-]+)/g,
  /\b(?:from|python-source|module-root|package-dir)\s*=\s*["']([\w./-]+)["']/g,
];
/** The packages themselves, by their paths. */
const packageLists = /\bpackages\s*=\s*\[([^\]{]*)/g;
const listedPackage = /["']([\w./-]+)\/[\w-]+["']/g;

/** Folders in a project that its manifests say packages lie in, as setuptools, poetry, maturin, uv, Hatch and PDM have it. */
function declaredIn(folder: string, disk: Disk): string[] {
  const texts = manifests.map((name) => disk.read(join(folder, name))).flatMap((reading) => ('text' in reading ? [reading.text] : []));
  return texts.flatMap((text) => [...declarations.flatMap((pattern) => captured(text, pattern)), ...captured(text, packageLists).flatMap((list) => captured(list, listedPackage))]);
}

const captured = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1]);

/** What a `.venv` beside the manifests has installed to be edited: folders that its `.pth` files name. */
function linksIn(folder: string, disk: Disk): string[] {
  const texts = venvFolders(join(folder, manifests[0]), folder, disk).flatMap((packages) =>
    (disk.list(packages) ?? []).filter(({ name }) => name.endsWith('.pth')).map(({ name }) => disk.read(join(packages, name))));
  return texts.flatMap((reading) => ('text' in reading ? reading.text.split(/\r?\n/).filter((line) => line.startsWith('/') || /^[A-Za-z]:\\/.test(line)) : [])).map((line) => resolve(line.trim()));
}
