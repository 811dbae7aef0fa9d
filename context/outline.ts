// What a source file declares and imports, as plain data: the product of parse.ts and all that the rest of context knows of syntax.
// Refuses to hold text or syntax nodes.

/** Half-open, in UTF-16 code units of the file's text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface ImportedName {
  /** The name in the imported file: 'default', '*' for all of it, or what it is called there. */
  readonly imported: string;
  /** What this file calls it; '*' when every name comes in (`from m import *`, `export * from`). Python's `import a.b` keeps its dots. */
  readonly local: string;
}

/** The name that a CommonJS module exports all of itself under, as Node has it. */
export const wholeModule = 'module.exports';

export interface ImportStatement extends Span {
  /** As written, without quotes; Python's relative ones keep their leading dots. */
  readonly specifier: string;
  /** Empty for an import of effects only and for a call whose result is not taken apart. */
  readonly names: readonly ImportedName[];
  /** `export ... from`, `module.exports = require(...)` and the like: the names belong to this file's exports, not to its scope. */
  readonly reexport: boolean;
  /** Stands directly in the file, not inside a function or a condition. */
  readonly topLevel: boolean;
}

export type DeclarationKind = 'class' | 'interface' | 'function' | 'type' | 'enum' | 'variable' | 'namespace' | 'import' | 'statement';

/** One piece of a file's, class's or namespace's body. Together with the blank space between them these tile the body. */
export interface Declaration extends Span {
  readonly kind: DeclarationKind;
  /** Names declared here; a statement has none or those that it declares in its branches, and `declare module 'a'` none. */
  readonly names: readonly string[];
  /** From decorators to the opening of the body; what stands before it, from `start`, is comment. */
  readonly signature: Span;
  /** The comment before or the docstring inside. */
  readonly doc?: Span;
  readonly children: readonly Declaration[];
}

/** `export { local as exported }`, `exports.exported = local` of a name that this file has. */
export interface ExportAlias {
  readonly exported: string;
  readonly local: string;
}

export interface Outline {
  readonly language: 'typescript' | 'python';
  /** In file order. */
  readonly imports: readonly ImportStatement[];
  /** The file's own pieces in order; import statements are among them. */
  readonly declarations: readonly Declaration[];
  readonly exports: readonly ExportAlias[];
}

/** What the file declares: in place of `declare module 'a'`, what that declares. */
export const declared = ({ declarations }: Outline): readonly Declaration[] =>
  declarations.flatMap((one) => (one.kind === 'namespace' && one.names.length === 0 ? one.children : [one]));
