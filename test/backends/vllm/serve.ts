/** A vLLM client against a server that the test plays. */
import type { TestContext } from 'node:test';
import { VllmClient, type VllmOptions } from '../../../nodes/backends/vllm/client.ts';
import { ModelServer } from '../../../nodes/core/model-server.ts';
import { type Exchange, startServer } from '../../support/server.ts';

type Handle = (exchange: Exchange) => void | Promise<void>;

/** `tokenize` answers what the client asks on the side, and knows nothing of it unless the test does. */
export async function serve(t: TestContext, options: VllmOptions, handle: Handle, apiKey?: string, tokenize: Handle = noSuchPath) {
  const server = await startServer((exchange) => (exchange.request.path === '/tokenize' ? tokenize(exchange) : handle(exchange)));
  const http = new ModelServer({ id: 'vllm', label: 'vLLM', url: server.url, startHint: `Start vllm serve, or look at ${server.url}/health.` }, apiKey);
  t.after(async () => {
    await http.close();
    await server.close();
  });
  return { client: new VllmClient(http, options), server };
}

function noSuchPath(exchange: Exchange): void {
  exchange.json(404, { detail: 'Not Found' });
}

/** A chunk of `/v1/chat/completions` as vLLM streams it. */
export function chatChunk(delta: object, finishReason: string | null = null) {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_795_384_916,
    model: 'meta-llama/Llama-3.1-8B-Instruct',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason, stop_reason: null }],
  };
}

/** A chunk of `/v1/completions`. */
export function textChunk(text: string, finishReason: string | null = null) {
  const { id, created, model } = chatChunk({});
  return { id, object: 'text_completion', created, model, choices: [{ index: 0, text, logprobs: null, finish_reason: finishReason, stop_reason: null }] };
}

/** The last chunk, with the usage. */
export function usageChunk(promptTokens: number, completionTokens: number, cachedTokens?: number) {
  const details = cachedTokens === undefined ? null : { cached_tokens: cachedTokens };
  return {
    ...chatChunk({}),
    choices: [],
    usage: { prompt_tokens: promptTokens, total_tokens: promptTokens + completionTokens, completion_tokens: completionTokens, prompt_tokens_details: details },
  };
}
