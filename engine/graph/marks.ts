// Which tokens of a vocabulary mark a fill-in-the-middle prompt. Refuses ids that the vocabulary does not have.
import { UserError } from '../../base/errors.js';
import type { TokenizerData } from '../tokenizer.js';

/** Ids of the tokens that mark a fill-in-the-middle prompt. */
export interface FillInTheMiddle {
  readonly prefix: number;
  readonly suffix: number;
  readonly middle: number;
  /** Opens the constant sink; absent where the model has no such token. */
  readonly repoName?: number;
  /** Opens a file; absent where the model has no such token. */
  readonly fileSeparator?: number;
}

/** Their names. */
export type FimTokens = { readonly [part in keyof FillInTheMiddle]: string };

const NAMES: Required<FimTokens> = { prefix: '<|fim_prefix|>', suffix: '<|fim_suffix|>', middle: '<|fim_middle|>', repoName: '<|repo_name|>', fileSeparator: '<|file_sep|>' };
const KEYS: Readonly<Record<keyof FillInTheMiddle, readonly string[]>> = {
  prefix: ['fim_pre_token_id', 'prefix_token_id'],
  suffix: ['fim_suf_token_id', 'suffix_token_id'],
  middle: ['fim_mid_token_id', 'middle_token_id'],
  repoName: ['fim_rep_token_id'],
  fileSeparator: ['fim_sep_token_id'],
};

/** As the catalogue names them (`named`; null: there are none). Where it does not know the model, the GGUF's metadata decides, else the common names. UserError naming `file`. */
export function fillInTheMiddle(file: string, metadata: Readonly<Record<string, unknown>>, { tokens, special, unused }: TokenizerData, named: FimTokens | null | undefined): FillInTheMiddle | null {
  if (named === null) return null;
  const marks = new Map([...special, ...unused].map((id) => [tokens[id], id]));
  const id = (part: keyof FillInTheMiddle): number | undefined => {
    const key = named ? undefined : KEYS[part].map((name) => `tokenizer.ggml.${name}`).find((candidate) => metadata[candidate] !== undefined);
    if (key !== undefined) return checkedId(file, key, metadata[key], tokens.length);
    const name = (named ?? NAMES)[part];
    return name === undefined ? undefined : marks.get(name);
  };
  const [prefix, suffix, middle] = [id('prefix'), id('suffix'), id('middle')];
  if (prefix === undefined || suffix === undefined || middle === undefined) return null;
  return { prefix, suffix, middle, repoName: id('repoName'), fileSeparator: id('fileSeparator') };
}

/** UserError naming `file` and the metadata's `key` where `id` is none of `vocabularySize` tokens. */
export function checkedId(file: string, key: string, id: unknown, vocabularySize: number): number {
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < vocabularySize) return id;
  throw new UserError(`${file}: metadata '${key}' is ${String(id)}, which is none of the ${vocabularySize} tokens: the file is damaged; choose another`);
}
