/** Anthropic's counts, stop reasons and their counterparts, in both directions. */
import type { FinishReason, Usage } from '../../core/completion.ts';
import { isRecord, type JsonObject } from '../../core/json.ts';

/** `input_tokens` counts only what neither came from the cache nor went there. */
export function readUsage(usage: JsonObject): Partial<Usage> {
  const { input_tokens: input, cache_read_input_tokens: read, cache_creation_input_tokens: written, output_tokens: output } = usage;
  const { output_tokens_details: details } = usage;
  const thinking = isRecord(details) ? details['thinking_tokens'] : undefined;
  return {
    ...(isCount(input) && { inputTokens: input + (isCount(read) ? read : 0) + (isCount(written) ? written : 0) }),
    ...(isCount(output) && { outputTokens: output }),
    ...(isCount(read) && { cachedInputTokens: read }),
    ...(isCount(written) && { cacheWriteTokens: written }),
    ...(isCount(thinking) && { reasoningTokens: thinking }),
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** A provider's figures may not add up. `own` is what this API has said of the usage itself, where it was asked. */
export function writeUsage({ inputTokens, outputTokens, cachedInputTokens = 0, cacheWriteTokens = 0, reasoningTokens }: Usage, own: unknown): JsonObject {
  const read = Math.min(cachedInputTokens, inputTokens);
  const written = Math.min(cacheWriteTokens, inputTokens - read);
  const counted = {
    input_tokens: inputTokens - read - written,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
    output_tokens: outputTokens,
    ...(reasoningTokens !== undefined && { output_tokens_details: { thinking_tokens: reasoningTokens } }),
  };
  if (!isRecord(own)) return counted;
  // Figures that a stage has added up are newer than those that came with an answer; what the API does not say, it does not say here.
  const known = Object.entries(counted).filter(([name, value]) => typeof own[name] === 'number' || (typeof value === 'number' && value > 0));
  return { ...own, ...Object.fromEntries(known) };
}

const finishReasons: Readonly<Record<string, FinishReason | undefined>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
  pause_turn: 'pause',
};

export function readStopReason(reason: string): FinishReason {
  return (Object.hasOwn(finishReasons, reason) ? finishReasons[reason] : undefined) ?? 'unknown';
}

const stopReasons: Record<FinishReason, string> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
  pause: 'pause_turn',
  unknown: 'end_turn',
};

/** What the API itself has said, as long as it still says the same. */
export function writeStopReason(reason: FinishReason, own: unknown): string {
  return typeof own === 'string' && readStopReason(own) === reason ? own : stopReasons[reason];
}
