/** Which names of models may be labels. A client may ask for any name, and many servers repeat it: each label would be a series that stays. */

import type { LlmNode } from '../../runtime/llm-nodes.ts';

/** The label of all others. */
export const otherModel = 'other';

/** So many names that no setting holds, at most. */
const mostReported = 100;

export class ModelNames {
  readonly #isConfigured: (name: string) => boolean;
  readonly #known = new Set<string>();
  #reported = 0;

  /** `isConfigured` tells whether a setting of the flows names the model. */
  constructor(isConfigured: (name: string) => boolean) {
    this.#isConfigured = isConfigured;
  }

  /** The label for what `asked` was answered by. A name that the server gave by itself counts, one that it may have repeated does not. */
  label(asked: string, answered: string): string {
    if (answered === '' || this.#known.has(answered)) return answered;
    if (!this.#isConfigured(answered)) {
      if (answered === asked || this.#reported >= mostReported || !looksLikeName(answered)) return otherModel;
      this.#reported++;
    }
    this.#known.add(answered);
    return answered;
  }
}

/** Whether one of the nodes, or somebody who was asked for further names, has named a model. */
export function configuredIn(nodes: () => readonly LlmNode[], further: { has(name: string): boolean }): (name: string) => boolean {
  return (name) => further.has(name) || nodes().some(({ models }) => models.includes(name));
}

function looksLikeName(text: string): boolean {
  return /^[\w.:/@+ -]{1,120}$/.test(text);
}
