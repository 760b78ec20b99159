/** Token counts where a provider gives none. Estimates, and marked so: exact tokenizers block the event loop on repeated text. */
import { estimateTokenCount } from 'tokenx';
import type { Answer, Usage } from './completion.ts';
import { calledIn } from './conversation/calls.ts';
import type { ChatMessage } from './conversation/message.ts';
import { textOf } from './conversation/text.ts';

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
  const calls = toolCalls.map(calledIn).map(({ name, input }) => name + input).join('');
  return estimateTokenCount(text) + estimateTokenCount(thinking) + estimateTokenCount(calls);
}
