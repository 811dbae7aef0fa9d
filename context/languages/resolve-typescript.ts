// Where a TypeScript or JavaScript specifier leads: oxc-resolver's answer, and the source where that is a build output.
// Refuses to decide what may be read.
import { dirname, join, sep } from 'node:path';
import { ResolverFactory, type NapiResolveOptions } from 'oxc-resolver';
import { isInside } from '../../base/inside.js';
import type { Disk } from '../disk.js';
import type { IgnoreRules } from '../ignore-rules.js';
import { firstSource, foldersAbove, packageAbove, sourceOf } from './build-output.js';
import { conditionNames, mainFields, manifestAt, targetsOf } from './manifests.js';
import { workspacePackages } from './workspace-packages.js';

const options: NapiResolveOptions = {
  extensions: ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '.d.ts', '.d.mts', '.d.cts'],
  extensionAlias: {
    '.js': ['.ts', '.tsx', '.js', '.jsx', '.d.ts'],
    '.jsx': ['.tsx', '.jsx', '.d.ts'],
    '.mjs': ['.mts', '.mjs', '.d.mts'],
    '.cjs': ['.cts', '.cjs', '.d.cts'],
  },
  conditionNames,
  mainFields,
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

  /** `rules`: of each folder that a workspace may start at; what they ignore counts as built. */
  constructor(
    private readonly disk: Disk,
    private readonly rules: readonly IgnoreRules[],
  ) {}

  /** The real path of the file that `specifier` names in `file`, or undefined. */
  resolve(file: string, specifier: string): string | undefined {
    const found = this.withTsconfig.resolveFileSync(file, specifier).path ?? this.byNearest(file, specifier) ?? this.plain.sync(dirname(file), specifier).path;
    return this.written(found) ?? this.packageSource(file, specifier) ?? found ?? this.forPlatforms.resolveFileSync(file, specifier).path;
  }

  /** The real path of what describes `specifier`'s types to TypeScript, installed or not. */
  declarations(file: string, specifier: string): string | undefined {
    return this.withTsconfig.resolveDtsSync(file, specifier).path;
  }

  /** By the nearest configuration, whether that includes `file` or not: tests are left out of many, and JavaScript of most. */
  private byNearest(file: string, specifier: string): string | undefined {
    for (const folder of foldersAbove(file)) {
      if (!this.rules.some(({ root }) => isInside(root, folder))) break;
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

  /** What a workspace's package means by `specifier` where that was never built or never installed: what its entries are built from. */
  private packageSource(file: string, specifier: string): string | undefined {
    if (specifier.startsWith('#')) {
      const own = packageAbove(file, this.disk);
      return own && this.mappedIn(own, specifier);
    }
    const match = /^((?:@[^/]+\/)?[^./@][^/]*)(.*)$/.exec(specifier);
    const dir = match ? this.packageNamed(match[1], file) : undefined;
    if (!match || dir === undefined) return undefined;
    return this.mappedIn(dir, `.${match[2]}`) ?? this.guessedIn(dir, match[2]);
  }

  /** By the manifest: see `targetsOf`. */
  private mappedIn(dir: string, request: string): string | undefined {
    for (const target of targetsOf(manifestAt(dir, this.disk) ?? {}, request)) {
      const found = this.plain.sync(dir, target.startsWith('.') ? target : `./${target}`).path;
      const source = found === undefined ? sourceOf(join(dir, target), true, this.disk) : this.written(found);
      if (source !== undefined) return source;
    }
    return undefined;
  }

  /** What no map and no entry of a package says: the file there, or its like in `src` or `lib`. */
  private guessedIn(dir: string, subpath: string): string | undefined {
    const found = this.plain.sync(dir, `.${subpath}`).path;
    const stem = (subpath || '/index').replace(/\.[cm]?jsx?$/, '');
    return this.written(found) ?? firstSource([join(dir, 'src', stem), join(dir, 'src', stem, 'index'), join(dir, 'lib', stem)], true, this.disk);
  }

  /** The folder of the package that `file` knows by this name, itself included, unless it comes from elsewhere. */
  private packageNamed(name: string, file: string): string | undefined {
    const own = packageAbove(file, this.disk);
    if (own !== undefined && manifestAt(own, this.disk)?.name === name) return own;
    for (const folder of foldersAbove(file)) {
      const dir = this.disk.real(join(folder, 'node_modules', name));
      if (dir !== undefined) return dir.includes(`${sep}node_modules${sep}`) ? undefined : dir;
    }
    this.packages ??= workspacePackages(this.rules.map(({ root }) => root), this.disk);
    return this.packages.get(name);
  }

  /** `path` where somebody wrote it, else what it is built from. */
  private written(path: string | undefined): string | undefined {
    if (path === undefined || path.includes(`${sep}node_modules${sep}`)) return path;
    const isOutput = this.rules.some((rules) => rules.ignores(path, false));
    return sourceOf(path, isOutput, this.disk) ?? (isOutput ? undefined : path);
  }
}
