// What may be configured, as JSON Schema: one source for defaults, validation and documentation.
// Refuses, in a workspace's file, everything that names a model, a store or a place on the machine: that file is data from a stranger.

/** A project's own settings, in its kedge.json or from the editor. */
const project = {
  contextTokensMax: { type: 'integer', minimum: 0, maximum: 24_000, default: 8_000, description: 'Tokens of other files that stand before the cursor.' },
  importTokensMax: { type: 'integer', minimum: 0, maximum: 4_096, default: 256, description: 'Tokens of the file\'s own import statements that lead the text before the cursor.' },
  prefixTokensMax: { type: 'integer', minimum: 64, maximum: 4_096, default: 512, description: 'Tokens before the cursor that the model reads as they are.' },
  suffixTokensMax: { type: 'integer', minimum: 0, maximum: 1_024, default: 64, description: 'Tokens after the cursor.' },
  residentShare: { type: 'number', minimum: 0.01, maximum: 0.5, default: 0.2, description: 'Share of the context that is kept in memory as attention rows, chosen by the cursor\'s own queries while the user rests; at 0.5 all that is stored.' },
  completionTokensMax: { type: 'integer', minimum: 1, maximum: 512, default: 64, description: 'Tokens of one completion.' },
  confidenceFloor: { type: 'number', minimum: 0, maximum: 1, default: 0, description: 'Mean token probability under which nothing is offered; 0 offers always.' },
  multiline: { type: 'boolean', default: true, description: 'Complete a whole block where one opens.' },
  languages: {
    type: 'array', uniqueItems: true, items: { enum: ['typescript', 'typescriptreact', 'javascript', 'javascriptreact', 'python'] },
    default: ['typescript', 'typescriptreact', 'javascript', 'javascriptreact', 'python'],
    description: 'Languages, by the protocol\'s identifiers, in which completions are offered.',
  },
  triggerCharacters: {
    type: 'array', uniqueItems: true, items: { type: 'string', minLength: 1, maxLength: 1 },
    default: ['.', '(', '[', '{', '=', ':', ' ', ',', '"', '\'', '<', '@', '/'],
    description: 'Characters after which the editor asks by itself.',
  },
} as const;

/** What only the user may set, through the editor's initialization options. */
const user = {
  model: { type: 'string', minLength: 1, description: 'Name of an installed model (kedge model list); the catalogue\'s default when absent.' },
  threads: { type: 'integer', minimum: 1, maximum: 64, description: 'Processor threads; the number of physical cores when absent.' },
  storeBytesMax: { type: 'integer', minimum: 16_000_000, default: 4_000_000_000, description: 'Bound of the store on disk, in bytes, shared by all projects.' },
} as const;

export const projectSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'kedge.json',
  type: 'object',
  properties: { $schema: { type: 'string' }, ...project },
  additionalProperties: false,
} as const;

export const userSchema = { ...projectSchema, title: 'Kedge initialization options', properties: { ...projectSchema.properties, ...user } } as const;
