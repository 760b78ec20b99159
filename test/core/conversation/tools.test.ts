/** The results of tools, and the ids by which they are matched with calls. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ChatMessage } from '../../../nodes/core/conversation/message.ts';
import { withLegalIds } from '../../../nodes/core/conversation/tool-ids.ts';
import { resultsBehindCalls } from '../../../nodes/core/conversation/tool-order.ts';

const calling = (...ids: string[]): ChatMessage => ({ role: 'assistant', content: null, tool_calls: ids.map((id) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } })) });
const result = (id: string, content = id): ChatMessage => ({ role: 'tool', tool_call_id: id, content });
const user = (content: string): ChatMessage => ({ role: 'user', content });

describe('The results of tools', () => {
  it('come directly behind their calls, also where text stands between or some come later', () => {
    const messages = [calling('a', 'b'), user('Wait.'), result('b'), user('So?'), result('a')];
    assert.deepEqual(resultsBehindCalls(messages), [calling('a', 'b'), result('b'), result('a'), user('Wait.'), user('So?')]);
  });

  it('stay where they are where they are in order, and so does one without a call', () => {
    const inOrder = [user('Hi'), calling('a'), result('a'), calling('b'), result('b'), user('So?')];
    assert.equal(resultsBehindCalls(inOrder), inOrder);
    assert.deepEqual(resultsBehindCalls([result('x'), user('Hi')]), [result('x'), user('Hi')]);
  });

  it('belong to the latest call of their id', () => {
    const messages = [calling('a'), result('a', '1'), calling('a'), user('Hm'), result('a', '2')];
    assert.deepEqual(resultsBehindCalls(messages), [calling('a'), result('a', '1'), calling('a'), result('a', '2'), user('Hm')]);
  });
});

describe('Ids of tool calls', () => {
  const ids = { isLegal: (id: string) => /^[a-z]{1,3}$/.test(id), make: (id: string, attempt: number) => `x${id.length % 10}`.replace(/\d/, (digit) => 'abcdefghij'[Number(digit)] ?? 'a') + 'abcdefghijklmnopqrstuvwxyz'[attempt] };

  it('are legal, different, and the same for a call and its result, in every turn', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.constantFrom('a', 'call_0', 'call_1', '', 'functions.f:0'), { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 4 }), (turns) => {
        const given = turns.flatMap((turn) => [calling(...new Set(turn)), ...[...new Set(turn)].map((id) => result(id))]);
        const messages = withLegalIds(given, ids);
        const called = messages.flatMap(({ tool_calls: calls }) => (calls ?? []).map(({ id }) => id));
        assert.ok(called.every(ids.isLegal));
        assert.equal(new Set(called).size, called.length);
        assert.deepEqual(messages.flatMap(({ role, tool_call_id: id }) => (role === 'tool' ? [id] : [])), called);
      }),
    );
  });

  it('are left alone where they are good', () => {
    const messages = [calling('a', 'b'), result('a'), result('b')];
    assert.equal(withLegalIds(messages, ids), messages);
  });
});
