// Which files may import a given one: an index of names that import statements end in, cheap to keep for a whole workspace.
// Refuses to resolve: what it finds are candidates, and its asker checks where each statement really leads.
import { basename, dirname, resolve } from 'node:path';
import { isPython } from './languages/python.js';
import { moduleName } from './languages/resolve-python.js';
import type { Outline } from './outline.js';

/** What an import statement asks for, without its place. */
export interface ImportRequest {
  readonly specifier: string;
  /** Names in the imported file; '*' for all of it. */
  readonly names: readonly string[];
}

interface Known {
  readonly digest: string;
  /** Requests as one string that shares memory with nothing: a line each, specifier and names apart by tabs. */
  readonly requests: string;
}

const platformEnding = /\.(ios|android|native|web)$/;
const sourceEnding = /(\.d)?\.([cm]?[jt]sx?|pyi?)$/;

export class ImporterIndex {
  private readonly known = new Map<string, Known>();
  private readonly byStem = new Map<string, Set<string>>();

  get files(): number {
    return this.known.size;
  }

  /** `digest`: of the text that `outline` is of. */
  note(path: string, digest: string, outline: Outline | undefined): void {
    if (this.known.get(path)?.digest === digest) return;
    this.forget(path);
    const requests = (outline?.imports ?? []).map(({ specifier, names }) => ({ specifier, names: names.map((name) => name.imported) }));
    const lines = requests.map((r) => [r.specifier, ...r.names].join('\t')).filter((line) => !line.includes('\n'));
    this.known.set(path, { digest, requests: Buffer.from(lines.join('\n')).toString() });
    for (const stem of new Set(this.requestsOf(path).flatMap((r) => requestStems(path, r)))) {
      const paths = this.byStem.get(stem);
      if (paths) paths.add(path);
      else this.byStem.set(stem, new Set([path]));
    }
  }

  forget(path: string): void {
    for (const stem of new Set(this.requestsOf(path).flatMap((r) => requestStems(path, r)))) {
      const paths = this.byStem.get(stem);
      paths?.delete(path);
      if (paths?.size === 0) this.byStem.delete(stem);
    }
    this.known.delete(path);
  }

  /** Files with the requests that may mean `path`, which goes by `packageName` too where it is a package's entry. */
  *candidates(path: string, packageName: string | undefined): Iterable<{ readonly path: string; readonly requests: readonly ImportRequest[] }> {
    const stems = new Set([fileStem(path), ...(packageName === undefined ? [] : [lastPart(packageName)])]);
    for (const stem of stems) {
      for (const importer of this.byStem.get(stem) ?? []) {
        if (importer !== path) yield { path: importer, requests: this.requestsOf(importer).filter((r) => requestStems(importer, r).includes(stem)) };
      }
    }
  }

  private requestsOf(path: string): ImportRequest[] {
    const known = this.known.get(path);
    if (!known || known.requests === '') return [];
    return known.requests.split('\n').map((line) => {
      const [specifier, ...names] = line.split('\t');
      return { specifier, names };
    });
  }
}

/** The name that others import the file by: its own, or its folder's where it stands for that. */
function fileStem(path: string): string {
  const stem = basename(path).replace(sourceEnding, '').replace(platformEnding, '');
  return stem === 'index' || stem === '__init__' ? basename(dirname(path)) : stem;
}

function requestStems(path: string, { specifier, names }: ImportRequest): string[] {
  if (isPython(path)) {
    const { folder, parts } = moduleName(path, specifier);
    return [parts.at(-1) ?? basename(folder ?? ''), ...names.filter((name) => name !== '*')];
  }
  return [specifier.startsWith('.') ? fileStem(resolve(dirname(path), specifier)) : fileStem(specifier.replace(/^#/, ''))];
}

const lastPart = (name: string): string => name.slice(name.lastIndexOf('/') + 1);
