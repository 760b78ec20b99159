/** A running Node-RED with endpoints over backends of each kind, for tests with real clients. */
import { createOpenAICompatible, type OpenAICompatibleProvider } from '@ai-sdk/openai-compatible';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { type FlowNode, type Options, startNodeRed, type TestNodeRed } from './node-red.ts';
import { opened, ownPort } from './port.ts';
import { type FakeProviders, startProviders } from './providers.ts';

export interface Gateway {
  readonly nodeRed: TestNodeRed;
  readonly providers: FakeProviders;
  /** Where the endpoints are, with Node-RED's httpNodeRoot where it holds. */
  readonly origin: string;
  /** The clients of an endpoint; a path of `/x` is its `/x/v1`. */
  openai(path: string, options?: ConstructorParameters<typeof OpenAI>[0]): OpenAI;
  anthropic(path: string, options?: ConstructorParameters<typeof Anthropic>[0]): Anthropic;
  /** The AI SDK's models of an endpoint. */
  aiSdk(path: string, options?: { apiKey?: string }): OpenAICompatibleProvider;
  /** A request as curl would send it. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  stop(): Promise<void>;
}

const at = { z: 'tab', x: 100, y: 100 };

/** Where all endpoints are, if not at Node-RED's port. */
const own = ownPort();

/** An endpoint at `/<id>/v1` before the given node. */
export function endpoint(id: string, behind: string, config: object = {}): FlowNode {
  return { id: `${id}-endpoint`, type: 'llm-endpoint', ...at, path: `/${id}/v1`, ...(own !== undefined && { port: own }), wires: [[behind]], ...config };
}

export function node(id: string, type: string, config: object = {}): FlowNode {
  return { id, type, name: id, ...at, wires: [[]], ...config };
}

/** Backends that try once, with their accounts and servers. */
export function backends({ urls }: FakeProviders): FlowNode[] {
  const once = { retries: 0, breakerFailures: 0, firstTokenTimeoutMs: 1000 };
  const credentials = { apiKey: 'sk-backend-key' };
  return [
    node('echo', 'llm-echo', { tokensPerSecond: 0 }),
    node('openai', 'llm-openai', { account: 'openai-account', api: 'chat', ...once }),
    node('anthropic', 'llm-anthropic', { account: 'anthropic-account', ...once }),
    node('llamacpp', 'llm-llamacpp', { server: 'llamacpp-server', ...once }),
    node('vllm', 'llm-vllm', { server: 'vllm-server', ...once }),
    { id: 'openai-account', type: 'llm-openai-account', baseUrl: `${urls.openai}/v1`, credentials },
    { id: 'anthropic-account', type: 'llm-anthropic-account', baseUrl: urls.anthropic, credentials },
    { id: 'llamacpp-server', type: 'llm-llamacpp-server', url: urls.llamacpp, healthIntervalMs: 0, credentials },
    { id: 'vllm-server', type: 'llm-vllm-server', url: urls.vllm, healthIntervalMs: 0, credentials },
  ];
}

/** `prefix` is Node-RED's httpNodeRoot, without a slash at the end. */
export async function startGateway(nodes: (providers: FakeProviders) => FlowNode[], options: Omit<Options, 'flows'> = {}, prefix = ''): Promise<Gateway> {
  const providers = await startProviders();
  const flows = [{ id: 'tab', type: 'tab', label: 'Gateway' }, ...backends(providers), ...nodes(providers)];
  const nodeRed = await startNodeRed({ flows, ...options }).catch(async (error: unknown) => {
    await providers.close();
    throw error;
  });
  // Only what has an endpoint opens it.
  if (own !== undefined && flows.some(({ type }) => type === 'llm-endpoint')) await opened(own);
  const base = own === undefined ? new URL(nodeRed.url).origin + prefix : `http://127.0.0.1:${own}`;
  return {
    nodeRed,
    providers,
    origin: base,
    openai: (path, given) => new OpenAI({ baseURL: `${base}${path}/v1`, apiKey: 'sk-client', maxRetries: 0, ...given }),
    anthropic: (path, given) => new Anthropic({ baseURL: `${base}${path}`, apiKey: 'sk-client', maxRetries: 0, ...given }),
    aiSdk: (path, given) => createOpenAICompatible({ name: 'gateway', baseURL: `${base}${path}/v1`, apiKey: 'sk-client', includeUsage: true, supportsStructuredOutputs: true, ...given }),
    post: (path, body, headers = {}) =>
      fetch(base + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) }),
    stop: async () => {
      await nodeRed.stop();
      await providers.close();
    },
  };
}

export const hello = [{ role: 'user' as const, content: 'Hello there' }];
