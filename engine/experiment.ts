// What the ranking experiments change, one at a time; see bench/experiments. On no branch that ships.
export interface Experiment {
  /** Of the prefix's last tokens, how many choose rows; and whether the token that opens the middle does. */
  prefixQueries: number;
  middleQuery: boolean;
  looks: number;
  /** Rows are ranked by the mean over queries, not the largest. */
  mean: boolean;
  /** Positions left free between candidates. */
  gap: number;
  /** Steps of a stored key, and of a value, on either side of zero: 7 is int4. */
  keySteps: number;
  valueSteps: number;
  /** Factors of rows in signatures and headers, and in segments that the cursor's surroundings mention. */
  signatureFactor: number;
  nameFactor: number;
  importFactor: number;
  docFactor: number;
  mentionedFactor: number;
  /** Of each head's budget, what only rows of such segments may take, their best first. */
  mentionedRoom: number;
  /** Added to the scores of composed rows, and a factor of these (APE, arXiv 2502.05431, section 4: scaling and temperature). */
  contextBias: number;
  keyFactor: number;
  /** Of the mean budget, for each of the eight parts. */
  partBudgets: readonly number[];
  /** Heads share what they have together, of a layer or of all, by their weights (Ada-KV, arXiv 2407.11550, section 3.2); each keeps `headFloor` of the mean. Weights of a rank are the largest share of attention. */
  sharing: 'none' | 'layer' | 'all';
  headFloor: number;
}

export const plain: Experiment = { prefixQueries: 24, middleQuery: true, looks: 1, mean: false, gap: 0, keySteps: 127, valueSteps: 127, signatureFactor: 1, nameFactor: 1, importFactor: 1, docFactor: 1, mentionedFactor: 1, mentionedRoom: 0, contextBias: 0, keyFactor: 1, partBudgets: [1, 1, 1, 1, 1, 1, 1, 1], sharing: 'none', headFloor: 0.2 };
export const experiment: Experiment = { ...plain };
