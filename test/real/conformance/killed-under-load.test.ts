/** Two real llama.cpp servers in a pool, one of which is killed while all of their slots and queues are full. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { LlmError } from '../../../nodes/core/errors.ts';
import { findLlamaServer, type LlamaServer, startLlamaServer } from '../../support/llama-server.ts';
import type { TestNodeRed } from '../../support/node-red.ts';
import { backendOf, requestOf } from '../../support/requests.ts';
import { clientOf, startRealGateway } from './gateway.ts';
import { story } from './row.ts';
import { apiKey } from './server.ts';

const found = findLlamaServer();
const requests = 64;
const slots = 4;

describe('A pool of two real llama.cpp servers behind an endpoint', { skip: typeof found === 'string' && found }, () => {
  assert.ok(typeof found !== 'string');
  let servers: LlamaServer[] = [];
  let nodeRed: TestNodeRed | undefined;

  before(async () => {
    servers = await Promise.all([startLlamaServer(found, '--api-key', apiKey), startLlamaServer(found, '--api-key', apiKey)]);
    nodeRed = await startRealGateway('llm-llamacpp', servers.map(({ url }) => url));
  });
  after(async () => {
    await nodeRed?.stop();
    await Promise.all(servers.map((server) => server.kill()));
  });

  it('shares out what it is asked, and loses no request that had no token yet when one of them is killed', async (t) => {
    const backend = backendOf(clientOf(nodeRed ?? assert.fail()));
    const begun = new Set<number>();
    const bothBusy = Promise.withResolvers<void>();
    const ask = async (index: number) => {
      const write = () => {
        begun.add(index);
        // Each has four slots: some stream, and the others wait in the queues of both.
        if (begun.size > slots) bothBusy.resolve();
      };
      return backend.complete(requestOf(`${story} ${index}`, { temperature: 0, maxTokens: 100, extra: { ignore_eos: true } }), { sink: { write } }).catch((error: LlmError) => error);
    };
    const asked = Array.from({ length: requests }, (_, index) => ask(index));
    await bothBusy.promise;
    for (const server of servers) assert.ok((await server.busySlots()) > 0, 'Both of them work.');
    await servers[1]?.kill();
    const outcomes = await Promise.all(asked);
    const broken = outcomes.filter((outcome) => 'kind' in outcome);
    for (const [index, outcome] of outcomes.entries()) {
      if ('text' in outcome) assert.equal(outcome.usage.outputTokens, 100);
      // Its first token may have been on its way here when the server died.
      else assert.ok(outcome.kind === 'interrupted' && outcome.partial && begun.has(index), `${outcome.kind}: ${outcome.message}`);
    }
    t.diagnostic(`${requests - broken.length} answered, ${broken.length} broken off`);
    assert.ok(broken.length > 0 && broken.length <= slots, `${broken.length} of its ${slots} slots`);
  });
});
