/** The real model servers as the rows see them: one face for llama.cpp and vLLM. */
import type { Usage } from '../../../nodes/core/completion.ts';
import { isRecord } from '../../../nodes/core/json.ts';
import type { LlamaServer } from '../../support/llama-server.ts';
import { vllmModelName, type VllmProcess } from '../../support/vllm-server.ts';

/** What every server here is started with. */
export const apiKey = 'sk-conformance';

/** Tokens that a server has read and written since its start, by its own count. */
export interface Counters {
  input: number;
  output: number;
}

export interface RealServer {
  readonly name: 'llama.cpp' | 'vLLM';
  readonly version: string;
  readonly url: string;
  /** The name that it knows its model by; empty where it takes any. */
  readonly model: string;
  counters(): Promise<Counters>;
  /** What a request adds to the counters. */
  countOf(usage: Usage): Counters;
  /** Requests that it works on now. */
  busy(): Promise<number>;
  /** How many tokens its tokenizer makes of a text, or of a chat with this one message. */
  tokens(api: 'chat' | 'text', text: string): Promise<number>;
  kill(): Promise<void>;
}

export async function llamaCpp(server: LlamaServer): Promise<RealServer> {
  const { url } = server;
  const props = await getJson(url, '/props');
  return {
    name: 'llama.cpp',
    version: String(props['build_info']),
    url,
    model: '',
    counters: async () => ({ input: await server.metric('prompt_tokens_total'), output: await server.metric('tokens_predicted_total') }),
    // What a slot still holds of a prompt is not read again.
    countOf: ({ inputTokens, outputTokens, cachedInputTokens = 0 }) => ({ input: inputTokens - cachedInputTokens, output: outputTokens }),
    busy: () => server.busySlots(),
    tokens: async (api, text) => {
      const content = api === 'chat' ? (await postJson(url, '/apply-template', { messages: [{ role: 'user', content: text }] }))['prompt'] : text;
      const { tokens } = await postJson(url, '/tokenize', { content, add_special: true, parse_special: true });
      return (tokens as unknown[]).length;
    },
    kill: () => server.kill(),
  };
}

export async function vllm(server: VllmProcess): Promise<RealServer> {
  const { url } = server;
  const { version } = await getJson(url, '/version');
  return {
    name: 'vLLM',
    version: String(version),
    url,
    model: vllmModelName,
    counters: async () => ({ input: await server.metric('prompt_tokens_total'), output: await server.metric('generation_tokens_total') }),
    countOf: ({ inputTokens, outputTokens }) => ({ input: inputTokens, output: outputTokens }),
    busy: () => server.metric('num_requests_running'),
    tokens: async (api, text) => {
      const what = api === 'chat' ? { messages: [{ role: 'user', content: text }] } : { prompt: text };
      return Number((await postJson(url, '/tokenize', { model: vllmModelName, ...what }))['count']);
    },
    kill: () => server.kill(),
  };
}

// Now and then a server ends an idle connection just when it is used again.
const headers = { connection: 'close', authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };

async function getJson(url: string, path: string): Promise<Record<string, unknown>> {
  return asRecord(await (await fetch(url + path, { headers })).json());
}

async function postJson(url: string, path: string, body: object): Promise<Record<string, unknown>> {
  return asRecord(await (await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })).json());
}

function asRecord(answer: unknown): Record<string, unknown> {
  if (!isRecord(answer)) throw new Error('The server answered something else than an object.');
  return answer;
}
