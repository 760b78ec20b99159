/** What the settings of an endpoint come to, once they are found to be right. */
import { Cors } from './cors.ts';
import { Disclosure } from './disclosure.ts';
import { Gate } from './gate.ts';
import { Keys, readKeys } from './keys.ts';
import { Names } from './names.ts';
import { type EndpointField, readEndpointField, readModels, readOrigins, readPath } from './settings.ts';

export interface EndpointConfig extends Partial<Record<EndpointField, unknown>> {
  path?: unknown;
  models?: unknown;
  /** Whether answers name the backend and the number of attempts. */
  tellBackend?: unknown;
  /** Whether there is a chat page. */
  chat?: unknown;
  /** The origins whose pages may ask: `*`, or some; none without it. */
  cors?: unknown;
}

export interface EndpointCredentials {
  /** One a line: `name: key`. */
  keys?: unknown;
}

/** What a request needs of its endpoint. */
export interface Parts {
  readonly path: string;
  readonly cors: Cors;
  readonly gate: Gate;
  /** What the rows name, on either side. */
  readonly models: readonly string[];
  readonly names: Names;
  readonly maxBytes: number;
  readonly heartbeatMs: number;
  readonly timeoutMs: number;
  readonly readerStallMs: number;
  readonly disclosure: Disclosure;
  readonly hasChat: boolean;
}

/** @throws RangeError that names what is wrong */
export function readParts(config: EndpointConfig, { keys }: EndpointCredentials = {}): Parts {
  const setting = (name: EndpointField) => readEndpointField(name, config[name]);
  const models = readModels(config.models);
  return {
    path: readPath(config.path),
    cors: new Cors(readOrigins(config.cors)),
    gate: new Gate({ keys: new Keys(readKeys(typeof keys === 'string' ? keys : '')), maxOpen: setting('maxOpen'), maxOpenPerKey: setting('maxOpenPerKey') }),
    models: models.flatMap(({ name, model }) => (model === '' ? name : [name, model])),
    names: new Names(models),
    maxBytes: setting('maxBodyKb') * 1024,
    heartbeatMs: setting('heartbeatMs'),
    timeoutMs: setting('timeoutMs'),
    readerStallMs: setting('readerStallMs'),
    disclosure: new Disclosure(config.tellBackend !== false),
    hasChat: config.chat !== false,
  };
}
