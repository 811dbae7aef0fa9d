// Which names the text around a cursor mentions, and how near: backwards from the cursor first, then what follows it.
// Refuses to know what the names mean.
import type { Span } from './outline.js';

/** Looked through on each side of the cursor, in UTF-16 code units. */
const reachChars = 65_536;

/** So many names count as near the cursor: one mentioned further away says less than belonging to what is imported by name. */
const nearNames = 40;

const receiverCharsMax = 200;

/** Dotted names count as a whole and by their parts; 0 is the nearest. */
export class Mentions {
  private readonly ranks = new Map<string, number>();
  private readonly memberRanks = new Map<string, number>();
  private readonly membersByOwner = new Map<string, string[]>();

  /** What a member is being asked of right at the cursor: `a.b` in `a.b.` and in `a.b.na`. */
  readonly receiver: string | undefined;

  /** What the text says the receiver is: the type that it is declared with, or the class that it is made of. */
  readonly receiverType: string | undefined;

  /** `skipped`: import statements in file order, which mention everything. */
  constructor(text: string, cursor: number, skipped: readonly Span[]) {
    this.receiver = /([\p{L}_$][\p{L}\p{N}_$.]*)\??\.[\p{L}\p{N}_$]*$/u.exec(text.slice(Math.max(0, cursor - receiverCharsMax), cursor))?.[1];
    const from = Math.max(0, cursor - reachChars);
    this.receiverType = this.receiver && typeNamed(text.slice(from, cursor + reachChars), this.receiver);
    let next = 0;
    const inSkipped = (at: number): boolean => {
      while (next < skipped.length && skipped[next].end <= at) next++;
      return next < skipped.length && skipped[next].start <= at;
    };
    const chains: { readonly at: number; readonly chain: string }[] = [];
    for (const match of text.slice(from, cursor + reachChars).matchAll(/[\p{L}_$][\p{L}\p{N}_$]*(?:\??\.[\p{L}_$][\p{L}\p{N}_$]*)*/gu)) {
      if (!inSkipped(from + match.index)) chains.push({ at: from + match.index, chain: match[0].replaceAll('?', '') });
    }
    const before = chains.filter((c) => c.at < cursor).reverse();
    for (const { chain } of [...before, ...chains.slice(before.length)]) this.add(chain);
  }

  /** How many names were mentioned nearer than this one, or undefined when it is not mentioned. */
  rank(name: string): number | undefined {
    return this.ranks.get(name);
  }

  isNear(name: string): boolean {
    return (this.rank(name) ?? nearNames) < nearNames;
  }

  /** The same as `rank` for a name that follows a dot somewhere. */
  memberRank(name: string): number | undefined {
    return this.memberRanks.get(name);
  }

  isMemberNear(name: string): boolean {
    return (this.memberRank(name) ?? nearNames) < nearNames;
  }

  /** What follows `owner.` somewhere, nearest first; of `*`, by which names come in without an owner, what is mentioned near. */
  membersOf(owner: string): readonly string[] {
    if (owner === '*') return [...this.ranks.keys()].slice(0, nearNames).filter((name) => !name.includes('.'));
    return this.membersByOwner.get(owner) ?? [];
  }

  private add(chain: string): void {
    const parts = chain.split('.');
    for (let i = parts.length - 1; i >= 0; i--) {
      this.note(parts[i]);
      const owner = parts.slice(0, i).join('.');
      if (i > 1) this.note(owner);
      if (i === 0) continue;
      if (!this.memberRanks.has(parts[i])) this.memberRanks.set(parts[i], this.ranks.size);
      const members = this.membersByOwner.get(owner);
      if (!members) this.membersByOwner.set(owner, [parts[i]]);
      else if (!members.includes(parts[i])) members.push(parts[i]);
    }
    if (parts.length > 1) this.note(chain);
  }

  private note(name: string): void {
    if (!this.ranks.has(name)) this.ranks.set(name, this.ranks.size);
  }
}

/** The last part of `receiver` as `name: Type`, `name = new Type(` or `name = Type(`, wherever the text says so first. */
function typeNamed(text: string, receiver: string): string | undefined {
  const name = receiver.slice(receiver.lastIndexOf('.') + 1).replaceAll('$', '\\$');
  return new RegExp(`(?<![\\p{L}\\p{N}_$])${name}[?!]?\\s*(?::\\s*|(?::[^=\\n]*)?=\\s*(?:await\\s+)?(?:new\\s+)?(?=[\\p{Lu}][\\w.]*(?:<[^\\n(]*>)?\\())["']?([\\p{Lu}][\\p{L}\\p{N}_$]*)`, 'u').exec(text)?.[1];
}
