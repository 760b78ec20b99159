/** The gateway of the chaos test: endpoint → router → fallbacks → pools → backends of every kind, one of which nobody listens behind. */
import type { FlowNode } from '../support/node-red.ts';

const at = { z: 'tab', x: 100, y: 100 };

/** Short times, so that much happens in a minute. */
const limits = { connectTimeoutMs: 1000, firstTokenTimeoutMs: 800, idleTimeoutMs: 800, totalTimeoutMs: 6000, retries: 1, retryBaseMs: 20, retryMaxMs: 200, breakerFailures: 5, breakerOpenMs: 500, maxConcurrent: 8, maxQueued: 20 };

export function gateway([a = '', b = '', c = '', d = '']: readonly string[], dead: string): FlowNode[] {
  return [
    { id: 'tab', type: 'tab', label: 'Chaos' },
    { id: 'endpoint', type: 'llm-endpoint', ...at, path: '/v1', access: 'everybody', timeoutMs: 15_000, heartbeatMs: 300, wires: [['router']] },
    { id: 'router', type: 'llm-router', ...at, mode: 'split', branches: [{ name: 'A', percent: 50 }, { name: 'B', percent: 50, onFailure: 'next' }], outputs: 3, wires: [[], ['fallback'], ['servers']] },
    { id: 'fallback', type: 'llm-fallback', ...at, branches: [{ name: 'dead', timeoutMs: 2000 }, { name: 'pool', timeoutMs: 5000 }, { name: 'claude', timeoutMs: 5000 }], outputs: 4, wires: [[], ['dead'], ['pool'], ['claude']] },
    { id: 'pool', type: 'llm-pool', ...at, strategy: 'least-busy', members: [{ name: 'a', maxConcurrent: 6 }, { name: 'b', maxConcurrent: 6 }], attempts: 2, maxQueued: 10, queueTimeoutMs: 1000, breakerFailures: 4, breakerOpenMs: 500, outputs: 3, wires: [[], ['openai'], ['vllm']] },
    { id: 'servers', type: 'llm-pool', ...at, strategy: 'round-robin', members: [{ name: 'a' }, { name: 'b' }], attempts: 2, breakerFailures: 4, breakerOpenMs: 500, outputs: 3, wires: [[], ['llamacpp'], ['openai']] },
    { id: 'dead', type: 'llm-openai', ...at, account: 'dead-account', ...limits, wires: [[]] },
    { id: 'openai', type: 'llm-openai', ...at, account: 'openai-account', api: 'chat', ...limits, wires: [[]] },
    { id: 'vllm', type: 'llm-vllm', ...at, server: 'vllm-server', ...limits, wires: [[]] },
    { id: 'claude', type: 'llm-anthropic', ...at, account: 'anthropic-account', ...limits, wires: [[]] },
    { id: 'llamacpp', type: 'llm-llamacpp', ...at, server: 'llamacpp-server', ...limits, wires: [[]] },
    { id: 'monitor', type: 'llm-monitor', ...at, access: 'everybody', path: '/llm/metrics', wires: [[], []] },
    { id: 'dead-account', type: 'llm-openai-account', baseUrl: `${dead}/v1` },
    { id: 'openai-account', type: 'llm-openai-account', baseUrl: `${a}/v1` },
    { id: 'vllm-server', type: 'llm-vllm-server', url: b, healthIntervalMs: 0 },
    { id: 'anthropic-account', type: 'llm-anthropic-account', baseUrl: c, credentials: { apiKey: 'sk-nobody' } },
    { id: 'llamacpp-server', type: 'llm-llamacpp-server', url: d, healthIntervalMs: 0 },
  ];
}
