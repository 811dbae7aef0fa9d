// Finds crossfile candidates in TypeScript and JavaScript with the TypeScript compiler, and nothing of ours.
// Refuses to look outside the repository: packages that it uses stay unresolved.
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import ts from 'typescript';
import type { Candidate } from './choose.js';

const OPTIONS: ts.CompilerOptions = {
  allowJs: true,
  jsx: ts.JsxEmit.Preserve,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  target: ts.ScriptTarget.ESNext,
  lib: ['lib.esnext.d.ts'],
  noEmit: true,
  skipLibCheck: true,
  types: [],
};
const NAME_UNITS_MIN = 3;

/** `repositoryRoot`: the repository's absolute path; `paths`: its TS and JS files, relative, with forward slashes. */
export function typescriptCandidates(repositoryRoot: string, paths: readonly string[]): Candidate[] {
  // The compiler names every file with forward slashes, on Windows too.
  const root = repositoryRoot.replaceAll('\\', '/');
  const host = hostWithin(root);
  const program = ts.createProgram(
    paths.map((path) => `${root}/${path}`),
    OPTIONS,
    host,
  );
  const checker = program.getTypeChecker();
  const candidates: Candidate[] = [];
  for (const path of paths) {
    const file = program.getSourceFile(`${root}/${path}`);
    if (file && !file.isDeclarationFile) candidates.push(...candidatesOf(file, path, root, host, checker));
  }
  return candidates;
}

function candidatesOf(file: ts.SourceFile, path: string, root: string, host: ts.CompilerHost, checker: ts.TypeChecker): Candidate[] {
  const imports = file.statements.filter(isImport);
  const imported = new Set<string>();
  for (const statement of imports) {
    const specifier = ts.isImportEqualsDeclaration(statement) ? undefined : statement.moduleSpecifier;
    if (!specifier || !ts.isStringLiteral(specifier)) continue;
    const resolved = ts.resolveModuleName(specifier.text, file.fileName, OPTIONS, host).resolvedModule?.resolvedFileName;
    if (resolved) imported.add(resolved);
  }
  const occurrences = countWords(file.text, imports.map((statement) => [statement.getStart(file), statement.getEnd()]));
  const candidates: Candidate[] = [];
  const visit = (node: ts.Node): void => {
    if (isImport(node)) return;
    if (ts.isIdentifier(node) && node.text.length >= NAME_UNITS_MIN && occurrences.get(node.text) === 1 && !namesItself(node)) {
      const declaration = declarationElsewhere(node, file, imported, checker);
      if (declaration) candidates.push({ file: path, offset: node.getStart(file), name: node.text, declaredIn: relativeTo(root, declaration.file), declaration: declaration.line });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return candidates;
}

const isImport = (node: ts.Node): node is ts.ImportDeclaration | ts.ExportDeclaration | ts.ImportEqualsDeclaration =>
  ts.isImportDeclaration(node) || ts.isImportEqualsDeclaration(node) || (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined);

/** The name of a declaration, a property being given or a JSX attribute: it declares or repeats, it does not use. */
function namesItself(node: ts.Identifier): boolean {
  const parent = node.parent as ts.Node & { name?: ts.Node };
  return parent.name === node && !ts.isPropertyAccessExpression(parent);
}

/** Where the identifier is declared, when that is a file imported here and not this one. */
function declarationElsewhere(node: ts.Identifier, file: ts.SourceFile, imported: ReadonlySet<string>, checker: ts.TypeChecker): { file: string; line: string } | undefined {
  let symbol = checker.getSymbolAtLocation(node);
  if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
  const declarations = symbol?.declarations ?? [];
  if (declarations.some((declaration) => declaration.getSourceFile() === file)) return undefined;
  for (const declaration of declarations) {
    const name = ts.getNameOfDeclaration(declaration);
    const source = declaration.getSourceFile();
    // A renamed import stands under another name there: no declaration of this identifier.
    if (!name || !imported.has(source.fileName) || name.getText(source) !== node.text) continue;
    const { line } = source.getLineAndCharacterOfPosition(name.getStart(source));
    return { file: source.fileName, line: source.text.split(/\r?\n/)[line].trim() };
  }
  return undefined;
}

/** How often each word stands in the text outside the given spans, comments and strings included. */
function countWords(text: string, spans: readonly (readonly [number, number])[]): Map<string, number> {
  let rest = text;
  for (const [start, end] of spans) rest = rest.slice(0, start) + ' '.repeat(end - start) + rest.slice(end);
  const counts = new Map<string, number>();
  for (const [word] of rest.matchAll(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

const relativeTo = (root: string, file: string): string => file.slice(root.length + 1);

/** The compiler's library files, parsed once. */
const libraryFiles = new Map<string, ts.SourceFile>();

/** Sees the repository and the compiler's own library files only, so that the machine around them changes nothing. */
function hostWithin(root: string): ts.CompilerHost {
  const host = ts.createCompilerHost(OPTIONS, true);
  const libraries = dirname(ts.getDefaultLibFilePath(OPTIONS));
  const inside = (path: string): boolean => path === root || path.startsWith(root + '/') || path.startsWith(libraries);
  const read = (path: string): string | undefined => (inside(path) && existsSync(path) ? readFileSync(path, 'utf8') : undefined);
  return {
    ...host,
    fileExists: (path) => inside(path) && ts.sys.fileExists(path),
    directoryExists: (path) => inside(path) && ts.sys.directoryExists(path),
    readFile: read,
    getSourceFile: (path, language) => {
      const known = libraryFiles.get(path);
      const text = known ? undefined : read(path);
      if (text === undefined) return known;
      // Not the host's own reader: it takes a byte order mark away, and offsets count it.
      const file = ts.createSourceFile(path, text, language, true);
      if (path.startsWith(libraries)) libraryFiles.set(path, file);
      return file;
    },
    realpath: (path) => path,
    getCurrentDirectory: () => root,
  };
}
