/** Token counts where a provider gives none. Estimates, and marked so: exact tokenizers block the event loop on repeated text. */
import { estimateTokenCount } from 'tokenx';
import type { Answer, Usage } from './completion.ts';
import { type ChatMessage, textOf } from './messages.ts';
import { isRecord } from './request.ts';

/** What chat templates add around each message, in tokens. */
const tokensAroundMessage = 4;

export function estimateInputTokens(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, { content }) => sum + estimateTokenCount(textOf(content)) + tokensAroundMessage, 0);
}

/** The provider's own figures, the missing ones estimated. */
export function completeUsage(answer: Answer, messages: readonly ChatMessage[]): Usage {
  const { inputTokens, outputTokens } = answer.usage;
  return {
    ...answer.usage,
    inputTokens: inputTokens ?? estimateInputTokens(messages),
    outputTokens: outputTokens ?? estimateOutput(answer),
    estimated: inputTokens === undefined || outputTokens === undefined,
  };
}

function estimateOutput({ text, thinking, toolCalls }: Answer): number {
  const calls = toolCalls.map(({ function: called }) => called.name + called.arguments).join('');
  return estimateTokenCount(text) + estimateTokenCount(thinking) + estimateTokenCount(calls);
}

/** The counts in OpenAI's `usage` object, which llama.cpp and vLLM send too. */
export function readOpenAiUsage(usage: unknown): Partial<Usage> {
  if (!isRecord(usage)) return {};
  const found: Partial<Usage> = {};
  set(found, 'inputTokens', usage['prompt_tokens']);
  set(found, 'outputTokens', usage['completion_tokens']);
  set(found, 'cachedInputTokens', nested(usage['prompt_tokens_details'], 'cached_tokens'));
  set(found, 'reasoningTokens', nested(usage['completion_tokens_details'], 'reasoning_tokens'));
  return found;
}

function set(usage: Partial<Usage>, name: Exclude<keyof Usage, 'estimated'>, value: unknown): void {
  if (typeof value === 'number' && value >= 0 && value < Infinity) usage[name] = value;
}

function nested(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}
