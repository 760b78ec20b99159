/** Fields for the name of a model, which offer the models that an account or server lists. */
import { connectionFields } from './connection.ts';
import type { EditedNode } from './validate.ts';

/** The config node that is asked; its id may be empty. */
export interface Asked {
  readonly id: string;
  readonly type: string;
}

/** Exactly two parameters: the editor's widgets would else take what it returns for the result. */
export type ModelSearch = (typed: string, done: (matches: Array<{ value: string; label: string }>) => void) => void;

/** Each config node is asked once, when somebody types. */
export function modelSearch(asked: () => Asked): ModelSearch {
  let known: { of: string; names: Promise<string[]> } | undefined;
  const names = (): Promise<string[]> => {
    const { id, type } = asked();
    if (known?.of !== id) known = { of: id, names: askModels(id, type) };
    return known.names;
  };
  return (typed, done) => {
    void names().then((all) => {
      const matches = all.filter((name) => name.toLowerCase().includes(typed.toLowerCase()));
      done(matches.map((name) => ({ value: name, label: name })));
    });
  };
}

/** A list that cannot be had is an empty one: the Test button of the config node tells why. */
async function askModels(id: string, type: string): Promise<string[]> {
  const config = RED.nodes.node(id) as unknown as EditedNode | null;
  if (!config) return [];
  const question = { type, id, fields: connectionFields(config) };
  const answer: unknown = await $.ajax({ url: 'llm/models', method: 'POST', contentType: 'application/json', data: JSON.stringify(question) }).catch(() => ({}));
  const { models } = answer as { models?: string[] };
  return models ?? [];
}
