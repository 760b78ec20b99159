/** What the settings of an endpoint come to, once they are found to be right. */
import { type Listening, type ListeningFields, readListening } from '../core/listening.ts';
import type { AccessQuestion, Found } from '../runtime/access.ts';
import type { BodyMemory } from './body-memory.ts';
import type { BodyLimits } from './collect-body.ts';
import { Cors } from './cors.ts';
import { Disclosure } from './disclosure.ts';
import { Gate } from './gate.ts';
import { readHashedKeys } from './key-lines.ts';
import { Keys, readKeys } from './keys.ts';
import { Names } from './names.ts';
import { type EndpointField, readEndpointField, readModels, readOrigins, readPath } from './settings.ts';

export interface EndpointConfig extends ListeningFields, Partial<Record<EndpointField, unknown>> {
  path?: unknown;
  models?: unknown;
  /** Whether answers name the backend and the number of attempts. */
  tellBackend?: unknown;
  /** Whether there is a chat page. */
  chat?: unknown;
  /** The origins whose pages may ask: `*`, or some; none without it. */
  cors?: unknown;
  /** Who may ask: `everybody`, or those with `keys`. */
  access?: unknown;
  /** Keys that were made here: `[{name, sha256}]`. */
  clientKeys?: unknown;
}

export interface EndpointCredentials {
  /** One a line: `name: key`. */
  keys?: unknown;
}

/** What a request needs of its endpoint. */
export interface Parts {
  readonly path: string;
  /** Undefined for Node-RED's own port. */
  readonly listening: Listening | undefined;
  readonly cors: Cors;
  readonly found: Found;
  /** Why keys that are there cannot be used. */
  readonly keysProblem: string | undefined;
  readonly gate: Gate;
  /** What the rows name, on either side. */
  readonly models: readonly string[];
  readonly names: Names;
  readonly body: BodyLimits;
  readonly heartbeatMs: number;
  readonly timeoutMs: number;
  readonly readerStallMs: number;
  readonly disclosure: Disclosure;
  readonly hasChat: boolean;
}

/** What is known outside of the node's own settings. */
export interface Surroundings {
  /** Who may come in. */
  readonly find: (question: AccessQuestion) => Found;
  readonly memory: BodyMemory;
}

/** @throws RangeError that names what is wrong */
export function readParts(config: EndpointConfig, credentials: EndpointCredentials | undefined, { find, memory }: Surroundings): Parts {
  const setting = (name: EndpointField) => readEndpointField(name, config[name]);
  const models = readModels(config.models);
  const cors = new Cors(readOrigins(config.cors));
  const { keys, problem: keysProblem } = allKeys(config, credentials);
  const found = find({ choice: config.access, hasKeys: keys.areThere, hasBrokenKeys: keysProblem !== undefined });
  return {
    path: readPath(config.path),
    listening: readListening(config, found.isChosen),
    cors,
    found,
    keysProblem,
    gate: new Gate({ access: found.access, keys, cors, maxOpen: setting('maxOpen'), maxOpenPerKey: setting('maxOpenPerKey') }),
    models: models.flatMap(({ name, model }) => (model === '' ? name : [name, model])),
    names: new Names(models),
    body: { maxBytes: setting('maxBodyKb') * 1024, timeoutMs: setting('bodyTimeoutMs'), memory },
    heartbeatMs: setting('heartbeatMs'),
    timeoutMs: setting('timeoutMs'),
    readerStallMs: setting('readerStallMs'),
    disclosure: new Disclosure(config.tellBackend !== false),
    hasChat: config.chat !== false,
  };
}

/** Where one of them cannot be read, none counts: what was meant to keep people out is not guessed at. */
function allKeys({ clientKeys }: EndpointConfig, { keys: typed }: EndpointCredentials = {}): { keys: Keys; problem?: string } {
  try {
    const keys = new Keys(readKeys(typeof typed === 'string' ? typed : ''), readHashedKeys(clientKeys));
    // Node-RED keeps no empty credential: this one was a variable that is not set.
    return typed === undefined || keys.areThere ? { keys } : { keys, problem: 'The typed keys are empty: is the environment variable set that holds them?' };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { keys: new Keys([]), problem: error.message };
  }
}
