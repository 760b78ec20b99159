import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import registerEcho from '../../nodes/backends/echo/echo.ts';
import type { StreamPart } from '../../nodes/core/completion.ts';
import { calls } from '../../nodes/runtime/calls.ts';
import registerFallback from '../../nodes/stages/fallback/fallback.ts';
import registerPool from '../../nodes/stages/pool/pool.ts';
import registerReturn from '../../nodes/stages/return/return.ts';
import registerRouter from '../../nodes/stages/router/router.ts';
import { ask, Reader, textOf } from '../support/asking.ts';
import { settled } from '../support/fake-time.ts';
import { Flow, type FlowNode } from '../support/flow.ts';
import { modelType } from '../support/model-type.ts';
import { answers, finish, type Script, text } from '../support/scripted-client.ts';

let flow: Flow | undefined;

afterEach(async () => {
  await flow?.end();
  flow = undefined;
  assert.equal(calls.size, 0);
});

/** Router, fallback and pool over one model. `more` goes to the router. */
async function start(script: Script, more: object = {}): Promise<Flow> {
  const stages: FlowNode[] = [
    { id: 'router', type: 'llm-router', branches: [{ percent: 100 }], ...more, wires: [['answers'], ['fallback'], ['tokens']] },
    { id: 'fallback', type: 'llm-fallback', branches: [{}], wires: [[], ['pool']] },
    { id: 'pool', type: 'llm-pool', members: [{}], wires: [[], ['model']] },
    { id: 'model', type: 'test-model', stream: true, wires: [[], ['model-tokens']] },
    ...['answers', 'tokens', 'model-tokens'].map((id) => ({ id, type: 'helper', wires: [] })),
  ];
  flow = await Flow.start([modelType({ model: script }), registerRouter, registerFallback, registerPool], stages);
  return flow;
}

const pieces: ReadonlyArray<readonly StreamPart[]> = [
  [{ type: 'thinking', text: 'Hm' }],
  [text('One'), text(' two')],
  [text(' three'), { type: 'toolCall', index: 0, id: 'c1', name: 'look', arguments: '{}' }],
  [{ type: 'usage', usage: { inputTokens: 1, outputTokens: 4 } }, finish],
];

describe('Streaming through three stages', () => {
  test('gives the reader every part that the model gives, and no other', async () => {
    const running = await start(answers(...pieces));
    const reader = new Reader();
    const outcome = await ask(running, 'router', { payload: 'Hello' }, { sink: reader });
    assert.deepEqual(reader.parts, pieces.flat());
    assert.equal(outcome.ok && outcome.msg.completion?.text, 'One two three');
  });

  test('gives the token port of the outermost what the port of the backend gives', async () => {
    const running = await start(answers(...pieces), { stream: true });
    running.send('router', { payload: 'Hello' });
    assert.equal((await running.next('answers')).payload, 'One two three');
    const positions = (list: Awaited<ReturnType<Flow['rest']>>) => list.map(({ payload, parts, complete }) => [payload, (parts as { index: number }).index, complete]);
    const [outer, inner] = [await running.rest('tokens'), await running.rest('model-tokens')];
    assert.deepEqual(positions(outer), positions(inner));
    assert.equal(outer.length, 4);
  });

  test('holds the provider back where the reader is slow: it is never more than one piece ahead', async () => {
    const total = 10_000;
    let given = 0;
    const running = await start(async function* ({ onConnected }) {
      onConnected();
      for (; given < total; given++) yield [text('x')];
      yield [finish];
    });
    let read = 0;
    let ahead = 0;
    const reader = {
      write: async (parts: readonly StreamPart[]) => {
        ahead = Math.max(ahead, given - read);
        // Between two tokens the provider has all the time that it could want.
        if (read % 1_000 === 0) for (let turn = 0; turn < 10; turn++) await settled();
        read += textOf(parts).length;
      },
    };
    const outcome = await ask(running, 'router', { payload: 'Hello' }, { sink: reader });
    assert.deepEqual([outcome.ok, read], [true, total]);
    assert.ok(ahead <= 1, `${ahead} tokens ahead`);
  });

  test('holds it back as well where two read along, at the pace of the slower one', async () => {
    let given = 0;
    const running = await start(
      async function* ({ onConnected }) {
        onConnected();
        for (; given < 3; given++) yield [text('x')];
        yield [finish];
      },
      { stream: true },
    );
    const gate = Promise.withResolvers<void>();
    const outcome = ask(running, 'router', { payload: 'Hello' }, { sink: { write: () => gate.promise } });
    await running.next('tokens');
    assert.deepEqual([await running.rest('tokens'), given], [[], 0]);
    gate.resolve();
    assert.equal((await outcome).ok, true);
    assert.equal(given, 3);
  });
});

test('A branch of foreign nodes gives a reader its answer as one token, through all stages', async () => {
  flow = await Flow.start([registerEcho, registerReturn, registerFallback, registerPool], [
    { id: 'fallback', type: 'llm-fallback', branches: [{ name: 'down' }, { name: 'pool' }], stream: true, wires: [['answers'], ['echo'], ['pool'], ['tokens']] },
    { id: 'echo', type: 'llm-echo', faultKind: 'server', retries: 0, wires: [[]] },
    { id: 'pool', type: 'llm-pool', members: [{}], wires: [[], ['return']] },
    { id: 'return', type: 'llm-return', wires: [] },
    { id: 'answers', type: 'helper', wires: [] },
    { id: 'tokens', type: 'helper', wires: [] },
  ]);
  flow.send('fallback', { payload: 'An answer of many words' });
  assert.equal((await flow.next('answers')).payload, 'An answer of many words');
  assert.deepEqual((await flow.rest('tokens')).map(({ payload, complete }) => [payload, complete]), [['An answer of many words', undefined], ['', true]]);
});
