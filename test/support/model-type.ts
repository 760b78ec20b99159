/** A backend node that does what the test says: type `test-model`, with a script by the id of the node. */
import type { NodeAPI } from 'node-red';
import { type BackendConfig, registerBackend } from '../../nodes/runtime/backend-node.ts';
import type { Connection } from '../../nodes/runtime/connection.ts';
import { cancelled, finish, type Script, ScriptedClient, scriptedProvider, text } from './scripted-client.ts';

const connection: Connection = {
  provider: scriptedProvider,
  prices: { table: {}, otherwise: { input: 0, output: 0 } },
  test: () => Promise.resolve(''),
  models: () => Promise.resolve([]),
  close: () => Promise.resolve(),
};

/** `scripts` are read when a node starts. */
export function modelType(scripts: Readonly<Record<string, Script>>): (RED: NodeAPI) => void {
  return (RED) => {
    registerBackend<BackendConfig, Connection>(RED, {
      type: 'test-model',
      connection: () => connection,
      client: ({ id }) => {
        const script = scripts[id];
        if (!script) throw new RangeError(`The test has no script for ${id}.`);
        return new ScriptedClient(script);
      },
    });
  };
}

/** A gate in the middle of answers: they wait there until the test opens it. */
export class Gate {
  readonly #open = Promise.withResolvers<void>();
  readonly #arrived = Promise.withResolvers<void>();
  #waiting = 0;
  readonly #expected: number;

  /** Resolves `arrived` when so many wait. */
  constructor(expected = 1) {
    this.#expected = expected;
  }

  get arrived(): Promise<void> {
    return this.#arrived.promise;
  }

  open(): void {
    this.#open.resolve();
  }

  async pass(signal?: AbortSignal): Promise<void> {
    if (++this.#waiting === this.#expected) this.#arrived.resolve();
    await Promise.race([this.#open.promise, ...(signal ? [cancelled(signal)] : [])]);
  }
}

/** Streams the words before the gate, and those after it when it opens. */
export function gated(gate: Gate, before: readonly string[], after: readonly string[]): Script {
  return async function* ({ onConnected, signal }) {
    onConnected();
    for (const word of before) yield [text(word)];
    await gate.pass(signal);
    for (const word of after) yield [text(word)];
    yield [finish];
  };
}
