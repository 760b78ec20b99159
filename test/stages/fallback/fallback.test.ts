import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { echo, held, misconfigured, scriptedNode, StageFlow, tried } from '../../support/policies.ts';
import { fails } from '../../support/scripted-client.ts';

const fallback = { type: 'llm-fallback' };

describe('A fallback in the editor', () => {
  test('shows how many are under way, then who answered, and how fast', async (t) => {
    const stage = await StageFlow.start(t, { ...fallback, branches: [{ name: 'cloud' }] }, [held]);
    const asked = [stage.ask(), stage.ask()];
    const arrived = [await stage.arrival('a'), await stage.arrival('a')];
    assert.deepEqual(await stage.shown(), { fill: 'blue', shape: 'dot', text: '2 busy' });
    await stage.advance(1000);
    for (const msg of arrived) stage.comeBack(msg);
    await Promise.all(asked);
    assert.deepEqual(await stage.shown(), { fill: 'green', shape: 'dot', text: 'cloud 1.3 s' });
  });

  test('is yellow where the first branch did not answer', async (t) => {
    const stage = await StageFlow.start(t, fallback, [[fails('server')], echo]);
    await stage.ask();
    assert.deepEqual(await stage.shown(), { fill: 'yellow', shape: 'dot', text: 'B 0 ms' });
  });

  test('is yellow where a branch was skipped', async (t) => {
    const more = [{ ...echo, id: 'x', faultKind: 'server', breakerFailures: 1, wires: [] }];
    const stage = await StageFlow.start(t, fallback, ['x', echo], { more });
    for (let count = 0; count < 2; count++) await stage.ask();
    assert.deepEqual(await stage.shown(), { fill: 'yellow', shape: 'dot', text: 'B 0 ms' });
  });

  test('shows the kind of the last failure', async (t) => {
    const stage = await StageFlow.start(t, fallback, [[fails('server')], [fails('auth')]]);
    await stage.ask();
    assert.deepEqual(await stage.shown(), { fill: 'red', shape: 'ring', text: 'llm.kind.auth' });
  });
});

describe('A fallback with settings of its own', () => {
  test('takes what a hand-written flow may have', async (t) => {
    const branches = [null, { name: 7, timeoutMs: '50' }, { name: 'last ', timeoutMs: '' }];
    const stage = await StageFlow.start(t, { ...fallback, branches, afterFirstToken: '' }, [[fails('server')], held, echo]);
    const asked = stage.ask();
    await stage.arrival('b');
    await stage.advance(50);
    assert.deepEqual(tried(await asked), ['A server', 'B timeout', 'last ok']);
  });

  test('asks a branch of no wires, and goes on', async (t) => {
    const stage = await StageFlow.start(t, { ...fallback, branches: [{}, {}] }, [{ ...scriptedNode, scripts: [fails('server')] }]);
    const { error } = await stage.ask();
    assert.deepEqual(error?.cause.attempts?.map(({ branch, error: kind }) => `${branch} ${kind}`), ['A server', 'B misconfigured']);
    assert.match(error?.message ?? '', /The branch B is not wired\. Wire its port to a backend, or remove its row\./);
  });

  const many = Array.from({ length: 51 }, () => ({}));
  const wrong: Array<[string, object, RegExp]> = [
    ['without rows', { branches: [] }, /branches must be a list of at least one row\./],
    ['with an object for its rows', { branches: { 0: {} } }, /branches must be a list/],
    ['with 51 rows', { branches: many }, /branches must have at most 50 rows\./],
    ['with two rows of one name', { branches: [{ name: 'x' }, { name: 'x' }] }, /Two rows have the name x\./],
    ['with a kind of failure that there is not', { branches: [{ on: ['server', 'rain'] }] }, /A row leads on by a kind of failure that there is not\./],
    ['with null for the kinds', { branches: [{ on: null }] }, /A row leads on by a kind/],
    ['with a number for the kinds', { branches: [{ on: 503 }] }, /A row leads on by a kind/],
    ['with a negative time', { branches: [{ timeoutMs: -1 }] }, /timeoutMs must be a whole number from 0 to /],
    ['with a time that is none', { branches: [{}, { timeoutMs: 'soon' }] }, /timeoutMs must be a whole number/],
    ['with a way to go on that there is not', { afterFirstToken: 'repeat' }, /afterFirstToken must be one of fail, continue, restart\./],
  ];
  for (const [what, config, message] of wrong) {
    test(`${what} fails every message with what is wrong, and says that it is not set up`, async (t) => {
      const stage = await StageFlow.start(t, { ...fallback, ...config }, [echo]);
      for (let count = 0; count < 2; count++) {
        const { error } = await stage.ask();
        assert.equal(error?.code, 'misconfigured');
        assert.match(error.message, message);
        assert.match(error.message, /Open the node and correct it\./);
      }
      assert.deepEqual(await stage.shown(), misconfigured);
    });
  }
});
