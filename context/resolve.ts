// Where the names that a file imports are declared: specifiers to files, then through files that only pass names on.
// Refuses to leave what it is given.
import { isPython } from './languages/python.js';
import type { PythonModule } from './languages/resolve-python.js';
import { declared, wholeModule, type ImportStatement, type Outline } from './outline.js';

/** How often a name may be passed on; also bounds cycles. */
const hopsMax = 8;
/** How many `export *` of one file are looked into for one name. */
const starsMax = 48;

/** Where modules are and what stands in them: a snapshot's own files, or those of installed packages. */
export interface Modules {
  outline(path: string): Outline | undefined;
  resolveSpecifier(path: string, specifier: string): string | undefined;
  resolveModule(path: string, specifier: string): PythonModule | undefined;
  submodule(parent: PythonModule, name: string): PythonModule | undefined;
}

/** One file that an import statement leads to. */
export interface ImportTarget {
  readonly path: string;
  /** Names declared there that the importing file asked for by name; empty when it takes the file as a whole. */
  readonly names: readonly string[];
  /** What the importing file calls them, dots kept; empty for an import of effects only. */
  readonly locals: readonly string[];
}

/** The files that `statement` in `path` leads to; `membersOf(local)` says which names of a whole module are used, of `*` which may be. */
export function importTargets(modules: Modules, path: string, statement: ImportStatement, membersOf: (local: string) => readonly string[]): ImportTarget[] {
  const module = moduleOf(modules, path, statement.specifier);
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
    // `from m import *` asks for each name that it brings; what is only passed on brings none into this file.
    const isStar = local === '*' && !statement.reexport;
    const members = imported === '*' && !statement.reexport ? membersOf(local) : [];
    const wanted = imported !== '*' ? [imported] : isPython(path) ? members : [...members, wholeModule];
    for (const name of wanted) {
      const at = declaredAt(modules, module, name, hopsMax, new Set());
      if (at) add(at.path, imported === '*' && !isStar ? undefined : at.name, isStar ? name : local);
    }
    // The module itself comes last: what it passes on is nearer to the point.
    add(module.file, undefined, local);
  }
  if (statement.names.length === 0) add(module.file, undefined, undefined);
  return [...found].map(([file, { names, locals }]) => ({ path: file, names: [...names], locals: [...locals] }));
}

/** The file that declares what `path` knows as `name`, through what it imports too, and its name there. */
export function whereDeclared(modules: Modules, path: string, name: string): { readonly path: string; readonly name: string } | undefined {
  const outline = modules.outline(path);
  if (!outline || declares(outline, name)) return outline && { path, name };
  const at = passedOn(modules, path, outline, name, true, hopsMax, new Set());
  return at?.name === undefined ? undefined : { path: at.path, name: at.name };
}

/** What `specifier` means in `path`, in the language of that. */
export function moduleOf(modules: Modules, path: string, specifier: string): PythonModule | undefined {
  if (isPython(path)) return modules.resolveModule(path, specifier);
  const file = modules.resolveSpecifier(path, specifier);
  return file === undefined ? undefined : { file };
}

/** The file that declares what `module` exports as `name`, and its name there; undefined name: the file itself is meant. */
function declaredAt(modules: Modules, module: PythonModule, name: string, hopsLeft: number, seen: Set<string>): { path: string; name: string | undefined } | undefined {
  const { file } = module;
  if (file !== undefined) {
    const key = `${file}\0${name}`;
    if (seen.has(key) || hopsLeft === 0) return undefined;
    seen.add(key);
    const outline = modules.outline(file);
    const alias = outline?.exports.find((e) => e.exported === name)?.local;
    const local = alias ?? name;
    if (outline && declares(outline, local)) return { path: file, name: local };
    const passed = outline && passedOn(modules, file, outline, local, alias !== undefined || isPython(file), hopsLeft, seen);
    if (passed) return passed;
    if (outline && declares(outline, name)) return { path: file, name };
    const described = describing(file);
    const at = described === undefined || !modules.outline(described) ? undefined : declaredAt(modules, { file: described }, name, hopsLeft - 1, seen);
    if (at) return at;
  }
  const submodule = modules.submodule(module, name);
  return submodule?.file === undefined ? undefined : { path: submodule.file, name: undefined };
}

/** What stands beside a file to describe it, for names that it makes while it runs. */
function describing(file: string): string | undefined {
  const match = /^(.*)\.(?:(py)|([cm]?)jsx?)$/.exec(file);
  return match ? match[1] + (match[2] ? '.pyi' : `.d.${match[3]}ts`) : undefined;
}

const declares = (outline: Outline, name: string): boolean => declared(outline).some((d) => d.names.includes(name));

/** Through `export { a } from`, `export *` and their like in CommonJS; `isInScope`: through imports too, of a name that is exported again, and of Python's, all of which pass on. */
function passedOn(modules: Modules, file: string, outline: Outline, name: string, isInScope: boolean, hopsLeft: number, seen: Set<string>): { path: string; name: string | undefined } | undefined {
  const stars: ImportStatement[] = [];
  for (const statement of outline.imports) {
    for (const { imported, local } of statement.names) {
      if (local === '*') stars.push(statement);
      if (local !== name || !(statement.reexport || isInScope)) continue;
      const module = moduleOf(modules, file, statement.specifier);
      if (!module) continue;
      if (imported === '*') return module.file === undefined ? undefined : { path: module.file, name: undefined };
      const at = declaredAt(modules, module, imported, hopsLeft - 1, seen);
      if (at) return at;
    }
  }
  if (['default', wholeModule].includes(name) && outline.language === 'typescript') return undefined;
  for (const statement of stars.slice(0, starsMax)) {
    const module = moduleOf(modules, file, statement.specifier);
    const at = module?.file === undefined ? undefined : declaredAt(modules, { file: module.file }, name, hopsLeft - 1, seen);
    if (at) return at;
  }
  return undefined;
}
