import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { failureKinds, type FailureKind, policyFor } from '../../../nodes/core/errors.ts';
import { echo, held, scriptedNode, StageFlow, tried } from '../../support/policies.ts';
import { answers, breaks, fails, finish, hangs, text } from '../../support/scripted-client.ts';

const fallback = { type: 'llm-fallback' };
const fine = answers([text('Hi'), finish]);

describe('A fallback', () => {
  test('asks its first branch, and no other while that answers', async (t) => {
    const stage = await StageFlow.start(t, fallback, [[fine], [fine]]);
    for (let count = 0; count < 3; count++) assert.deepEqual(tried(await stage.ask()), ['A ok']);
    assert.equal(stage.requests('b').length, 0);
  });

  test('asks one after the other until one answers, each with the message as it came', async (t) => {
    const stage = await StageFlow.start(t, { ...fallback, branches: [{ name: 'cloud' }, { name: 'other' }, { name: 'edge' }, {}] }, [[fails('server')], held, echo, [fine]]);
    const asked = stage.ask({ topic: 'stories' });
    const arrived = await stage.arrival('b');
    assert.deepEqual([arrived.payload, arrived['topic']], ['Once upon a time', 'stories']);
    stage.comeBack(arrived, { statusCode: 503, topic: 'changed', payload: 'Busy' });
    const msg = await asked;
    assert.deepEqual([msg.payload, msg['topic'], tried(msg)], ['Once upon a time', 'stories', ['cloud server', 'other overloaded', 'edge ok']]);
  });

  test('that has tried all fails as the last one has, with all attempts as plain data', async (t) => {
    const stage = await StageFlow.start(t, fallback, [[fails('server')], [fails('rate_limit', { status: 429, retryAfterMs: 7000, hint: 'Wait.' })]]);
    const { error, payload } = await stage.ask();
    assert.deepEqual([payload, error?.code, error?.source.id], ['Once upon a time', 'rate_limit', 'stage']);
    const attempts = [
      { backend: 'llm-scripted', branch: 'A', outcome: 'failed', error: 'server', ms: 0 },
      { backend: 'llm-scripted', branch: 'B', outcome: 'failed', error: 'rate_limit', ms: 0 },
    ];
    assert.deepEqual(error?.cause, { kind: 'rate_limit', status: 429, provider: 'scripted', retryAfterMs: 7000, hint: 'Wait.', attempts });
    assert.deepEqual(structuredClone(error.cause), error.cause);
  });

  test('that fails after a reader has seen tokens gives the part that was seen', async (t) => {
    const stage = await StageFlow.start(t, { ...fallback, stream: true }, [[breaks('server', [text('Once')], [text(' upon')])], [fine]]);
    const { error } = await stage.ask();
    assert.deepEqual([error?.code, error?.cause.partial, error?.cause.attempts?.length], ['server', 'Once upon', 1]);
  });

  test('in a fallback names the branches from the outermost to the innermost', async (t) => {
    const more = [
      { id: 'inner', type: 'llm-fallback', branches: [{ name: 'one' }, { name: 'two' }], wires: [[], ['x'], ['y']] },
      { ...echo, id: 'x', name: 'Echo', faultKind: 'server', wires: [] },
      { ...echo, id: 'y', name: 'Echo', faultKind: 'auth', wires: [] },
    ];
    const stage = await StageFlow.start(t, fallback, ['inner', echo], { more });
    const msg = await stage.ask();
    assert.deepEqual(tried(msg), ['A / one server', 'A / two auth', 'B ok']);
    assert.deepEqual(msg.completion?.attempts.map(({ backend }) => backend), ['Echo', 'Echo', 'llm-echo']);
  });
});

describe('A kind of failure', () => {
  async function leadsOn(t: TestContext, kind: FailureKind, row: object): Promise<boolean> {
    const stage = await StageFlow.start(t, { ...fallback, branches: [row, {}] }, [[fails(kind)], [fine]]);
    const msg = await stage.ask();
    assert.equal(msg.error?.code, msg.completion ? undefined : kind);
    assert.equal(tried(msg)[0], `A ${kind}`);
    return msg.completion !== undefined;
  }

  for (const kind of failureKinds.filter((kind) => kind !== 'cancelled')) {
    const rows: Array<[string, object, boolean]> = [
      ['that does not choose', {}, policyFor(kind).nextBranch],
      ['that lets it pass', { on: [kind] }, true],
      ['that lets all others pass', { on: failureKinds.filter((other) => other !== kind) }, false],
    ];
    for (const [which, row, leads] of rows) {
      test(`such as ${kind} ${leads ? 'leads on' : 'does not lead on'} from a row ${which}`, async (t) => assert.equal(await leadsOn(t, kind, row), leads));
    }
  }

  test('leads nowhere from a row that lets none pass', async (t) => {
    assert.equal(await leadsOn(t, 'server', { on: [] }), false);
  });

  test('may stand in a row alone', async (t) => {
    assert.equal(await leadsOn(t, 'content_filter', { on: 'content_filter' }), true);
  });

  test('is judged by the row in which it came', async (t) => {
    const stage = await StageFlow.start(t, { ...fallback, branches: [{ on: ['server'] }, { on: ['auth'] }, {}] }, [[fails('server')], [fails('server')], [fine]]);
    const msg = await stage.ask();
    assert.deepEqual([tried(msg), msg.error?.code], [['A server', 'B server'], 'server']);
  });

  test('by which a branch says it was cancelled leads on, for nobody has gone away', async (t) => {
    const stage = await StageFlow.start(t, fallback, [[fails('cancelled')], [fine]]);
    assert.equal((await stage.ask()).payload, 'Hi');
  });
});

test('A branch whose backend is deployed anew meanwhile leads on', async (t) => {
  const stage = await StageFlow.start(t, fallback, [[hangs()], [fine]]);
  const asked = stage.ask();
  await stage.advance(0);
  const deployed = stage.flow.deploy(stage.nodes.map((node) => (node.id === 'a' ? { ...node, temperature: 1 } : node)));
  await stage.advance(1);
  await deployed;
  const msg = await asked;
  assert.deepEqual([msg.payload, tried(msg)], ['Hi', ['A cancelled', 'B ok']]);
});

describe('A branch that would turn the request away', () => {
  const tripped = { ...scriptedNode, breakerFailures: 1, breakerOpenMs: 5000, scripts: [fails('server'), fine] };

  test('is skipped while a later one is free, which is recorded', async (t) => {
    const stage = await StageFlow.start(t, fallback, [tripped, held]);
    for (const expected of [['A server', 'B ok'], ['A circuit_open', 'B ok']]) {
      const asked = stage.ask();
      stage.comeBack(await stage.arrival('b'));
      const msg = await asked;
      assert.deepEqual(tried(msg), expected);
    }
    assert.equal(stage.requests('a').length, 1);
    await stage.advance(5000);
    assert.deepEqual(tried(await stage.ask()), ['A ok'], 'it is asked first again as soon as it may be');
  });

  test('is skipped, too, where it is a pool whose members all rest after failures', async (t) => {
    const more = [
      { id: 'pool', type: 'llm-pool', members: [{}], breakerFailures: 1, wires: [[], ['x']] },
      { ...echo, id: 'x', name: 'Echo', faultKind: 'server', breakerFailures: 0, wires: [] },
    ];
    const stage = await StageFlow.start(t, fallback, ['pool', echo], { more });
    assert.deepEqual(tried(await stage.ask()), ['A / A server', 'B ok']);
    assert.deepEqual(tried(await stage.ask()), ['A circuit_open', 'B ok']);
  });

  test('is tried where no later one is free: the last one is never skipped', async (t) => {
    const stage = await StageFlow.start(t, fallback, [tripped, tripped]);
    assert.deepEqual(tried(await stage.ask()), ['A server', 'B server']);
    assert.deepEqual(tried(await stage.ask()), ['A circuit_open', 'B circuit_open']);
    const { error } = await stage.ask();
    assert.equal(error?.code, 'circuit_open');
    assert.match(error.message, /The breaker is open\./, 'the branch itself has said so');
  });

  test('is tried where its row does not let that pass', async (t) => {
    const stage = await StageFlow.start(t, { ...fallback, branches: [{ on: ['server'] }, {}] }, [tripped, [fine]]);
    assert.deepEqual(tried(await stage.ask()), ['A server', 'B ok']);
    const msg = await stage.ask();
    assert.deepEqual([tried(msg), msg.error?.code], [['A circuit_open'], 'circuit_open']);
  });
});
