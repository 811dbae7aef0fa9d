// What the daemon does where nothing is set, as a plan and a recipe name it. Refuses values of its own.
import { storedShareDefault } from '../base/segment.js';
import { defaultsOf, schemas } from '../base/settings-schema.js';
import { sourcesByDefault } from '../context/index.js';
import type { Recipe } from './measure.js';

const setting = defaultsOf(schemas.user.properties) as Readonly<Record<'contextTokensMax' | 'importTokensMax' | 'prefixTokensMax' | 'suffixTokensMax' | 'residentShare', number>>;

/** The local window. */
export const windowByDefault = { prefixTokensMax: setting.prefixTokensMax, suffixTokensMax: setting.suffixTokensMax, importTokensMax: setting.importTokensMax };

/** The daemon's anchors where the cursor rested. */
export const recipeByDefault: Omit<Recipe, 'model'> & { readonly rows: number; readonly stored: number } = {
  context: 'anchors', policy: 'two-stage', state: 'warm', rows: setting.residentShare, stored: storedShareDefault,
  sources: [...sourcesByDefault].sort(), tokens: setting.contextTokensMax, prefix: setting.prefixTokensMax, suffix: setting.suffixTokensMax, drafts: 'off', ngrams: 'off',
};
