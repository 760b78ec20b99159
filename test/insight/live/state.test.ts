import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stateOf } from '../../../nodes/insight/live/state.ts';
import type { NodeState } from '../../../nodes/insight/sidebar/api.ts';
import type { LlmNode } from '../../../nodes/runtime/llm-nodes.ts';
import { llmNodeOf } from '../../support/llm-node.ts';

const node = llmNodeOf({ identity: { id: 'a', name: 'A', type: 'llm-x' } });
const backend: LlmNode = { ...node, breaker: 'closed', health: 'unknown' };
const isOut = { name: 'x', refusal: 'circuit_open' } as const;
const isIn = { name: 'y', refusal: undefined };

const cases: ReadonlyArray<readonly [string, LlmNode, NodeState]> = [
  ['A backend that nobody asks', backend, 'ready'],
  ['A backend at work', { ...backend, busy: 1 }, 'busy'],
  ['A full backend', { ...backend, busy: 4, waiting: 1 }, 'queueing'],
  ['A backend whose provider wants a pause', { ...backend, busy: 1, refusal: 'rate_limit' }, 'degraded'],
  ['A backend whose breaker is being tried', { ...backend, busy: 1, refusal: 'circuit_open', breaker: 'half_open' }, 'degraded'],
  ['A server that loads its model', { ...backend, health: 'loading', refusal: 'overloaded' }, 'loading'],
  ['A backend whose breaker is open', { ...backend, breaker: 'open', refusal: 'circuit_open' }, 'open'],
  ['A server that is down', { ...backend, health: 'down', breaker: 'open', refusal: 'unavailable' }, 'down'],
  ['A server that is run here and was stopped', { ...backend, refusal: 'unavailable' }, 'down'],
  ['A stage at work', { ...node, busy: 1, branches: [isIn, isIn] }, 'busy'],
  ['A stage with a branch that is out', { ...node, busy: 1, branches: [isIn, isOut] }, 'degraded'],
  ['A stage whose branches are all out', { ...node, refusal: 'circuit_open', branches: [isOut, isOut] }, 'down'],
  ['An endpoint', node, 'ready'],
  ['A node whose settings cannot work', { ...backend, isMisconfigured: true, health: 'down' }, 'misconfigured'],
];

for (const [what, given, state] of cases) {
  test(`${what} is ${state}`, () => assert.equal(stateOf(given), state));
}
