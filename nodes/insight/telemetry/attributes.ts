/**
 * Names of OpenTelemetry's conventions for generative AI (https://opentelemetry.io/docs/specs/semconv/gen-ai/), and our own beside them.
 * Each is written out: the package that has them marks them as experimental and moves them.
 */
import type { Attributes } from '@opentelemetry/api';
import type { BackendIdentity, Usage } from '../../core/completion.ts';
import type { LlmEvents } from '../../core/events.ts';

export const operationDuration = 'gen_ai.client.operation.duration';
export const tokenUsage = 'gen_ai.client.token.usage';
export const tokenType = 'gen_ai.token.type';
export const errorType = 'error.type';

/** What is known of a request before it is answered. */
export function ofRequest({ operation, provider, model }: Pick<LlmEvents['request'], 'operation' | 'provider' | 'model'>): Attributes {
  return { 'gen_ai.operation.name': operation, 'gen_ai.provider.name': provider, ...(model !== '' && { 'gen_ai.request.model': model }) };
}

export function ofResponse(model: string): Attributes {
  return model === '' ? {} : { 'gen_ai.response.model': model };
}

export function ofUsage({ inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens }: Usage): Attributes {
  return {
    'gen_ai.usage.input_tokens': inputTokens,
    'gen_ai.usage.output_tokens': outputTokens,
    ...(cachedInputTokens !== undefined && { 'gen_ai.usage.cache_read.input_tokens': cachedInputTokens }),
    ...(cacheWriteTokens !== undefined && { 'gen_ai.usage.cache_creation.input_tokens': cacheWriteTokens }),
    ...(reasoningTokens !== undefined && { 'gen_ai.usage.reasoning.output_tokens': reasoningTokens }),
  };
}

export function ofFinish(reason: string): Attributes {
  return { 'gen_ai.response.finish_reasons': [reason] };
}

export function ofNode({ id, name, type }: BackendIdentity): Attributes {
  return { 'llm.node.id': id, 'llm.node.name': name, 'llm.node.type': type };
}
