// Where the default model's file is expected, for suites that need the real one. Refuses to fetch it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { modelsDir } from '../../base/paths.js';
import catalogue from '../../models/catalogue.json' with { type: 'json' };

const defaultModel = catalogue.models.find((model) => model.default)!;

export const realModelPath = join(modelsDir(), defaultModel.name, 'model.gguf');
export const realModelPresent = existsSync(realModelPath);
