/** The models that an endpoint offers, by the names that clients use. */
import { LlmError } from '../core/errors.ts';
import type { OfferedModel } from './settings.ts';
import { Refusal } from './status.ts';

/** What an endpoint offers that lists no models: whatever the flow behind it answers with. */
const anyModel: OfferedModel = { name: 'default', model: '' };

export class Names {
  readonly #models: readonly OfferedModel[];

  constructor(models: readonly OfferedModel[]) {
    this.#models = models;
  }

  get offered(): readonly OfferedModel[] {
    return this.#models.length > 0 ? this.#models : [anyModel];
  }

  /** What to ask the flow for. Where no models are listed, a name goes on as it is. @throws Refusal */
  resolve(name: string | undefined): OfferedModel {
    const [first = anyModel] = this.offered;
    if (name === undefined || name === '') return first;
    const known = this.offered.find((model) => model.name === name);
    if (known) return known;
    if (this.#models.length === 0) return { name, model: name };
    throw new Refusal(404, 'not_found', 'There is no such model here.', `Ask for one of: ${this.offered.map((model) => model.name).join(', ')}.`);
  }
}

/** The paths that list what is offered: `/models` and `/models/{name}`. */
export function isModels(path: string): boolean {
  return path === '/models' || path.startsWith('/models/');
}

/** Whether the query of a request asks for what stands behind the models: `?expand=llm`. */
export function expandsLlm(url = ''): boolean {
  const at = url.indexOf('?');
  return at !== -1 && new URLSearchParams(url.slice(at)).getAll('expand').includes('llm');
}

/**
 * In OpenAI's format; where `expand` is set, each model has in `llm.model` what the backends are asked for, or null where each takes its own.
 * @throws Refusal, or LlmError `invalid_request` for a name that is none
 */
export function modelsBody(names: Names, path: string, expand: boolean): object {
  const name = path.slice('/models/'.length);
  const body = (model: OfferedModel) => ({ ...modelBody(model), ...(expand && { llm: { model: model.model || null } }) });
  return name === '' ? { object: 'list', data: names.offered.map(body) } : body(names.resolve(decoded(name)));
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new LlmError('invalid_request', 'The name of the model is not encoded as a part of a URL.');
  }
}

function modelBody({ name }: OfferedModel): object {
  return { id: name, object: 'model', created: 0, owned_by: 'node-red' };
}
