import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NodeAPI } from 'node-red';
import { LlmError } from '../../nodes/core/errors.ts';
import { configNode } from '../../nodes/runtime/config-node.ts';

const wanted = { noun: 'account', type: 'llm-openai-account' };
const problem = new LlmError('auth', 'There is no key.');
const nodes: Record<string, object> = {
  right: { type: 'llm-openai-account' },
  failing: { type: 'llm-openai-account', problem },
  foreign: { type: 'mqtt-broker', problem },
};
const RED = { nodes: { getNode: (id: string) => nodes[id] ?? null } } as unknown as NodeAPI;

describe('The config node of a node', () => {
  it('is the one that it has chosen', () => {
    assert.equal(configNode(RED, 'right', wanted), nodes['right']);
  });

  it('fails with its own problem', () => {
    assert.throws(() => configNode(RED, 'failing', wanted), problem);
  });

  for (const [id, message] of [
    [undefined, 'The node has no account. Open the node and choose or add the account.'],
    ['', 'The node has no account. Open the node and choose or add the account.'],
    [7, 'The node has no account. Open the node and choose or add the account.'],
    ['gone', 'The account that the node uses is not there. It was deleted or disabled: open the node and choose another account.'],
    ['foreign', "The node's account must be of the type llm-openai-account, and the one it uses is of the type mqtt-broker. Open the node and choose another account."],
  ] as const) {
    it(`is misconfigured where it is ${String(id)}, and says what was found`, () => {
      assert.throws(() => configNode(RED, id, wanted), { kind: 'misconfigured', message });
    });
  }
});
