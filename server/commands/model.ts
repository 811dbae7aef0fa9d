// `kedge model list | pull | add | remove | verify`: the models in the user's cache folder, shared by all projects.
// Refuses to know where bytes come from and what a model is made of: that is the engine's.
import type { Log } from '../../base/log.js';
import { modelsDir } from '../../base/paths.js';
import { UserError } from '../../base/errors.js';
import { addModel, catalogue, installedModels, isReady, pullModel, removeModel, verifyModel, type InstalledModel, type ModelOptions } from '../../engine/index.js';
import { megabytes } from '../quantities.js';
import { withProgress, type AddCommand, type CommandIo } from './io.js';

interface Call {
  readonly target: string | undefined;
  readonly name: string | undefined;
  readonly json: boolean;
  readonly io: CommandIo;
}

/** The object for `--json`, and the same as text for a reader. */
interface Outcome {
  readonly result: object;
  readonly text: string;
}

const actions: Readonly<Record<string, (call: Call) => Outcome | Promise<Outcome>>> = { list, pull, add, remove, verify };

export const addModelCommand: AddCommand = (cli, io) => {
  cli
    .command('model <action> [target]', 'Models: list, pull [NAME], add FILE.gguf [--name N], remove NAME, verify [NAME]')
    .option('--name <name>', 'With add: what to call the model')
    .option('--json', 'One JSON object on stdout')
    .action(async (action: string, target: string | undefined, options: { name?: unknown; json?: boolean }) => {
      if (!Object.hasOwn(actions, action)) throw new UserError(`no action "${action}": kedge model has ${Object.keys(actions).join(', ')}`, 2);
      const call = { target, name: options.name === undefined ? undefined : String(options.name), json: options.json === true, io };
      const { result, text } = await actions[action](call);
      io.out(call.json ? JSON.stringify(result) : text);
    });
};

function list({ io }: Call): Outcome {
  const installed = new Map(installedModels(io.env).map((model) => [model.name, model]));
  const entries = catalogue();
  const others = [...installed.values()].filter((model) => entries.every((entry) => entry.name !== model.name));
  const models = [...entries, ...others.map((model) => ({ ...model, default: false, licence: null }))].map(({ name, file, bytes, sha256, licence, architecture, default: isDefault }) => {
    const model = installed.get(name);
    return { name, default: isDefault, installed: model !== undefined, converted: model !== undefined && isReady(model), file, bytes, sha256, licence, architecture, path: model?.ggufPath ?? null };
  });
  const widest = Math.max(...models.map((model) => model.name.length));
  const lines = models.map((model) => {
    const state = model.converted ? 'ready' : model.installed ? 'installed, converted at its first use' : 'not installed';
    return `${model.name.padEnd(widest)}  ${megabytes(model.bytes).padStart(9)}  ${(model.licence ?? 'added').padEnd(10)}  ${state}${model.default ? ' (default)' : ''}`;
  });
  return { result: { dir: modelsDir(io.env), models }, text: lines.join('\n') };
}

async function pull(call: Call): Promise<Outcome> {
  const { model, alreadyThere } = await working(call, (options) => pullModel(call.target, options));
  return installedOutcome(model, alreadyThere);
}

async function add(call: Call): Promise<Outcome> {
  const file = required(call.target, 'add FILE.gguf');
  const { model, alreadyThere } = await working(call, (options) => addModel(file, { ...options, name: call.name }));
  return installedOutcome(model, alreadyThere);
}

function remove({ target, io }: Call): Outcome {
  const model = removeModel(required(target, 'remove NAME'), io.env);
  return { result: { name: model.name, removed: true, bytesFreed: model.bytes }, text: `${model.name} is removed` };
}

async function verify(call: Call): Promise<Outcome> {
  const names = call.target === undefined ? installedModels(call.io.env).map((model) => model.name) : [call.target];
  const models = await working(call, async (options) => {
    const all = [];
    for (const name of names) all.push(await verifyModel(name, options));
    return all;
  });
  if (models.some((model) => !model.intact || model.conversionIntact === false)) process.exitCode = 1;
  const lines = models.map((model) => {
    if (!model.intact) return `${model.name}: ${model.path} has the digest ${model.found}, not ${model.expected}. Run kedge model remove ${model.name}, then pull or add it again`;
    const conversion = model.conversionIntact === false ? '; what was converted from it is damaged, and its next use converts it again' : '';
    return `${model.name}: intact, SHA-256 ${model.found}${conversion}`;
  });
  return { result: { models }, text: lines.length > 0 ? lines.join('\n') : 'no model is installed: run kedge model pull' };
}

function installedOutcome(model: InstalledModel, alreadyThere: boolean): Outcome {
  const { name, ggufPath, bytes, sha256, architecture } = model;
  return {
    result: { name, path: ggufPath, bytes, sha256, architecture, alreadyThere, converted: isReady(model) },
    text: `${name} is ${alreadyThere ? 'there already' : 'installed'} (${megabytes(bytes)}, SHA-256 ${sha256}), in ${model.dir}`,
  };
}

function working<T>({ io, json }: Call, work: (options: ModelOptions) => Promise<T>): Promise<T> {
  const log: Log = { info: (message) => io.err(message), warn: (message) => io.err(message), error: (message) => io.err(message) };
  return withProgress(io, json, (onProgress) => work({ env: io.env, signal: io.signal, log, onProgress }));
}

function required(target: string | undefined, usage: string): string {
  if (target === undefined) throw new UserError(`say which: kedge model ${usage}`, 2);
  return target;
}
