/** Who resets a backend, or a pool, ends every pause: a breaker's, a provider's, and a pool's own. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { llmNode } from '../../nodes/runtime/llm-nodes.ts';
import { held, StageFlow, scriptedNode, tried } from '../support/policies.ts';
import { answers, fails, finish, text } from '../support/scripted-client.ts';

const fine = answers([text('Hi'), finish]);
const hourMs = 3_600_000;
const limited = fails('rate_limit', { retryAfterMs: hourMs });
const pool = { type: 'llm-pool', strategy: 'round-robin' };

describe('A reset of a backend', () => {
  test('ends the pause that its provider asked for', async (t) => {
    const stage = await StageFlow.start(t, { type: 'llm-fallback' }, [[limited, fine]]);
    assert.equal((await stage.ask()).error?.code, 'rate_limit');
    const backend = llmNode('a');
    assert.deepEqual([backend?.refusal, backend?.isResting], ['rate_limit', true]);
    backend?.reset?.();
    assert.deepEqual([backend?.refusal, backend?.isResting], [undefined, false]);
    assert.equal((await stage.ask()).payload, 'Hi');
  });

  test('is known to the pools whose members lead to it, however far', async (t) => {
    const inner = { type: 'llm-fallback', branches: [{}], wires: [[], ['deep']] };
    const more = [{ id: 'deep', ...scriptedNode, scripts: [limited, fine], wires: [] }];
    const stage = await StageFlow.start(t, pool, [inner, [fine]], { more });
    assert.deepEqual(tried(await stage.ask()), ['A / A rate_limit', 'B ok']);
    assert.equal(llmNode('stage')?.isResting, true);
    llmNode('deep')?.reset?.();
    assert.equal(llmNode('stage')?.isResting, false);
    const all = [await stage.ask(), await stage.ask()].map((msg) => tried(msg).join());
    assert.equal(all.filter((one) => one.startsWith('A')).length, 1);
  });

  test('leaves other members to rest', async (t) => {
    const stage = await StageFlow.start(t, pool, [[limited], [limited], [fine]]);
    await stage.ask();
    llmNode('b')?.reset?.();
    assert.deepEqual(llmNode('stage')?.branches?.map(({ refusal }) => refusal), ['circuit_open', undefined, undefined]);
  });
});

test('A reset of a pool asks all of its members again, also those of other nodes', async (t) => {
  const stage = await StageFlow.start(t, pool, [held, [fine]]);
  const asked = stage.ask();
  stage.comeBack(await stage.arrival('a'), { statusCode: 429, headers: { 'retry-after': '31536000' } });
  assert.deepEqual(tried(await asked), ['A rate_limit', 'B ok']);
  assert.deepEqual(tried(await stage.ask()), ['B ok']);
  llmNode('stage')?.reset?.();
  const again = stage.ask();
  stage.comeBack(await stage.arrival('a'), { payload: 'Rested' });
  assert.equal((await again).payload, 'Rested');
});

test('A year that a provider asks for is an hour', async (t) => {
  const stage = await StageFlow.start(t, pool, [held, [fine]]);
  const asked = stage.ask();
  stage.comeBack(await stage.arrival('a'), { statusCode: 429, headers: { 'retry-after': '31536000' } });
  await asked;
  await stage.advance(hourMs - 1);
  assert.deepEqual(tried(await stage.ask()), ['B ok']);
  await stage.advance(1);
  const again = stage.ask();
  stage.comeBack(await stage.arrival('a'), { payload: 'Rested' });
  assert.equal((await again).payload, 'Rested');
});
