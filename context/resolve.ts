// Where the names that a file imports are declared: specifiers to files, then through files that only pass names on.
// Refuses to leave what the snapshot may read.
import type { PythonModule } from './languages/resolve-python.js';
import type { ImportStatement, Outline } from './outline.js';
import type { Snapshot } from './snapshot.js';

/** How often a name may be passed on; also bounds cycles. */
const hopsMax = 4;
/** How many `export *` of one file are looked into for one name. */
const starsMax = 48;

/** One file that an import statement leads to. */
export interface ImportTarget {
  readonly path: string;
  /** Names declared there that the importing file asked for by name; empty when it takes the file as a whole. */
  readonly names: readonly string[];
  /** What the importing file calls them, dots kept; empty for an import of effects only. */
  readonly locals: readonly string[];
}

/** The files that `statement` in `path` leads to; `membersOf(local)` says which names of a whole module are used. */
export function importTargets(snapshot: Snapshot, path: string, statement: ImportStatement, membersOf: (local: string) => readonly string[]): ImportTarget[] {
  const module = moduleOf(snapshot, path, statement.specifier);
  if (!module) return [];
  const found = new Map<string, { names: Set<string>; locals: Set<string> }>();
  const add = (file: string | undefined, name: string | undefined, local: string | undefined): void => {
    if (file === undefined || file === path) return;
    const target = found.get(file) ?? { names: new Set(), locals: new Set() };
    found.set(file, target);
    if (name !== undefined) target.names.add(name);
    if (local !== undefined) target.locals.add(local);
  };
  for (const { imported, local } of statement.names) {
    const wanted = imported === '*' ? membersOf(local) : [imported];
    for (const name of wanted) {
      const at = declaredAt(snapshot, module, name, hopsMax, new Set());
      if (at) add(at.path, imported === '*' ? undefined : at.name, local);
    }
    // The module itself comes last: what it passes on is nearer to the point.
    add(module.file, undefined, local);
  }
  if (statement.names.length === 0) add(module.file, undefined, undefined);
  return [...found].map(([file, { names, locals }]) => ({ path: file, names: [...names], locals: [...locals] }));
}

/** The file that declares what `path` knows as `name`, through what it imports too, and its name there. */
export function whereDeclared(snapshot: Snapshot, path: string, name: string): { readonly path: string; readonly name: string } | undefined {
  const at = declaredAt(snapshot, { file: path }, name, hopsMax, new Set());
  return at?.name === undefined ? undefined : { path: at.path, name: at.name };
}

function moduleOf(snapshot: Snapshot, path: string, specifier: string): PythonModule | undefined {
  if (/\.pyi?$/.test(path)) return snapshot.resolveModule(path, specifier);
  const file = snapshot.resolveSpecifier(path, specifier);
  return file === undefined ? undefined : { file };
}

/** The file that declares what `module` exports as `name`, and its name there; undefined name: the file itself is meant. */
function declaredAt(snapshot: Snapshot, module: PythonModule, name: string, hopsLeft: number, seen: Set<string>): { path: string; name: string | undefined } | undefined {
  const { file } = module;
  if (file !== undefined) {
    const key = `${file}\0${name}`;
    if (seen.has(key) || hopsLeft === 0) return undefined;
    seen.add(key);
    const outline = snapshot.outline(file);
    const local = outline?.exports.find((e) => e.exported === name)?.local ?? name;
    if (outline && declares(outline, local)) return { path: file, name: local };
    const passed = outline && passedOn(snapshot, file, outline, local, hopsLeft, seen);
    if (passed) return passed;
  }
  const submodule = snapshot.submodule(module, name);
  return submodule?.file === undefined ? undefined : { path: submodule.file, name: undefined };
}

const declares = (outline: Outline, name: string): boolean => outline.declarations.some((d) => d.names.includes(name));

/** Through `export { a } from`, `export *`, an import that is exported again, and Python's imports, all of which pass on. */
function passedOn(snapshot: Snapshot, file: string, outline: Outline, name: string, hopsLeft: number, seen: Set<string>): { path: string; name: string | undefined } | undefined {
  const stars: ImportStatement[] = [];
  for (const statement of outline.imports) {
    for (const { imported, local } of statement.names) {
      if (local === '*') stars.push(statement);
      if (local !== name) continue;
      const module = moduleOf(snapshot, file, statement.specifier);
      if (!module) continue;
      if (imported === '*') return module.file === undefined ? undefined : { path: module.file, name: undefined };
      const at = declaredAt(snapshot, module, imported, hopsLeft - 1, seen);
      if (at) return at;
    }
  }
  if (name === 'default' && outline.language === 'typescript') return undefined;
  for (const statement of stars.slice(0, starsMax)) {
    const module = moduleOf(snapshot, file, statement.specifier);
    const at = module?.file === undefined ? undefined : declaredAt(snapshot, { file: module.file }, name, hopsLeft - 1, seen);
    if (at) return at;
  }
  return undefined;
}
