// Random pieces of TypeScript with JSX and of Python, every name in them another, so that nothing is said twice: true text for the fuzzer of trimming.

export type Random = (below: number) => number;
export type Language = 'ts' | 'python';

/** Where a hole may be cut: between the tokens `from` and `to`. */
export interface Hole {
  readonly from: number;
  readonly to: number;
}

export class Snippet {
  readonly tokens: string[] = [];
  /** Expressions, lists, tags, statements and blocks. */
  readonly nodes: Hole[] = [];
  /** Statements without a comment behind them. */
  private readonly statements: Hole[] = [];
  private names = 0;

  constructor(
    private readonly language: Language,
    private readonly random: Random,
  ) {
    this.block(0, 2);
  }

  /** From inside a statement to its end or, below its first line, to the line's. */
  rest(): Hole {
    const { from, to } = this.statements[this.random(this.statements.length)];
    const start = from + this.random(to - from);
    const lineEnd = this.tokens.indexOf('\n', start);
    return { from: start, to: this.tokens.slice(from, start).includes('\n') && lineEnd >= 0 ? Math.min(to, lineEnd) : to };
  }

  /** How many lines stand above the nearest one that is less indented than the hole's first. */
  linesAbove(hole: Hole): number {
    const indentOf = (line: string): number => line.length - line.trimStart().length;
    const lines = this.textOf({ from: 0, to: hole.from }).split('\n');
    const margin = indentOf(lines.at(-1) + this.textOf(hole));
    return Math.max(0, lines.findLastIndex((line, at) => at < lines.length - 1 && indentOf(line) < margin));
  }

  textOf({ from, to }: Hole): string {
    return this.tokens.slice(from, to).join('');
  }

  private put(...tokens: string[]): void {
    this.tokens.push(...tokens);
  }

  private node(write: () => void, into = this.nodes): void {
    const from = this.tokens.length;
    write();
    into.push({ from, to: this.tokens.length });
  }

  private name(): string {
    return `${['item', 'node', 'total', 'user'][this.random(4)]}${String(this.names++).padStart(3, '0')}`;
  }

  private pick(...writers: readonly (() => void)[]): void {
    writers[this.random(writers.length)]();
  }

  /** At the margin, statements below one another are no block: nothing is less indented. */
  private block(indent: number, depth: number): void {
    const write = (): void => {
      for (let count = 1 + this.random(3); count > 0; count--) {
        this.statement(indent, depth);
        if (count > 1) this.put('\n');
      }
    };
    if (indent > 0) this.node(write);
    else write();
  }

  private statement(indent: number, depth: number): void {
    const isPython = this.language === 'python';
    const margin = ' '.repeat(indent);
    const inner = indent + (isPython ? 4 : 2);
    const end = isPython ? '' : ';';
    this.put(margin);
    const simple = (write: () => void): void => {
      this.node(() => this.node(write, this.statements));
      if (this.random(3) === 0) this.put(isPython ? '  # ' : ' // ', this.name(), ') ', this.name());
    };
    const nested = (head: () => void, opening: string, closing: string): void =>
      this.node(() => {
        head();
        this.put(opening, '\n');
        this.block(inner, depth - 1);
        if (closing) this.put('\n', margin, closing);
      });
    const simples = [
      () => simple(() => (this.put(isPython ? '' : 'const ', this.name(), ' = '), this.expression(depth, indent), this.put(end))),
      () => simple(() => (this.call(depth, indent), this.put(end))),
      () => simple(() => (this.put('return '), this.expression(depth, indent), this.put(end))),
    ];
    if (depth <= 0) return this.pick(...simples);
    if (isPython) {
      return this.pick(
        ...simples,
        () => nested(() => (this.put('if '), this.expression(1)), ':', ''),
        () => nested(() => this.put('def ', this.name(), '(', this.name(), ', ', this.name(), ')'), ':', ''),
      );
    }
    this.pick(
      ...simples,
      () => nested(() => (this.put('if ', '('), this.expression(1), this.put(')', ' ')), '{', '}'),
      () => nested(() => this.put('* ', this.name(), '(', ')', ' '), '{', '}'),
      () => nested(() => this.put(this.name(), '(', '(', this.name(), ')', ' => '), '{', '});'),
      () => simple(() => (this.put('const ', this.name(), ' = ', '(', '\n', ' '.repeat(inner)), this.tag(depth, inner), this.put('\n', margin, ')', ';'))),
    );
  }

  /** Over several lines where `indent`, its line's, is given. */
  private list(opening: string, closing: string, element: () => void, indent?: number): void {
    const isTall = indent !== undefined && this.random(3) === 0;
    this.put(opening);
    this.node(() => {
      for (let count = this.random(4); count > 0; count--) {
        if (isTall) this.put('\n', ' '.repeat(indent + (this.language === 'python' ? 4 : 2)));
        element();
        this.put(isTall ? ',' : count > 1 ? ', ' : '');
      }
      if (isTall) this.put('\n', ' '.repeat(indent));
    });
    this.put(closing);
  }

  private call(depth: number, indent?: number): void {
    this.put(this.name());
    this.list('(', ')', () => this.expression(depth - 1), indent);
  }

  private callInString(): void {
    this.put(this.name(), '(');
    for (let strings = this.random(3); strings > 0; strings--) {
      this.put("'");
      this.node(() => this.put(this.name(), ') ', this.name()));
      this.put("'", ', ');
    }
    this.put(this.name(), ')');
  }

  private expression(depth: number, indent?: number): void {
    const simple = [() => this.put(this.name()), () => this.put(`'${this.name()}) ${this.name()}'`), () => this.put(`"don't (${this.name()}"`)];
    const inner = (): void => this.expression(depth - 1);
    const operand = (): void => this.pick(() => this.put(this.name()), () => this.call(depth));
    const nested = [
      () => this.call(depth, indent),
      () => this.list('[', ']', inner, indent),
      () => this.list('{', '}', () => (this.put(this.name(), ': '), inner()), indent),
      () => (this.put('('), operand(), this.put(' + '), operand(), this.put(')')),
      () => (operand(), this.put(' / '), operand()),
    ];
    const ofLanguage =
      this.language === 'python'
        ? [() => (operand(), this.put(' // '), operand()), () => (this.put(`f"${this.name()}: `, '{'), this.node(() => this.callInString()), this.put('}', '"'))]
        : [
            () => this.put(`/[${this.name()})/]\\(/`, '.', 'test', '(', this.name(), ')'),
            () => (this.put(`\`${this.name()} `, '${'), this.node(() => this.callInString()), this.put('}', '`')),
            () => (this.put('(', this.name(), ')', ' => '), inner()),
            () => this.tag(depth),
          ];
    this.node(() => this.pick(...(depth <= 0 ? simple : [...simple, ...nested, ...ofLanguage])));
  }

  private tag(depth: number, indent?: number): void {
    const name = ['div', 'b', 'Item.Row', ''][this.random(4)];
    this.node(() => {
      this.put('<', name);
      if (name && this.random(2)) this.put(' ', this.name(), '={', this.name(), '}');
      if (name && this.random(4) === 0) return this.put(' />');
      this.put('>');
      const inside = this.tokens.length;
      this.node(() => {
        for (let count = this.random(3); count > 0; count--) {
          if (indent !== undefined) this.put('\n', ' '.repeat(indent + 2));
          if (depth <= 0 || this.random(3) === 0) this.pick(() => this.put(this.name()), () => (this.put('{'), this.node(() => this.put(this.name())), this.put('}')));
          else this.tag(depth - 1, indent === undefined ? undefined : indent + 2);
        }
      });
      if (indent !== undefined && this.tokens.length > inside) this.put('\n', ' '.repeat(indent));
      this.put('</', name, '>');
    });
  }
}
