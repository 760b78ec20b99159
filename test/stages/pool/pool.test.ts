import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { echo, held, misconfigured, StageFlow } from '../../support/policies.ts';
import { fails } from '../../support/scripted-client.ts';

const pool = { type: 'llm-pool' };

describe('A pool in the editor', () => {
  test('shows nothing until something happens', async (t) => {
    const stage = await StageFlow.start(t, pool, [echo]);
    assert.deepEqual(await stage.shown(), {});
  });

  test('shows how many are under way and how many wait', async (t) => {
    const stage = await StageFlow.start(t, { ...pool, members: [{ maxConcurrent: 2 }] }, [held]);
    for (let count = 0; count < 5; count++) void stage.ask();
    assert.deepEqual(await stage.shown(), { fill: 'blue', shape: 'dot', text: '2+3 busy' });
  });

  test('shows who answered last, and how fast', async (t) => {
    const stage = await StageFlow.start(t, { ...pool, members: [{ name: 'workstation' }] }, [held]);
    const asked = stage.ask();
    const arrived = await stage.arrival('a');
    await stage.advance(62);
    stage.comeBack(arrived);
    await asked;
    assert.deepEqual(await stage.shown(), { fill: 'green', shape: 'dot', text: 'workstati… 62 ms' });
  });

  test('is yellow where the answer took more than one attempt, and says how many are down', async (t) => {
    const stage = await StageFlow.start(t, { ...pool, breakerFailures: 1 }, [[fails('server')], held, held]);
    await stage.shown();
    const asked = stage.ask();
    const arrived = await stage.arrival('b');
    assert.deepEqual(await stage.shown(), { fill: 'blue', shape: 'dot', text: '1 busy · 1 of 3 down' });
    stage.comeBack(arrived);
    await asked;
    assert.deepEqual(await stage.shown(), { fill: 'yellow', shape: 'dot', text: 'B 250 ms · 1 of 3 down' });
  });

  test('says that a member is down before any request comes', async (t) => {
    const more = [{ ...echo, id: 'x', faultKind: 'server', breakerFailures: 1, wires: [] }];
    const stage = await StageFlow.start(t, pool, ['x', echo], { more });
    stage.flow.send('x', { payload: 'Hello' });
    assert.deepEqual(await stage.shown(), { fill: 'yellow', shape: 'ring', text: '1 of 2 down' });
  });

  test('shows the kind of the last failure', async (t) => {
    const stage = await StageFlow.start(t, pool, [[fails('auth')]]);
    await stage.ask();
    assert.deepEqual(await stage.shown(), { fill: 'red', shape: 'ring', text: 'llm.kind.auth' });
  });
});

describe('A pool with settings of its own', () => {
  test('names its members by their rows, and by letters where those have no name', async (t) => {
    const stage = await StageFlow.start(t, { ...pool, attempts: 4, members: [{ name: ' edge ' }, null, { name: '' }, 'row'] }, [[fails('auth')], [fails('auth')], [fails('auth')], [fails('auth')]]);
    const { error } = await stage.ask();
    assert.deepEqual(error?.cause.attempts?.map(({ branch }) => branch), ['edge', 'B', 'C', 'D']);
  });

  test('takes numbers as text, and empty ones for the defaults', async (t) => {
    const settings = { attempts: '1', timeoutMs: '', maxQueued: '2', queueTimeoutMs: '100', members: [{ weight: '2', maxConcurrent: '1' }] };
    const stage = await StageFlow.start(t, { ...pool, strategy: '', ...settings }, [held]);
    const asked = [stage.ask(), stage.ask()];
    await stage.advance(100);
    stage.comeBack(await stage.arrival('a'));
    const outcomes = await Promise.all(asked);
    assert.deepEqual(outcomes.map(({ error }) => error?.code), [undefined, 'shed']);
  });

  test('weighs a member as one where its row does not say', async (t) => {
    const stage = await StageFlow.start(t, { ...pool, strategy: 'weighted', members: [{ weight: 3 }, {}] }, [echo, echo]);
    const answers = await Promise.all(Array.from({ length: 8 }, () => stage.ask()));
    assert.equal(answers.filter(({ completion }) => completion?.backend.id === 'b').length, 2);
  });

  const many = Array.from({ length: 51 }, () => ({}));
  const wrong: Array<[string, object, RegExp]> = [
    ['with an empty list', { members: [] }, /members must be a list of at least one row\./],
    ['with a text for its rows', { members: '[{}]' }, /members must be a list/],
    ['with 51 rows', { members: many }, /members must have at most 50 rows\./],
    ['with two rows of one name', { members: [{ name: 'x' }, {}, { name: ' x' }] }, /Two rows have the name x\./],
    ['with a row that takes the letter of another', { members: [{}, { name: 'A' }] }, /Two rows have the name A\./],
    ['with a strategy that there is not', { strategy: 'fair' }, /strategy must be one of round-robin, weighted, /],
    ['with no attempts', { attempts: 0 }, /attempts must be a whole number from 1 to 20\./],
    ['with a negative weight', { members: [{ weight: -1 }] }, /weight must be a number from 0 to /],
    ['with a weight that is no number', { members: [{ weight: 'heavy' }] }, /weight must be a number/],
    ['with half a request at once', { members: [{ maxConcurrent: 0.5 }] }, /maxConcurrent must be a whole number/],
    ['with a negative queue', { maxQueued: -1 }, /maxQueued must be a whole number/],
    ['with a time that is none', { queueTimeoutMs: 'soon' }, /queueTimeoutMs must be a whole number/],
    ['with a list for a number', { timeoutMs: [5] }, /timeoutMs must be a whole number/],
    ['with a breaker that is none', { breakerFailures: true }, /breakerFailures must be a whole number/],
    ['with an expression that is none', { strategy: 'sticky', stickyBy: '(', stickyByType: 'jsonata' }, /stickyBy is no JSONata expression\./],
  ];
  for (const [what, config, message] of wrong) {
    test(`${what} fails every message with what is wrong, and says that it is not set up`, async (t) => {
      const stage = await StageFlow.start(t, { ...pool, ...config }, [echo]);
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
