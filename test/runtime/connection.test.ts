import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { NodeAPI } from 'node-red';
import { LlmError } from '../../nodes/core/errors.ts';
import { HealthMonitor } from '../../nodes/core/health.ts';
import { registerBackend } from '../../nodes/runtime/backend-node.ts';
import { asProblem, type Connection, registerConnection } from '../../nodes/runtime/connection.ts';
import { Flow, type FlowNode } from '../support/flow.ts';
import { answers, finish, hangs, type Script, scriptedProvider, ScriptedClient, text } from '../support/scripted-client.ts';

/** What happens to the connections, in order. */
const log: string[] = [];

interface TestConnection extends Connection {
  script: Script;
}

class NotedMonitor extends HealthMonitor {
  override stop(): void {
    log.push('no longer watched');
    super.stop();
  }
}

/** A config node whose backends do what the test says. */
function register(script: Script, check: () => Promise<'ready' | 'loading'> = () => Promise.resolve('ready')) {
  return (RED: NodeAPI): void => {
    registerConnection(RED, {
      type: 'test-backend-server',
      open: (fields): TestConnection => ({
        script,
        provider: scriptedProvider,
        prices: { table: {} },
        health: new NotedMonitor({ check, intervalMs: Number(fields['healthIntervalMs'] ?? 0), onChange: () => undefined }),
        test: () => Promise.resolve(''),
        models: () => Promise.resolve([]),
        close: async () => void log.push(`${String(fields['name'])} closed`),
      }),
    });
    registerBackend(RED, {
      type: 'test-backend',
      connection: 'server',
      client: (_config, connection: TestConnection) => new ScriptedClient(connection.script),
    });
  };
}

const nodes: FlowNode[] = [
  { id: 'server', type: 'test-backend-server', name: 'first' },
  { id: 'one', type: 'test-backend', server: 'server', wires: [['answers']] },
  { id: 'two', type: 'test-backend', server: 'server', wires: [['answers']] },
  { id: 'answers', type: 'helper', wires: [] },
  { id: 'catch', type: 'catch', scope: null, wires: [['failures']] },
  { id: 'failures', type: 'helper', wires: [] },
];

describe('A connection', () => {
  let flow: Flow;
  afterEach(async () => {
    await flow.end();
    log.length = 0;
  });

  test('is closed when all who use it have drained, and not before', async () => {
    const asked = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let count = 0;
    const held: Script = async function* () {
      const number = count++;
      asked[number]?.resolve();
      await gates[number]?.promise;
      log.push(`request ${number} ended`);
      yield [text('Hi'), finish];
    };
    flow = await Flow.start([register(held)], nodes);
    flow.send('one', { payload: 'Hello' });
    flow.send('two', { payload: 'Hello' });
    await Promise.all(asked.map(({ promise }) => promise));
    const stopped = flow.stop();
    await flow.rest('answers');
    assert.deepEqual(log, ['no longer watched']);
    gates[0]?.resolve();
    await flow.rest('answers');
    assert.deepEqual(log.slice(1), ['request 0 ended']);
    gates[1]?.resolve();
    await stopped;
    assert.deepEqual(log.slice(1), ['request 0 ended', 'request 1 ended', 'first closed']);
  });

  test('that nobody uses is closed at once', async () => {
    flow = await Flow.start([register(answers([finish]))], nodes.slice(0, 1));
    await flow.stop();
    assert.deepEqual(log, ['no longer watched', 'first closed']);
  });

  test('of a changed config node is closed and opened anew, with those who use it', async () => {
    flow = await Flow.start([register(answers([text('Hi'), finish]))], nodes);
    await flow.deploy(nodes.map((node) => (node.id === 'server' ? { ...node, name: 'second' } : node)));
    assert.deepEqual(log, ['no longer watched', 'first closed']);
    flow.send('one', { payload: 'Hello' });
    assert.equal((await flow.next('answers')).payload, 'Hi');
  });

  test('is not kept open by a backend whose own settings are wrong', async () => {
    const wrong = nodes.map((node) => (node.id === 'one' ? { ...node, retries: -1 } : node));
    flow = await Flow.start([register(answers([finish]))], wrong);
    await flow.stop();
    assert.deepEqual(log, ['no longer watched', 'first closed']);
  });

  test('shows the health of its server at its backends, until they go', async () => {
    let state: 'ready' | 'loading' = 'loading';
    const checks = () => Promise.resolve(state);
    const watched = nodes.map((node) => (node.id === 'server' ? { ...node, healthIntervalMs: 1 } : node));
    flow = await Flow.start([register(hangs(), checks)], watched);
    for (const id of ['one', 'two']) await flow.status(id, 'llm.status.loading');
    await flow.deploy(watched.filter(({ id }) => id !== 'one'));
    state = 'ready';
    await flow.status('two', 'llm.status.ready');
    assert.doesNotMatch(JSON.stringify(flow.statuses('one')), /ready/);
  });
});

test('what is wrong with settings is a failure of the request', () => {
  const own = new LlmError('not_found', 'No server.');
  assert.equal(asProblem(own), own);
  assert.deepEqual(asProblem(new RangeError('retries must be a whole number.')).cause, { kind: 'misconfigured', hint: 'Open the node and correct it.' });
  assert.equal(asProblem(new TypeError('canary')).kind, 'server');
  assert.doesNotMatch(asProblem(new TypeError('canary')).message, /canary/);
});
