import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { on, once } from 'node:events';
import { afterEach, beforeEach, describe, test } from 'node:test';
import registerEcho from '../../nodes/backends/echo/echo.ts';
import registerVllm from '../../nodes/backends/vllm/vllm.ts';
import { calls } from '../../nodes/runtime/calls.ts';
import registerFallback from '../../nodes/stages/fallback/fallback.ts';
import { Flow, type FlowMessage } from '../support/flow.ts';

const requests = 200;
const prompt = 'one two three four five';

describe('When a provider is killed in the middle of 200 streams', () => {
  let provider: ChildProcess;
  let url: string;
  let flow: Flow | undefined;

  beforeEach(async () => {
    provider = fork(new URL('../support/dying-provider.ts', import.meta.url));
    const [{ port }] = (await once(provider, 'message')) as [{ port: number }];
    url = `http://127.0.0.1:${port}`;
  });

  afterEach(async () => {
    provider.kill('SIGKILL');
    await flow?.end();
    flow = undefined;
  });

  /** Sends all requests, kills the provider when every second has had its first tokens, and gives what came of each. */
  async function outcomes(afterFirstToken: string): Promise<FlowMessage[]> {
    const running = (flow = await Flow.start([registerEcho, registerVllm, registerFallback], [
      { id: 'stage', type: 'llm-fallback', branches: [{ name: 'gpu' }, { name: 'echo' }], afterFirstToken, stream: true, wires: [['outcomes'], ['vllm'], ['echo'], ['tokens']] },
      { id: 'vllm', type: 'llm-vllm', server: 'server', retries: 0, breakerFailures: 0, wires: [[]] },
      { id: 'server', type: 'llm-vllm-server', url, healthIntervalMs: 0 },
      { id: 'echo', type: 'llm-echo', tokensPerSecond: 0, wires: [[]] },
      { id: 'catch', type: 'catch', scope: null, wires: [['outcomes']] },
      { id: 'outcomes', type: 'helper', wires: [] },
      { id: 'tokens', type: 'helper', wires: [] },
    ]));
    const allAsked = arrived(provider);
    for (let number = 0; number < requests; number++) running.send('stage', { payload: prompt, number });
    await allAsked;
    for (let token = 0; token < (requests / 2) * 3; token++) await running.next('tokens');
    provider.kill('SIGKILL');
    const all: FlowMessage[] = [];
    while (all.length < requests) all.push(await running.next('outcomes'));
    assert.deepEqual([await running.rest('outcomes'), calls.size], [[], 0]);
    assert.equal(new Set(all.map(({ number }) => number)).size, requests);
    return all;
  }

  test('those without a token finish elsewhere, the others fail with their partial text', async () => {
    const all = await outcomes('fail');
    const failed = all.filter(({ error }) => error);
    assert.equal(failed.length, requests / 2);
    for (const { error } of failed) assert.deepEqual([error?.code, error?.cause.partial], ['interrupted', 'one two three']);
    for (const { payload, completion } of all.filter(({ error }) => !error)) {
      assert.equal(payload, prompt);
      assert.deepEqual(completion?.attempts.map(({ branch, error }) => [branch, error]), [['gpu', 'unavailable'], ['echo', undefined]]);
    }
  });

  test('all finish elsewhere where the fallback continues, and no word is told twice', async () => {
    const all = await outcomes('continue');
    for (const { payload, completion } of all) assert.deepEqual([payload, completion?.text], [prompt, prompt]);
    assert.equal(all.filter(({ completion }) => completion?.attempts[0]?.error === 'interrupted').length, requests / 2);
  });

  test('all finish elsewhere where the fallback starts over', async () => {
    const all = await outcomes('restart');
    for (const { payload } of all) assert.equal(payload, prompt);
  });
});

/** Resolves when the provider has got all requests. */
async function arrived(provider: ChildProcess): Promise<void> {
  for await (const [{ asked }] of on(provider, 'message') as AsyncIterable<[{ asked: number }]>) if (asked === requests) return;
}
