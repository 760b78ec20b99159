/** A running Node-RED between OpenAI's own client and the real servers: endpoint, fallback, pool, and a node for each server. */
import { endpoint, node } from '../../support/gateway.ts';
import { startNodeRed, type TestNodeRed } from '../../support/node-red.ts';
import { SdkClient } from './sdk-client.ts';
import { apiKey } from './server.ts';
import type { Subject } from './subject.ts';

export type ServerNode = 'llm-llamacpp' | 'llm-vllm';

/** The endpoint is at `/gateway/v1`. Each node tries once, so that a failure is seen where it happens. */
export function startRealGateway(type: ServerNode, urls: readonly string[]): Promise<TestNodeRed> {
  const once = { retries: 0, breakerFailures: 0 };
  return startNodeRed({
    flows: [
      { id: 'tab', type: 'tab', label: 'Gateway' },
      endpoint('gateway', 'fallback'),
      node('fallback', 'llm-fallback', { branches: [{ name: 'pool' }], wires: [[], ['pool']] }),
      node('pool', 'llm-pool', { breakerFailures: 0, strategy: 'least-busy', members: urls.map((_, index) => ({ name: `${index}` })), wires: [[], ...urls.map((_, index) => [`model-${index}`])] }),
      ...urls.flatMap((url, index) => [
        node(`model-${index}`, type, { server: `server-${index}`, ...once }),
        { id: `server-${index}`, type: `${type}-server`, url, healthIntervalMs: 50, credentials: { apiKey } },
      ]),
    ],
  });
}

export function clientOf({ url }: TestNodeRed): SdkClient {
  return new SdkClient(`${new URL(url).origin}/gateway/v1`);
}

/** OpenAI's client through all of that to one server. */
export function gatewaySubject(type: ServerNode, cannot: Subject['cannot']): Subject {
  let nodeRed: TestNodeRed | undefined;
  return {
    name: `OpenAI’s client, endpoint, fallback, pool, ${type}`,
    api: 'chat',
    begin: async (url) => {
      nodeRed = await startRealGateway(type, [url]);
    },
    end: async () => nodeRed?.stop(),
    connect: () => {
      if (!nodeRed) throw new Error('Node-RED has not started.');
      return { client: clientOf(nodeRed), close: () => Promise.resolve() };
    },
    cannot: {
      'a constraint of the node itself': 'it is the same node',
      'a wrong key': 'the key of the server stands in the node; an endpoint has keys of its own',
      ...cannot,
    },
  };
}
