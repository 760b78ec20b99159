/** OpenAI's counts and ends, which llama.cpp, vLLM and most others send too, in both directions. */
import type { FinishReason, Usage } from '../../core/completion.ts';
import { isRecord, type JsonObject } from '../../core/json.ts';

export function readUsage(usage: unknown): Partial<Usage> {
  const found: Partial<Usage> = {};
  if (!isRecord(usage)) return found;
  set(found, 'inputTokens', usage['prompt_tokens']);
  set(found, 'outputTokens', usage['completion_tokens']);
  set(found, 'cachedInputTokens', nested(usage['prompt_tokens_details'], 'cached_tokens'));
  set(found, 'cacheWriteTokens', nested(usage['prompt_tokens_details'], 'cache_write_tokens'));
  set(found, 'reasoningTokens', nested(usage['completion_tokens_details'], 'reasoning_tokens'));
  return found;
}

function set(usage: Partial<Usage>, name: Exclude<keyof Usage, 'estimated'>, value: unknown): void {
  if (typeof value === 'number' && value >= 0 && value < Infinity) usage[name] = value;
}

function nested(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}

/** What a server says of the usage beside what every API counts; undefined where that is nothing. */
export function ownUsage(usage: JsonObject): JsonObject | undefined {
  const { prompt_tokens: _input, completion_tokens: _output, total_tokens: _total, prompt_tokens_details, completion_tokens_details, ...own } = usage;
  const { cached_tokens: _cached, cache_write_tokens: _written, ...input } = recordIn({ prompt_tokens_details }, 'prompt_tokens_details');
  const { reasoning_tokens: _reasoned, ...output } = recordIn({ completion_tokens_details }, 'completion_tokens_details');
  const found = {
    ...Object.fromEntries(Object.entries(own).filter(([, value]) => value !== null)),
    ...(Object.keys(input).length > 0 && { prompt_tokens_details: input }),
    ...(Object.keys(output).length > 0 && { completion_tokens_details: output }),
  };
  return Object.keys(found).length > 0 ? found : undefined;
}

/** `own` is what a server of this format has said of the usage itself. */
export function writeUsage({ inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens }: Usage, own?: unknown): JsonObject {
  const given = isRecord(own) ? own : {};
  const input = { ...recordIn(given, 'prompt_tokens_details'), ...some('cached_tokens', cachedInputTokens), ...some('cache_write_tokens', cacheWriteTokens) };
  const output = { ...recordIn(given, 'completion_tokens_details'), ...some('reasoning_tokens', reasoningTokens) };
  return {
    ...given,
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    ...(Object.keys(input).length > 0 && { prompt_tokens_details: input }),
    ...(Object.keys(output).length > 0 && { completion_tokens_details: output }),
  };
}

function recordIn(of: JsonObject, name: string): JsonObject {
  const value = of[name];
  return isRecord(value) ? value : {};
}

function some(name: string, value: number | undefined): JsonObject {
  return value === undefined ? {} : { [name]: value };
}

const finishReasons: Readonly<Record<string, FinishReason | undefined>> = {
  stop: 'stop',
  eos: 'stop',
  end_turn: 'stop',
  stop_sequence: 'stop',
  length: 'length',
  max_tokens: 'length',
  model_length: 'length',
  // vLLM breaks off a model that repeats itself.
  repetition: 'length',
  tool_calls: 'tool_calls',
  tool_use: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
};

/** Undefined for an end that is none: `error`, `abort`, and whatever nobody has described. */
export function readFinishReason(reason: string): FinishReason | undefined {
  const known = reason.toLowerCase();
  return Object.hasOwn(finishReasons, known) ? finishReasons[known] : undefined;
}

/** OpenAI knows no unknown reason, and no pause. */
export function writeFinishReason(reason: FinishReason, own?: unknown): string {
  if (typeof own === 'string' && readFinishReason(own) === reason) return own;
  return reason === 'unknown' || reason === 'pause' ? 'stop' : reason;
}
