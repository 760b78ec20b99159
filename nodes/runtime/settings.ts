/** A node's own settings: constants are read once, what comes from msg, flow, global or env anew for each message. */
import type { Node, NodeAPI, NodeMessage } from 'node-red';
import { LlmError } from '../core/errors.ts';
import { readNumber } from '../core/fields.ts';
import { isRecord } from '../core/json.ts';
import { settingBounds } from '../core/limits.ts';
import type { RequestSettings } from '../core/request.ts';
import { notSet } from '../core/variables.ts';

/** A TypedInput's two properties. A missing type means a constant. */
type Typed<Name extends string, Value> = { [K in Name]?: Value } & { [K in `${Name}Type`]?: string };

export interface SettingsConfig
  extends Typed<'model', string>, Typed<'system', string>, Typed<'maxTokens', string | number>, Typed<'temperature', string | number>, Typed<'topP', string | number> {
  /** One stop sequence a line, or an array. */
  stop?: string | string[];
  /** JSON, merged into the provider's body. */
  extra?: string | Record<string, unknown>;
}

const textNames = ['model', 'system'] as const;
const numberNames = ['maxTokens', 'temperature', 'topP'] as const;
type SettingName = (typeof textNames)[number] | (typeof numberNames)[number];

/** Bad constants throw a RangeError from the constructor, bad values of a message an LlmError from `read`. */
export class NodeSettings {
  readonly #constants: RequestSettings;
  readonly #dynamic: ReadonlyArray<{ name: SettingName; expression: string; type: string }>;
  readonly #RED: NodeAPI;
  readonly #node: Node;

  constructor(RED: NodeAPI, node: Node, config: SettingsConfig) {
    this.#RED = RED;
    this.#node = node;
    const names = [...textNames, ...numberNames];
    this.#dynamic = names.filter((name) => isDynamic(config, name)).map((name) => ({
      name,
      expression: String(config[name] ?? ''),
      type: config[`${name}Type`] as string,
    }));
    this.#constants = { stop: readStop(config.stop), extra: readExtra(config.extra) };
    for (const name of names) if (!isDynamic(config, name)) this.#set(this.#constants, name, config[name]);
  }

  /** The node's constant for the model, for what is shown and priced before a message comes. */
  get model(): string {
    return this.#constants.model ?? '';
  }

  /** The settings for one message. A promise only where a context store needs one. */
  read(msg: NodeMessage): RequestSettings | Promise<RequestSettings> {
    return this.#dynamic.length === 0 ? this.#constants : this.#evaluate(msg);
  }

  async #evaluate(msg: NodeMessage): Promise<RequestSettings> {
    const settings = { ...this.#constants };
    for (const { name, expression, type } of this.#dynamic) {
      if (type === 'env') this.#refuseUnset(name, expression);
      const value = await this.#value(expression, type, msg);
      try {
        this.#set(settings, name, value);
      } catch (error) {
        throw wrongValue(`${(error as RangeError).message} It came from ${type}.${expression}.`, type);
      }
    }
    return settings;
  }

  /** Node-RED takes a variable that is not set for an empty one. @throws LlmError `misconfigured` */
  #refuseUnset(name: SettingName, expression: string): void {
    const variables = expression.includes('${') ? Array.from(expression.matchAll(/\$\{([^}]+)\}/g), ([, variable = '']) => variable) : [expression];
    const unset = variables.find((variable) => (this.#RED.util.getSetting(this.#node, variable) as unknown) === undefined);
    if (unset !== undefined) throw notSet(unset, name);
  }

  #value(expression: string, type: string, msg: NodeMessage): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const fail = () => reject(wrongValue(`The setting from ${type}.${expression} cannot be read.`, type));
      try {
        this.#RED.util.evaluateNodeProperty(expression, type, this.#node, msg, (error, value: unknown) => (error ? fail() : resolve(value)));
      } catch {
        fail();
      }
    });
  }

  #set(settings: RequestSettings, name: SettingName, value: unknown): void {
    if (value === undefined || value === null || value === '') return;
    if (name === 'model' || name === 'system') {
      if (typeof value !== 'string') throw new RangeError(`The setting ${name} must be text.`);
      settings[name] = value;
      return;
    }
    settings[name] = readNumber(name, value, settingBounds[name]);
  }
}

function isDynamic(config: SettingsConfig, name: SettingName): boolean {
  const type = config[`${name}Type`];
  return type !== undefined && !['', 'str', 'num'].includes(type);
}

function readStop(stop: SettingsConfig['stop']): string[] | undefined {
  const words = (Array.isArray(stop) ? stop : String(stop ?? '').split('\n')).filter((word) => word !== '');
  return words.length > 0 ? words : undefined;
}

function readExtra(extra: SettingsConfig['extra']): Record<string, unknown> | undefined {
  if (extra === undefined || extra === '') return undefined;
  const value = typeof extra === 'string' ? parse(extra) : extra;
  if (!isRecord(value)) throw new RangeError('The setting extra must be a JSON object.');
  return value;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** A message brings what its sender gave it; what is in the context or the environment is the flow's own. */
function wrongValue(message: string, type: string): LlmError {
  return type === 'msg' ? new LlmError('invalid_request', message) : new LlmError('misconfigured', message, { hint: 'Correct it there, or open the node.' });
}
