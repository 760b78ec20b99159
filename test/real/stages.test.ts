/** Stages over two real llama-servers, one of which dies in the middle of its answers. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import registerLlamaCpp from '../../nodes/backends/llamacpp/llamacpp.ts';
import registerEcho from '../../nodes/backends/echo/echo.ts';
import { calls } from '../../nodes/runtime/calls.ts';
import registerFallback from '../../nodes/stages/fallback/fallback.ts';
import registerPool from '../../nodes/stages/pool/pool.ts';
import { Flow, type FlowMessage, type FlowNode } from '../support/flow.ts';
import { findLlamaServer, type LlamaServer, startLlamaServer } from '../support/llama-server.ts';

const found = findLlamaServer();

describe('a fallback over a pool of two real llama.cpp servers', { skip: typeof found === 'string' && found }, () => {
  assert.ok(typeof found !== 'string');
  let servers: LlamaServer[];
  let flow: Flow;

  before(async () => {
    servers = await Promise.all([startLlamaServer(found), startLlamaServer(found)]);
  });
  afterEach(() => flow?.end());
  after(() => Promise.all(servers.map((server) => server.kill())));

  /** A pool of the two, with an echo behind it for when both are gone. */
  function nodes(afterFirstToken: string, maxTokens: number): FlowNode[] {
    return [
      { id: 'fallback', type: 'llm-fallback', branches: [{ name: 'gpu' }, { name: 'echo' }], afterFirstToken, stream: true, wires: [['outcomes'], ['pool'], ['echo'], ['tokens']] },
      { id: 'pool', type: 'llm-pool', strategy: 'least-busy', members: [{ name: 'A' }, { name: 'B' }], wires: [[], ['a'], ['b']] },
      ...servers.flatMap(({ url }, index): FlowNode[] => [
        { id: 'ab'.charAt(index), type: 'llm-llamacpp', name: `server ${index}`, server: `server-${index}`, api: 'completion', temperature: 0, maxTokens, retries: 0, wires: [[]] },
        { id: `server-${index}`, type: 'llm-llamacpp-server', url, healthIntervalMs: 0 },
      ]),
      { id: 'echo', type: 'llm-echo', tokensPerSecond: 0, wires: [[]] },
      { id: 'catch', type: 'catch', scope: null, wires: [['outcomes']] },
      ...['outcomes', 'tokens'].map((id) => ({ id, type: 'helper', wires: [] })),
    ];
  }

  const start = async (...args: Parameters<typeof nodes>) => {
    flow = await Flow.start([registerLlamaCpp, registerEcho, registerFallback, registerPool], nodes(...args));
  };

  it('shares requests out, and each answer names its server', async () => {
    await start('fail', 8);
    for (let request = 0; request < 10; request++) flow.send('fallback', { payload: 'Once upon a time' });
    const answers: FlowMessage[] = [];
    while (answers.length < 10) answers.push(await flow.next('outcomes'));
    for (const server of ['server 0', 'server 1']) {
      assert.equal(answers.filter(({ completion }) => completion?.backend.name === server).length, 5);
    }
  });

  it('answers every request that had no token yet when one server is killed, and fails the others with what they had', async () => {
    await start('fail', 200);
    const requests = 24;
    for (let request = 0; request < requests; request++) flow.send('fallback', { payload: 'Once upon a time' });
    // Four slots each: now some stream, and the others wait in the servers' queues.
    for (let token = 0; token < 50; token++) await flow.next('tokens');
    await servers[1]?.kill();
    let answered = 0;
    for (let request = 0; request < requests; request++) {
      const { completion, error } = await flow.next('outcomes');
      if (completion) answered++;
      else {
        assert.equal(error?.code, 'interrupted');
        assert.match(error.cause.partial ?? '', /^, there was/);
      }
    }
    assert.ok(answered >= requests - 8 && answered < requests, String(answered));
    assert.equal(calls.size, 0);
  });
});
