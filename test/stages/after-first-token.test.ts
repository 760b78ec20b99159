/** A branch breaks off and a reader has seen a part of its answer: what the reader sees in the end, through stages of every kind. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { continued, continueRequest } from '../../nodes/core/continuation.ts';
import { LlmError } from '../../nodes/core/errors.ts';
import type { CompletionRequest } from '../../nodes/core/request.ts';
import { calls, type Outcome } from '../../nodes/runtime/calls.ts';
import registerFallback from '../../nodes/stages/fallback/fallback.ts';
import registerPool from '../../nodes/stages/pool/pool.ts';
import registerReturn from '../../nodes/stages/return/return.ts';
import { ask, Reader, withoutRestart } from '../support/asking.ts';
import { Flow, type FlowNode } from '../support/flow.ts';
import { answerType } from '../support/foreign.ts';
import { modelType } from '../support/model-type.ts';
import { finish, type Script, text } from '../support/scripted-client.ts';

const words = ['Once', ' upon', ' a', ' time', ' there'];
const whole = words.join('');

let running: Flow | undefined;
/** What the models were asked, in order. */
let asked: CompletionRequest[] = [];
afterEach(async () => {
  await running?.end();
  running = undefined;
  asked = [];
  assert.equal(calls.size, 0);
});

/** Tells the tale from the beginning, or goes on with it, and breaks off after so many words of its own. */
function teller(breaksOffAfter = Infinity): Script {
  return async function* ({ onConnected }, request) {
    onConnected();
    asked.push(request);
    const { said } = continued(request.messages) ?? { said: '' };
    const rest = words.filter((_, index) => words.slice(0, index).join('').length >= said.length);
    for (const word of rest.slice(0, breaksOffAfter)) yield [text(word)];
    if (breaksOffAfter < Infinity) throw new LlmError('unavailable', 'The connection broke.');
    yield [finish];
  };
}

const model = (id: string): FlowNode => ({ id, type: 'test-model', name: id, retries: 0, breakerFailures: 0, wires: [[]] });

function fallback(id: string, afterFirstToken: string, branches: readonly string[], settings: object = {}): FlowNode {
  return { id, type: 'llm-fallback', afterFirstToken, branches: branches.map((name) => ({ name })), wires: [[], ...branches.map((name) => [name])], ...settings };
}

/** Models A, B and C break off after so many words; the last one does not. */
async function start(nodes: readonly FlowNode[], scripts: Record<string, Script>): Promise<Flow> {
  const all = [...nodes, ...Object.keys(scripts).map(model), { id: 'tokens', type: 'helper', wires: [] }];
  return (running = await Flow.start([registerFallback, registerPool, registerReturn, answerType, modelType(scripts)], all));
}

/** What became of it, as a reader and as a caller see it. */
function seen(outcome: Outcome, reader: Reader) {
  const { text, restarts } = reader;
  if (!outcome.ok) return { failure: outcome.failure.kind, partial: outcome.failure.partial, text, restarts };
  const { payload, completion } = outcome.msg;
  assert.deepEqual([completion?.text, completion?.message.content], [payload, payload]);
  return { answer: payload, text, restarts };
}

function attemptsOf(outcome: Outcome): string[] {
  const attempts = outcome.ok ? outcome.msg.completion?.attempts : outcome.failure.cause.attempts;
  return (attempts ?? []).map(({ branch, error = 'ok' }) => `${branch}: ${error}`);
}

describe('A fallback that is to fail after the first token', () => {
  test('asks nobody else, and says how far it got', async () => {
    const flow = await start([fallback('root', 'fail', ['A', 'B'])], { A: teller(2), B: teller() });
    const reader = new Reader();
    const outcome = await ask(flow, 'root', { payload: 'Tell' }, { sink: reader });
    assert.deepEqual(seen(outcome, reader), { failure: 'interrupted', partial: 'Once upon', text: 'Once upon', restarts: 0 });
    assert.deepEqual(attemptsOf(outcome), ['A: interrupted']);
    assert.equal(asked.length, 1);
  });

  test('goes on where nobody reads along', async () => {
    const flow = await start([fallback('root', 'fail', ['A', 'B'])], { A: teller(2), B: teller() });
    const outcome = await ask(flow, 'root', { payload: 'Tell' });
    assert.equal(outcome.ok && outcome.msg.payload, whole);
    assert.deepEqual(attemptsOf(outcome), ['A: interrupted', 'B: ok']);
  });
});

describe('A fallback that is to continue after the first token', () => {
  test('lets the next branch go on: the tale is whole and told once', async () => {
    const flow = await start([fallback('root', 'continue', ['A', 'B', 'C'])], { A: teller(2), B: teller(1), C: teller() });
    const reader = new Reader();
    const outcome = await ask(flow, 'root', { payload: 'Tell', llm: { system: 'Be kind.' } }, { sink: withoutRestart(reader) });
    assert.deepEqual(seen(outcome, reader), { answer: whole, text: whole, restarts: 0 });
    assert.deepEqual(attemptsOf(outcome), ['A: interrupted', 'B: interrupted', 'C: ok']);
    assert.deepEqual(asked.at(-1)?.messages, [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Tell' },
      { role: 'assistant', content: 'Once upon a' },
      { role: 'user', content: continueRequest },
    ]);
  });

  test('does so through stages that continue as well', async () => {
    const nodes = [fallback('root', 'continue', ['inner', 'C']), fallback('inner', 'continue', ['A', 'B'])];
    const flow = await start(nodes, { A: teller(1), B: teller(2), C: teller() });
    const reader = new Reader();
    const outcome = await ask(flow, 'root', { payload: 'Tell' }, { sink: reader });
    assert.deepEqual(seen(outcome, reader), { answer: whole, text: whole, restarts: 0 });
    assert.deepEqual(attemptsOf(outcome), ['inner / A: interrupted', 'inner / B: interrupted', 'C: ok']);
  });

  test('asks for the rest of the whole answer, where the stage that goes on breaks off too', async () => {
    const nodes = [fallback('root', 'continue', ['A', 'inner']), fallback('inner', 'continue', ['B', 'C'])];
    const flow = await start(nodes, { A: teller(1), B: teller(2), C: teller() });
    const reader = new Reader();
    const outcome = await ask(flow, 'root', { payload: 'Tell' }, { sink: reader });
    assert.deepEqual(seen(outcome, reader), { answer: whole, text: whole, restarts: 0 });
    assert.deepEqual(asked.at(-1)?.messages.slice(1), [{ role: 'assistant', content: 'Once upon a' }, { role: 'user', content: continueRequest }]);
  });

  test('gives a reader the rest also where other nodes say it, which give no tokens', async () => {
    const foreign = [{ id: 'foreign', type: 'test-answer', wires: [['return']] }, { id: 'return', type: 'llm-return', wires: [] }];
    const flow = await start([fallback('root', 'continue', ['A', 'foreign']), ...foreign], { A: teller(2) });
    const reader = new Reader();
    const outcome = await ask(flow, 'root', { payload: whole }, { sink: reader });
    assert.deepEqual(seen(outcome, reader), { answer: whole, text: whole, restarts: 0 });
  });

  test('keeps what was said where the stage that goes on starts over', async () => {
    const nodes = [fallback('root', 'continue', ['A', 'inner']), fallback('inner', 'restart', ['B', 'C'])];
    const flow = await start(nodes, { A: teller(1), B: teller(2), C: teller() });
    const reader = new Reader();
    const outcome = await ask(flow, 'root', { payload: 'Tell' }, { sink: reader });
    assert.deepEqual(seen(outcome, reader), { answer: whole, text: whole, restarts: 1 });
  });

  const tools = [{ type: 'function', function: { name: 'look' } }];
  const calling = [{ role: 'user', content: 'Tell' }, { role: 'assistant', content: null, tool_calls: [{ id: 'c', type: 'function', function: { name: 'look', arguments: '{}' } }] }, { role: 'tool', tool_call_id: 'c', content: 'seen' }];
  for (const [what, msg] of [['are offered', { payload: 'Tell', llm: { tools } }], ['were called', { payload: calling }]] as const) {
    test(`fails where tools ${what}`, async () => {
      const flow = await start([fallback('root', 'continue', ['A', 'B'])], { A: teller(2), B: teller() });
      const reader = new Reader();
      const outcome = await ask(flow, 'root', msg, { sink: reader });
      assert.deepEqual(seen(outcome, reader), { failure: 'interrupted', partial: 'Once upon', text: 'Once upon', restarts: 0 });
      assert.equal(asked.length, 1);
    });
  }
});

describe('A fallback that is to start over after the first token', () => {
  test('tells the reader, who then sees the next answer alone', async () => {
    const flow = await start([fallback('root', 'restart', ['A', 'B'])], { A: teller(2), B: teller() });
    const reader = new Reader();
    const outcome = await ask(flow, 'root', { payload: 'Tell' }, { sink: reader });
    assert.deepEqual(seen(outcome, reader), { answer: whole, text: whole, restarts: 1 });
    assert.deepEqual(asked.map(({ messages }) => messages), [[{ role: 'user', content: 'Tell' }], [{ role: 'user', content: 'Tell' }]]);
  });

  test('does so from deep inside', async () => {
    const pool = (id: string, member: string): FlowNode => ({ id, type: 'llm-pool', members: [{ name: member }], wires: [[], [member]] });
    const flow = await start([pool('root', 'middle'), pool('middle', 'inner'), fallback('inner', 'restart', ['A', 'B', 'C'])], { A: teller(2), B: teller(1), C: teller() });
    const reader = new Reader();
    const outcome = await ask(flow, 'root', { payload: 'Tell' }, { sink: reader });
    assert.deepEqual(seen(outcome, reader), { answer: whole, text: whole, restarts: 2 });
  });

  test('fails where the reader can take nothing back', async () => {
    const flow = await start([fallback('root', 'restart', ['A', 'B'])], { A: teller(2), B: teller() });
    const reader = new Reader();
    const outcome = await ask(flow, 'root', { payload: 'Tell' }, { sink: withoutRestart(reader) });
    assert.deepEqual(seen(outcome, reader), { failure: 'interrupted', partial: 'Once upon', text: 'Once upon', restarts: 0 });
    assert.equal(asked.length, 1);
  });

  test('takes the tokens at its own port back with a reset', async () => {
    const root = fallback('root', 'restart', ['A', 'B'], { stream: true, wires: [[], ['A'], ['B'], ['tokens']] });
    const flow = await start([root], { A: teller(2), B: teller() });
    const outcome = await ask(flow, 'root', { payload: 'Tell' });
    assert.ok(outcome.ok);
    const tokens = await flow.rest('tokens');
    const ids = tokens.map(({ parts }) => (parts as { id: string }).id);
    assert.deepEqual(tokens.map(({ payload, reset, complete }) => (reset ? 'reset' : complete ? 'complete' : payload)), ['Once', ' upon', 'reset', ...words, 'complete']);
    assert.deepEqual([new Set(ids.slice(0, 3)).size, new Set(ids.slice(3)).size, new Set(ids).size], [1, 1, 2]);
  });
});

test('A pool whose member breaks off after the first token fails, and the stage above decides', async () => {
  const pool: FlowNode = { id: 'pool', type: 'llm-pool', members: [{ name: 'A' }, { name: 'B' }], wires: [[], ['A'], ['B']] };
  const flow = await start([fallback('root', 'continue', ['pool', 'C']), pool], { A: teller(2), B: teller(), C: teller() });
  const reader = new Reader();
  const outcome = await ask(flow, 'root', { payload: 'Tell' }, { sink: reader });
  assert.deepEqual(seen(outcome, reader), { answer: whole, text: whole, restarts: 0 });
  assert.deepEqual(attemptsOf(outcome), ['pool / A: interrupted', 'C: ok']);
});
