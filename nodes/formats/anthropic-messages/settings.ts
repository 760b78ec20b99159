/** How Anthropic's Messages API says what every API can be told: effort, the choice of a tool, the form of an answer. */
import { LlmError } from '../../core/errors.ts';
import { isRecord, type JsonObject } from '../../core/json.ts';
import type { Effort, RequestSettings } from '../../core/request.ts';
import { badField, isGiven } from '../fields.ts';

/** How much thinking a budget of tokens amounts to, from the least up; as LiteLLM reads budgets. */
const budgets: ReadonlyArray<readonly [tokens: number, effort: Effort]> = [
  [1_024, 'minimal'],
  [2_048, 'low'],
  [8_192, 'medium'],
  [Infinity, 'high'],
];

const efforts: readonly unknown[] = ['low', 'medium', 'high', 'xhigh', 'max'];

/** How much thinking a request asks for; undefined where it does not say. */
export function effortOf({ thinking, output_config: output }: JsonObject): Effort | undefined {
  const named = isRecord(output) ? output['effort'] : undefined;
  if (isRecord(thinking) && thinking['type'] === 'disabled') return 'none';
  if (efforts.includes(named)) return named as Effort;
  if (!isRecord(thinking)) return undefined;
  const { type, budget_tokens: budget } = thinking;
  if (type === 'enabled' && typeof budget === 'number') return budgets.find(([tokens]) => budget <= tokens)?.[1];
  return type === 'adaptive' ? 'medium' : undefined;
}

/** What asks for an effort here. The API has no word for as little as possible. */
export function writeEffort(effort: Effort | undefined): JsonObject {
  if (effort === undefined) return {};
  if (effort === 'none') return { thinking: { type: 'disabled' } };
  return { output_config: { effort: effort === 'minimal' ? 'low' : effort } };
}

/** @throws LlmError `invalid_request` for a choice that is none */
export function readChoice(choice: unknown): Pick<RequestSettings, 'toolChoice' | 'parallelTools'> {
  if (!isGiven(choice)) return {};
  const { type, name, disable_parallel_tool_use: disabled } = isRecord(choice) ? choice : {};
  const parallel = typeof disabled === 'boolean' && { parallelTools: !disabled };
  if (type === 'auto' || type === 'none') return { toolChoice: type, ...parallel };
  if (type === 'any') return { toolChoice: 'required', ...parallel };
  if (type === 'tool' && typeof name === 'string') return { toolChoice: { type: 'function', function: { name } }, ...parallel };
  throw badField('tool_choice', 'tool_choice must be of the type auto, any, none, or tool with a name.');
}

/** @throws LlmError `invalid_request` for a choice that is none */
export function writeChoice(choice: unknown, parallelTools?: boolean): JsonObject | undefined {
  const written = choiceOf(choice ?? (parallelTools === false ? 'auto' : undefined));
  if (!written || written['type'] === 'none' || parallelTools === undefined) return written;
  return { ...written, disable_parallel_tool_use: !parallelTools };
}

function choiceOf(choice: unknown): JsonObject | undefined {
  if (choice === undefined) return undefined;
  if (choice === 'auto' || choice === 'none') return { type: choice };
  if (choice === 'required') return { type: 'any' };
  if (!isRecord(choice)) throw badChoice();
  const named = isRecord(choice['function']) ? choice['function'] : isRecord(choice['custom']) ? choice['custom'] : undefined;
  if (named) return { type: 'tool', name: named['name'] };
  // A subset is made by leaving the other tools out, where the tools are written.
  if (choice['type'] === 'allowed_tools') return choiceOf(isRecord(choice['allowed_tools']) ? choice['allowed_tools']['mode'] : undefined);
  return choice;
}

function badChoice(): LlmError {
  return new LlmError('invalid_request', 'The choice of a tool is not one that there is.', {
    hint: 'Use auto, none, required or {"type": "function", "function": {"name": "…"}}.',
  });
}

/** A schema as OpenAI has it, so that every provider can be asked for it; undefined for what else an output may be. */
export function readFormat(format: unknown): JsonObject | undefined {
  if (!isRecord(format) || format['type'] !== 'json_schema' || !isRecord(format['schema'])) return undefined;
  const { type, schema, ...others } = format;
  return Object.keys(others).length > 0 ? undefined : { type, json_schema: { name: 'answer', strict: true, schema } };
}

/** The schema of OpenAI's response format; undefined where it asks for none. */
export function writeFormat(format: unknown): JsonObject | undefined {
  if (!isRecord(format) || format['type'] !== 'json_schema') return undefined;
  const schema = isRecord(format['json_schema']) ? format['json_schema']['schema'] : format['schema'];
  return isRecord(schema) ? { type: 'json_schema', schema } : undefined;
}

/** Whether JSON is wanted without a schema, which the API can only be asked for in words. */
export function wantsAnyJson(format: unknown): boolean {
  return isRecord(format) && (format['type'] === 'json_object' || (format['type'] === 'json_schema' && writeFormat(format) === undefined));
}
