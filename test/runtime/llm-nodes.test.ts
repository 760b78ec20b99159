/** What the nodes that run tell of themselves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { announce, type LlmNode, llmNode, llmNodes } from '../../nodes/runtime/llm-nodes.ts';
import { held, StageFlow } from '../support/policies.ts';
import { startEndpoint } from '../support/endpoint.ts';
import { hangs } from '../support/scripted-client.ts';
import { llmNodeOf } from '../support/llm-node.ts';

function nodeOf(id: string): LlmNode {
  return llmNodeOf({ identity: { id, name: id, type: 'llm-echo' } });
}

test('A node stands there until it leaves, and one that was deployed anew stays', (t) => {
  const [before, after] = [nodeOf('a'), nodeOf('a')];
  const leave = announce(before);
  t.after(announce(after));
  leave();
  assert.equal(llmNode('a'), after);
});

test('A stage tells what is under way, who waits, and which branches it would not try', async (t) => {
  const stage = await StageFlow.start(t, { type: 'llm-pool', members: [{ name: 'A', maxConcurrent: 1 }, { name: 'B', maxConcurrent: 1 }] }, [held, held]);
  const told = () => llmNode('stage');
  stage.watch();
  stage.watch();
  stage.watch();
  await stage.advance(0);
  assert.deepEqual([told()?.identity, told()?.busy, told()?.waiting], [{ id: 'stage', name: 'llm-pool', type: 'llm-pool' }, 2, 1]);
  assert.deepEqual(told()?.branches, [
    { name: 'A', refusal: undefined, member: { busy: 1, isDrained: false, sharePercent: 50 } },
    { name: 'B', refusal: undefined, member: { busy: 1, isDrained: false, sharePercent: 50 } },
  ]);
});

test('A backend tells its model, its breaker and how many it has', async (t) => {
  const failing = { type: 'llm-echo', model: 'small', tokensPerSecond: 0, retries: 0, breakerFailures: 1, faultKind: 'server', faultPercent: 100, faultAfterTokens: 0 };
  const stage = await StageFlow.start(t, { type: 'llm-fallback' }, [failing, [hangs()]]);
  stage.watch();
  await stage.advance(100);
  assert.deepEqual([llmNode('a')?.models, llmNode('a')?.breaker, llmNode('b')?.busy, llmNode('b')?.waiting], [['small'], 'open', 1, 0]);
  assert.deepEqual(llmNode('stage')?.branches?.map(({ refusal }) => refusal), ['circuit_open', undefined]);
});

test('An endpoint tells the names in its rows, and leaves with its flow', async (t) => {
  const { flow } = await startEndpoint(t, { config: { models: [{ name: 'fast', model: 'llama' }, { name: 'smart', model: '' }] } });
  assert.deepEqual(llmNode('endpoint')?.models, ['fast', 'llama', 'smart']);
  assert.equal(llmNode('endpoint')?.busy, 0);
  await flow.stop();
  assert.deepEqual(llmNodes(), []);
});
