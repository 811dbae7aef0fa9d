// Where a TypeScript or JavaScript specifier leads: oxc-resolver's answer, and the source where that is a build output.
// Refuses to decide what may be read.
import { dirname, join, sep } from 'node:path';
import { ResolverFactory, type NapiResolveOptions } from 'oxc-resolver';
import type { Disk } from '../disk.js';
import { workspacePackages } from './workspace-packages.js';

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

/** Of React Native and its like, which have no file without the platform's name. */
const platformExtensions = ['.ios', '.android', '.native', '.web'].flatMap((platform) => ['.tsx', '.ts', '.jsx', '.js'].map((extension) => platform + extension));

export class TypescriptResolver {
  private readonly withTsconfig = new ResolverFactory({ ...options, tsconfig: 'auto' });
  /** For projects whose tsconfig is broken: relative and package specifiers still resolve. */
  private readonly plain = new ResolverFactory(options);
  private readonly forPlatforms = new ResolverFactory({ ...options, extensions: platformExtensions, tsconfig: 'auto' });

  private readonly byConfig = new Map<string, ResolverFactory>();
  private packages: ReadonlyMap<string, string> | undefined;

  /** `roots`: where workspaces may start. */
  constructor(
    private readonly disk: Disk,
    private readonly roots: readonly string[],
  ) {}

  /** The real path of the file that `specifier` names in `file`, or undefined. */
  resolve(file: string, specifier: string): string | undefined {
    const found = this.withTsconfig.resolveFileSync(file, specifier).path ?? this.byNearest(file, specifier) ?? this.plain.sync(dirname(file), specifier).path;
    return found === undefined ? (this.packageSource(file, specifier) ?? this.forPlatforms.resolveFileSync(file, specifier).path) : (this.sourceOf(found) ?? found);
  }

  /** The real path of what describes `specifier`'s types to TypeScript, installed or not. */
  declarations(file: string, specifier: string): string | undefined {
    return this.withTsconfig.resolveDtsSync(file, specifier).path;
  }

  /** By the nearest configuration, whether that includes `file` or not: tests are left out of many, and JavaScript of most. */
  private byNearest(file: string, specifier: string): string | undefined {
    for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
      if (!this.roots.some((root) => folder.startsWith(root))) break;
      const configs = ['tsconfig.json', 'jsconfig.json'].map((name) => join(folder, name)).filter((path) => this.disk.isFile(path));
      if (configs.length > 0) return configs.map((configFile) => this.withConfig(configFile).sync(dirname(file), specifier).path).find((path) => path !== undefined);
    }
    return undefined;
  }

  private withConfig(configFile: string): ResolverFactory {
    const resolver = this.byConfig.get(configFile) ?? new ResolverFactory({ ...options, tsconfig: { configFile, references: 'auto' } });
    this.byConfig.set(configFile, resolver);
    return resolver;
  }

  /** A workspace's package that was never built, or never installed: what its entry is built from. */
  private packageSource(file: string, specifier: string): string | undefined {
    const match = /^((?:@[^/]+\/)?[^./@][^/]*)(\/.+)?$/.exec(specifier);
    if (!match) return undefined;
    for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
      const dir = this.disk.real(join(folder, 'node_modules', match[1]));
      if (dir?.includes(`${sep}node_modules${sep}`)) return undefined;
      if (dir !== undefined) return this.sourceIn(dir, match[2]);
    }
    this.packages ??= workspacePackages(this.roots, this.disk);
    const dir = this.packages.get(match[1]);
    if (dir === undefined) return undefined;
    // A package may ask for itself by name: so its own exports decide.
    const exported = this.plain.sync(dir, specifier).path;
    return exported === undefined ? this.sourceIn(dir, match[2]) : (this.sourceOf(exported) ?? exported);
  }

  private sourceIn(dir: string, subpath: string | undefined): string | undefined {
    const inside = (subpath ?? '/index').replace(/\.[cm]?jsx?$/, '');
    return this.firstSource([join(dir, 'src', inside), join(dir, inside), join(dir, 'src', inside, 'index'), join(dir, 'lib', inside)]);
  }

  /** `dist/a.d.ts` or `lib/a.js` of a package in the workspace stands for `src/a.ts` where there is one; `lib/a.ts` is a source itself. */
  private sourceOf(path: string): string | undefined {
    const match = /^(.*[\\/])(?:dist|build|lib|out|esm|cjs|types)[\\/](?:(?:esm|cjs|types|src)[\\/])?(.*?)(?:\.d\.[cm]?ts|\.[cm]?jsx?)$/.exec(path);
    if (!match || path.includes(`${sep}node_modules${sep}`) || !this.disk.isFile(join(match[1], 'package.json'))) return undefined;
    return this.firstSource([join(match[1], 'src', match[2]), join(match[1], match[2])]);
  }

  private firstSource(stems: readonly string[]): string | undefined {
    return stems.flatMap((stem) => ['.ts', '.tsx', '.mts', '.cts'].map((extension) => stem + extension)).find((path) => this.disk.isFile(path));
  }
}
