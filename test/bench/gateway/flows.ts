/** The flows that are measured as gateways: the palette's pipeline, and Node-RED's own HTTP nodes. */
import type { FlowNode } from '../../support/node-red.ts';

const at = { z: 'tab', x: 100, y: 100 };
const unlimited = { firstTokenTimeoutMs: 0, idleTimeoutMs: 0, totalTimeoutMs: 0 };

/** Below /vllm, /openai, /http and /proxy; below each of them at /open the provider's streams stay open. */
export function gatewayFlows(provider: string): FlowNode[] {
  const { host } = new URL(provider);
  return [
    { id: 'tab', type: 'tab', label: 'Bench' },
    ...pipeline('vllm', '/vllm/v1', { type: 'llm-vllm', server: 'vllm-server' }),
    ...pipeline('vllm-open', '/vllm/open/v1', { type: 'llm-vllm', server: 'vllm-open-server' }),
    ...pipeline('vllm-paced', '/vllm/paced/v1', { type: 'llm-vllm', server: 'vllm-paced-server' }),
    ...pipeline('vllm-flood', '/vllm/flood/v1', { type: 'llm-vllm', server: 'vllm-flood-server' }),
    ...pipeline('openai', '/openai/v1', { type: 'llm-openai', account: 'account' }),
    ...pipeline('openai-open', '/openai/open/v1', { type: 'llm-openai', account: 'open-account' }),
    { id: 'vllm-server', type: 'llm-vllm-server', url: provider, healthIntervalMs: 0 },
    { id: 'vllm-open-server', type: 'llm-vllm-server', url: `${provider}/open`, healthIntervalMs: 0 },
    { id: 'vllm-paced-server', type: 'llm-vllm-server', url: `${provider}/paced`, healthIntervalMs: 0 },
    { id: 'vllm-flood-server', type: 'llm-vllm-server', url: `${provider}/flood`, healthIntervalMs: 0 },
    { id: 'account', type: 'llm-openai-account', baseUrl: `http://${host}/v1` },
    { id: 'open-account', type: 'llm-openai-account', baseUrl: `http://${host}/open/v1` },
    ...httpNodes('http', '/http', provider),
    ...httpNodes('http-open', '/http/open', `${provider}/open`),
    { id: 'health', type: 'bench-health', ...at, wires: [] },
    { id: 'proxy', type: 'bench-proxy', ...at, provider, path: '/proxy/v1/chat/completions', prefix: '', wires: [] },
    { id: 'proxy-open', type: 'bench-proxy', ...at, provider, path: '/proxy/open/v1/chat/completions', prefix: '/open', wires: [] },
  ];
}

/** endpoint → fallback → pool → backend */
function pipeline(id: string, path: string, backend: { type: string; [property: string]: unknown }): FlowNode[] {
  return [
    { id: `${id}-endpoint`, type: 'llm-endpoint', ...at, path, maxOpen: 0, chat: false, timeoutMs: 0, wires: [[`${id}-fallback`]] },
    { id: `${id}-fallback`, type: 'llm-fallback', ...at, branches: [{ timeoutMs: 0 }], wires: [[], [`${id}-pool`]] },
    { id: `${id}-pool`, type: 'llm-pool', ...at, members: [{}], timeoutMs: 0, wires: [[], [`${id}-backend`]] },
    { id: `${id}-backend`, ...at, ...backend, model: 'stub', ...unlimited, wires: [[]] },
  ];
}

/** What one would wire without the palette: it knows no streams. */
function httpNodes(id: string, path: string, provider: string): FlowNode[] {
  return [
    { id: `${id}-in`, type: 'http in', ...at, url: `${path}/v1/chat/completions`, method: 'post', wires: [[`${id}-request`]] },
    { id: `${id}-request`, type: 'http request', ...at, method: 'POST', ret: 'txt', url: `${provider}/v1/chat/completions`, persist: true, headers: [], wires: [[`${id}-response`]] },
    { id: `${id}-response`, type: 'http response', ...at, statusCode: '', headers: {}, wires: [] },
  ];
}
