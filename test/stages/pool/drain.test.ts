/** A member that is drained gets no new requests, ends those that it has, and comes back when it is wanted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { llmNode } from '../../../nodes/runtime/llm-nodes.ts';
import { held, StageFlow, tried } from '../../support/policies.ts';

const two = { type: 'llm-pool', members: [{ name: 'A', maxConcurrent: 1 }, { name: 'B', maxConcurrent: 1 }] };

function drain(name: string, isDrained = true): boolean | undefined {
  return llmNode('stage')?.drain?.(name, isDrained);
}

test('A drained member ends what it has under way and gets nothing new', async (t) => {
  const stage = await StageFlow.start(t, two, [held, held]);
  const first = stage.ask();
  const ofA = await stage.arrival('a');
  assert.equal(drain('A'), true);
  for (let count = 0; count < 3; count++) {
    const asked = stage.ask();
    stage.comeBack(await stage.arrival('b'));
    assert.deepEqual(tried(await asked), ['B ok']);
  }
  assert.deepEqual(llmNode('stage')?.branches?.[0], { name: 'A', refusal: 'unavailable', member: { busy: 1, isDrained: true, sharePercent: 25 } });
  stage.comeBack(ofA);
  assert.deepEqual(tried(await first), ['A ok']);
  assert.equal(llmNode('stage')?.branches?.[0]?.member?.busy, 0);
  assert.deepEqual((await stage.shown())?.text?.split(' · ').at(-1), '1 of 2 drained');
});

test('With all members drained a request fails at once, and so do those that wait', async (t) => {
  const stage = await StageFlow.start(t, { ...two, maxQueued: 5 }, [held, held]);
  const asked = [stage.ask(), stage.ask(), stage.ask()];
  const [ofA, ofB] = [await stage.arrival('a'), await stage.arrival('b')];
  drain('A');
  drain('B');
  assert.equal((await asked[2])?.error?.code, 'unavailable');
  assert.match((await stage.ask()).error?.message ?? '', /drained/);
  stage.comeBack(ofA);
  stage.comeBack(ofB);
  await Promise.all(asked);
});

test('A member that is no longer drained takes those that wait', async (t) => {
  const stage = await StageFlow.start(t, { ...two, maxQueued: 5 }, [held, held]);
  drain('A');
  const asked = [stage.ask(), stage.ask()];
  const ofB = await stage.arrival('b');
  drain('A', false);
  stage.comeBack(await stage.arrival('a'));
  assert.deepEqual(tried((await asked[1]) ?? assert.fail()), ['A ok']);
  stage.comeBack(ofB);
  await asked[0];
});

test('Only a pool can be drained, by the names of its members', async (t) => {
  await StageFlow.start(t, two, [held, held]);
  assert.equal(drain('C'), false);
});
