/** What a return node takes a message for. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Node } from 'node-red';
import type { Completion } from '../../nodes/core/completion.ts';
import type { LlmError } from '../../nodes/core/errors.ts';
import type { LlmMessage } from '../../nodes/runtime/calls.ts';
import { outcomeOf } from '../../nodes/stages/return/answer.ts';

const node = { id: 'return', type: 'llm-return' } as Node;

const modelsOwn: Completion = {
  text: 'Once',
  message: { role: 'assistant', content: 'Once', thinking: 'Hm' },
  finishReason: 'length',
  provider: 'echo',
  model: 'm',
  backend: { id: 'b', name: 'B', type: 'llm-echo' },
  usage: { inputTokens: 1, outputTokens: 2, estimated: false },
  timing: { queuedMs: 1, totalMs: 2 },
  attempts: [{ backend: 'B', outcome: 'ok', ms: 2 }],
};

function answerOf(msg: object, before: object = {}): LlmMessage & { completion: Completion } {
  const outcome = outcomeOf(msg as LlmMessage, before as LlmMessage, node);
  assert.ok(outcome.ok && outcome.msg.completion, 'An answer was expected.');
  return outcome.msg as LlmMessage & { completion: Completion };
}

function failureOf(msg: object, before: object = {}): LlmError {
  const outcome = outcomeOf(msg as LlmMessage, before as LlmMessage, node);
  assert.ok(!outcome.ok, 'A failure was expected.');
  return outcome.failure;
}

describe('The payload of foreign nodes', () => {
  for (const [what, payload, text] of [
    ['text', 'Hello', 'Hello'],
    ['empty text', '', ''],
    ['an object', { a: [1] }, '{"a":[1]}'],
    ['a list', ['a', 'b'], '["a","b"]'],
    ['a number', 42, '42'],
    ['zero', 0, '0'],
    ['false', false, 'false'],
    ['a buffer', Buffer.from('Grüße'), 'Grüße'],
  ] as const) {
    test(`may be ${what}: it stays, and the completion has it as text`, () => {
      const { payload: kept, completion } = answerOf({ payload });
      assert.equal(kept, payload);
      assert.deepEqual([completion.text, completion.message], [text, { role: 'assistant', content: text }]);
    });
  }

  const circle: { self?: unknown } = {};
  circle.self = circle;
  for (const [what, msg] of [
    ['is missing', {}],
    ['is null', { payload: null }],
    ['is a function', { payload: () => 'Hello' }],
    ['refers to itself', { payload: circle }],
    ['is a number that JSON has not', { payload: 1n }],
  ] as const) {
    test(`that ${what} is no answer, and the failure says where it belongs`, () => {
      const { kind, message } = failureOf(msg);
      assert.equal(kind, 'server');
      assert.match(message, /without an answer in msg\.payload\. Put text, .* there before llm-return/);
    });
  }

  test('is a completion of the return node, its tokens estimated', () => {
    const { completion } = answerOf({ payload: 'Once upon a time' });
    const { usage, ...others } = completion;
    assert.deepEqual(others, {
      text: 'Once upon a time',
      message: { role: 'assistant', content: 'Once upon a time' },
      finishReason: 'stop',
      provider: 'flow',
      model: '',
      backend: { id: 'return', name: 'llm-return', type: 'llm-return' },
      timing: { queuedMs: 0, totalMs: 0 },
      attempts: [],
    });
    assert.equal(usage.estimated, true);
    assert.ok(usage.outputTokens > 0);
  });
});

describe('The completion of a backend in the branch', () => {
  test('is kept as it is where the text is', () => {
    assert.equal(answerOf({ payload: 'Once', completion: modelsOwn }).completion, modelsOwn);
  });

  test('gets the text that nodes behind it have made of it, in both places', () => {
    const before = structuredClone(modelsOwn);
    const { completion } = answerOf({ payload: 'ONCE', completion: modelsOwn });
    assert.deepEqual(completion, { ...modelsOwn, text: 'ONCE', message: { ...modelsOwn.message, content: 'ONCE' } });
    assert.deepEqual(modelsOwn, before, 'What others may hold is not changed.');
  });

  test('is not taken for new where the message came with it', () => {
    const { completion } = answerOf({ payload: 'Hello', completion: modelsOwn }, { completion: structuredClone(modelsOwn) });
    assert.deepEqual([completion.text, completion.provider], ['Hello', 'flow']);
  });

  for (const foreign of ['text', 7, null, ['a'], { choices: [] }, { text: 'Hello', usage: { total: 1 } }]) {
    test(`is none where another palette means something else by the name: ${JSON.stringify(foreign)}`, () => {
      const { completion } = answerOf({ payload: 'Hello', completion: foreign });
      assert.deepEqual([completion.text, completion.provider, completion.attempts], ['Hello', 'flow', []]);
    });
  }
});

describe('A status of a server', () => {
  for (const [statusCode, kind] of [
    [401, 'auth'],
    [404, 'not_found'],
    [429, 'rate_limit'],
    [503, 'overloaded'],
    [500, 'server'],
    ['ECONNREFUSED', 'unavailable'],
    ['ETIMEDOUT', 'unavailable'],
    ['ENOTFOUND', 'unavailable'],
  ] as const) {
    test(`${statusCode} fails with ${kind}`, () => {
      assert.equal(failureOf({ payload: 'canary', statusCode }).kind, kind);
    });
  }

  test('below 400, or none that we know, is an answer', () => {
    for (const statusCode of [200, 204, 304, '200', 'ok', null, {}]) assert.equal(answerOf({ payload: 'Hello', statusCode }).payload, 'Hello');
  });

  test('that is the same as before tells of the branch where other headers came with it', () => {
    const before = { statusCode: 500, headers: { date: '1' } };
    assert.equal(failureOf({ payload: 'x', statusCode: 500, headers: { date: '2' } }, before).kind, 'server');
    assert.equal(answerOf({ payload: 'x', statusCode: 500, headers: { date: '1' } }, before).payload, 'x');
  });

  test('comes with headers of any form', () => {
    for (const headers of ['text', 7, null, { 'retry-after': 7 }, { 'retry-after': null }]) {
      assert.equal(failureOf({ payload: 'x', statusCode: 429, headers }).kind, 'rate_limit');
    }
  });
});

describe('The error of a catch node', () => {
  const error = { message: 'canary', source: { id: 'f', type: 'function', name: 'check' } };

  test('fails with the name of the node, and without its words', () => {
    const { kind, message } = failureOf({ payload: 'Hello', error });
    assert.equal(kind, 'server');
    assert.match(message, /The node function “check” in the branch failed/);
    assert.doesNotMatch(message, /canary/);
  });

  test('fails also where a backend had answered', () => {
    assert.equal(failureOf({ payload: 'Once', completion: modelsOwn, error }).kind, 'server');
  });

  test('that the message came with tells nothing of the branch', () => {
    assert.equal(answerOf({ payload: 'Hello', error }, { error: structuredClone(error) }).payload, 'Hello');
  });

  test('is not every msg.error: other nodes put their own there', () => {
    for (const other of ['text', null, {}, { source: 'x' }, { code: 0 }]) assert.equal(answerOf({ payload: 'Hello', error: other }).payload, 'Hello');
  });
});
