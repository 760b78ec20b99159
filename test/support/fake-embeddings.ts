/** Answers of `/embeddings` in the shape of each server: llama.cpp's as recorded, OpenAI's and vLLM's as their references have them. */
import type { ProviderName } from './providers.ts';

/** A text's vector: the same for the same text, and exact as 32-bit floats. */
export function vectorOf(text: string, dimensions = 4): number[] {
  return Array.from({ length: dimensions }, (_, at) => (text.length + text.charCodeAt(at % text.length)) / 256);
}

/** What a request is billed for: a token for each word. */
export function tokensOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.split(' ').length, 0);
}

export function embeddingsAnswer(name: ProviderName, { input, model, dimensions }: Record<string, unknown>): object {
  const texts = (Array.isArray(input) ? input : [input]) as string[];
  const tokens = tokensOf(texts);
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  const vectors = texts.map((text) => vectorOf(text, dimensions as number | undefined));
  const data = vectors.map((embedding, index) => ({ object: 'embedding', index, embedding }));
  switch (name) {
    case 'llamacpp':
      // It knows no dimensions.
      return { model: 'stories260K.gguf', object: 'list', usage, data: texts.map((text, index) => ({ embedding: vectorOf(text), index, object: 'embedding' })) };
    case 'vllm':
      return { id: 'embd-1', object: 'list', created: 1_767_225_600, model, data, usage: { ...usage, completion_tokens: 0, prompt_tokens_details: null } };
    default:
      return { object: 'list', data, model, usage };
  }
}
