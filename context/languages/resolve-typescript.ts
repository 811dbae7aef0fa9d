// Where a TypeScript or JavaScript specifier leads: oxc-resolver's answer, and the source where that is a build output.
// Refuses to decide what may be read.
import { dirname, join, sep } from 'node:path';
import { ResolverFactory, type NapiResolveOptions } from 'oxc-resolver';
import type { Disk } from '../disk.js';

const options: NapiResolveOptions = {
  extensions: ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '.d.ts', '.d.mts', '.d.cts'],
  extensionAlias: {
    '.js': ['.ts', '.tsx', '.js', '.jsx', '.d.ts'],
    '.jsx': ['.tsx', '.jsx', '.d.ts'],
    '.mjs': ['.mts', '.mjs', '.d.mts'],
    '.cjs': ['.cts', '.cjs', '.d.cts'],
  },
  conditionNames: ['source', 'types', 'import', 'node', 'require', 'default'],
  mainFields: ['source', 'types', 'typings', 'module', 'main'],
  nodePath: false,
};

export class TypescriptResolver {
  private readonly withTsconfig = new ResolverFactory({ ...options, tsconfig: 'auto' });
  /** For projects whose tsconfig is broken: relative and package specifiers still resolve. */
  private readonly plain = new ResolverFactory(options);

  constructor(private readonly disk: Disk) {}

  /** The real path of the file that `specifier` names in `file`, or undefined. */
  resolve(file: string, specifier: string): string | undefined {
    const found = this.withTsconfig.resolveFileSync(file, specifier).path ?? this.plain.sync(dirname(file), specifier).path;
    return found === undefined ? this.packageSource(file, specifier) : (this.sourceOf(found) ?? found);
  }

  clear(): void {
    this.withTsconfig.clearCache();
    this.plain.clearCache();
  }

  /** A workspace's package that was never built: what its entry is built from. */
  private packageSource(file: string, specifier: string): string | undefined {
    const match = /^((?:@[^/]+\/)?[^./@][^/]*)(\/.+)?$/.exec(specifier);
    if (!match) return undefined;
    for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
      const dir = this.disk.real(join(folder, 'node_modules', match[1]));
      if (dir === undefined) continue;
      if (dir.includes(`${sep}node_modules${sep}`)) return undefined;
      const inside = (match[2] ?? '/index').replace(/\.[cm]?jsx?$/, '');
      return this.firstSource([join(dir, 'src', inside), join(dir, inside), join(dir, 'src', inside, 'index'), join(dir, 'lib', inside)]);
    }
    return undefined;
  }

  /** `dist/a.d.ts` or `lib/a.js` of a package in the workspace stands for `src/a.ts` where there is one. */
  private sourceOf(path: string): string | undefined {
    const match = /^(.*[\\/])(?:dist|build|lib|out|esm|cjs|types)[\\/](?:(?:esm|cjs|types|src)[\\/])?(.*?)(?:\.d)?\.[cm]?[jt]sx?$/.exec(path);
    if (!match || path.includes(`${sep}node_modules${sep}`) || !this.disk.isFile(join(match[1], 'package.json'))) return undefined;
    return this.firstSource([join(match[1], 'src', match[2]), join(match[1], match[2])]);
  }

  private firstSource(stems: readonly string[]): string | undefined {
    return stems.flatMap((stem) => ['.ts', '.tsx', '.mts', '.cts'].map((extension) => stem + extension)).find((path) => this.disk.isFile(path));
  }
}
