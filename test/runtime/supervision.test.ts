/** A server that Node-RED runs, as the flows see it. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import registerLlamaCpp from '../../nodes/backends/llamacpp/llamacpp.ts';
import registerEcho from '../../nodes/backends/echo/echo.ts';
import type { ConnectionNode } from '../../nodes/runtime/connection.ts';
import type { Supervision } from '../../nodes/runtime/supervision.ts';
import registerFallback from '../../nodes/stages/fallback/fallback.ts';
import { freePort } from '../../scripts/port.ts';
import { Flow, type FlowNode } from '../support/flow.ts';
import { testFolder } from '../support/folder.ts';
import { fakeLlamaServer, identityOf } from '../support/supervised.ts';

describe('A server that Node-RED runs', () => {
  let flow: Flow | undefined;
  let port: number;
  let executable: string;

  beforeEach(async () => {
    port = await freePort();
  });
  afterEach(async () => {
    await runOf()?.close(true);
    await flow?.end();
    flow = undefined;
  });

  const runOf = (id = 'server'): Supervision | undefined => (flow?.has(id) ? (flow.node(id) as ConnectionNode).connection?.run : undefined);
  const pidOf = () => runOf()?.facts.pid ?? assert.fail('It does not run.');
  const fake = (path: string) => fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);

  async function start(t: TestContext, server: Record<string, unknown> = {}, environment = '', more: FlowNode[] = []): Promise<Flow> {
    const { path } = testFolder(t);
    executable = fakeLlamaServer(path);
    const nodes: FlowNode[] = [
      { id: 'server', type: 'llm-llamacpp-server', name: 'mine', url: `http://localhost:${port}/v1`, run: true, executable, healthIntervalMs: 0, ...server },
      { id: 'llama', type: 'llm-llamacpp', server: 'server', retries: 0, wires: [['answers']] },
      { id: 'answers', type: 'helper', wires: [] },
      { id: 'catch', type: 'catch', scope: null, wires: [['failures']] },
      { id: 'failures', type: 'helper', wires: [] },
      { id: 'status', type: 'status', scope: null, wires: [['statuses']] },
      { id: 'statuses', type: 'helper', wires: [] },
      ...more,
    ];
    return (flow = await Flow.start([registerLlamaCpp, registerEcho, registerFallback], nodes, { credentials: { server: { environment } }, settings: { userDir: path } }));
  }

  /** The texts that a Status node gets of the server itself. */
  async function shown(running: Flow, last: string): Promise<string[]> {
    const texts: string[] = [];
    while (texts.at(-1) !== last) {
      const { status } = (await running.next('statuses')) as unknown as { status: { text?: string; source: { id: string } } };
      if (status.source.id === 'server' && texts.at(-1) !== status.text) texts.push(status.text ?? '');
    }
    return texts;
  }

  test('starts with the flows; the nodes that use it and Status nodes show how far it is', async (t) => {
    const running = await start(t, {}, 'HOLD=1');
    await running.status('llama', 'llm.status.loading');
    while (!(await fake(`/say?text=${'.'.repeat(40)}`)));
    await running.status('llama', '40 % loaded');
    await fake('/loaded');
    await running.status('llama', 'llm.status.ready');
    assert.deepEqual(await shown(running, 'llm.status.ready'), ['llm.status.starting', 'llm.status.loading', '40 % loaded', 'llm.status.ready']);
  });

  test('starts with the first request, which waits for it; nobody has to ask twice', async (t) => {
    const running = await start(t, { start: 'use' });
    await running.status('llama', 'llm.status.stopped');
    assert.equal(runOf()?.facts.pid, undefined);
    running.send('llama', { payload: 'Hello' });
    const { payload, completion } = await running.next('answers');
    assert.equal(payload, '0 1 2 3 4 ');
    assert.equal(completion?.attempts.length, 1);
  });

  test('keeps a request waiting within its own total time, and no timer of an attempt runs meanwhile', async (t) => {
    const running = await start(t, { start: 'use' }, 'HOLD=1', [
      { id: 'hurried', type: 'llm-llamacpp', server: 'server', retries: 0, connectTimeoutMs: 1, firstTokenTimeoutMs: 1, totalTimeoutMs: 100, wires: [['answers']] },
    ]);
    running.send('hurried', { payload: 'Hello' });
    const { error } = await running.next('failures');
    assert.match(error?.message ?? '', /No complete answer within 100 ms/);
  });

  test('tells Catch and Status nodes why it crashed, and answers again by itself', async (t) => {
    const running = await start(t);
    await running.status('llama', 'llm.status.ready');
    const first = pidOf();
    await fake('/exit?code=1&say=ggml_aligned_malloc:+insufficient+memory');
    const { error, server } = await running.next('failures');
    assert.deepEqual([error?.code, error?.source.id, error?.cause.kind], ['out_of_memory', 'server', 'out_of_memory']);
    assert.match(error?.message ?? '', /llama\.cpp ran out of memory \(exit code 1\)\. Use a smaller/);
    assert.deepEqual(server, { id: 'server', name: 'mine', state: 'backoff', reason: 'memory', restarts: 1, code: 1, signal: null });
    await running.status('llama', 'llm.crash.memory');
    assert.ok((await shown(running, 'llm.crash.memory')).includes('llm.status.ready'));
    running.send('llama', { payload: 'Hello' });
    assert.equal((await running.next('answers')).payload, '0 1 2 3 4 ');
    assert.notEqual(pidOf(), first);
  });

  test('that has been given up fails each request with the reason', async (t) => {
    const running = await start(t, { maxRestarts: 0, extraArgs: '--say\nerror: invalid argument: --bogus' }, 'EXIT=1');
    const { error, server } = await running.next('failures');
    assert.deepEqual([error?.source.id, (server as { reason: string }).reason], ['server', 'argument']);
    await running.status('llama', 'llm.crash.argument');
    running.send('llama', { payload: 'Hello' });
    const failed = await running.next('failures');
    assert.deepEqual([failed.error?.source.id, failed.error?.code], ['llama', 'unavailable']);
    assert.match(failed.error?.message ?? '', /does not take one of its arguments/);
  });

  test('hands requests on to the next branch of a fallback while it is loading, and gets them when it is ready', async (t) => {
    const running = await start(t, {}, 'HOLD=1', [
      { id: 'fallback', type: 'llm-fallback', branches: [{ name: 'local' }, { name: 'echo' }], wires: [['answers'], ['llama'], ['echo']] },
      { id: 'echo', type: 'llm-echo', tokensPerSecond: 0, wires: [[]] },
    ]);
    await running.status('llama', 'llm.status.loading');
    running.send('fallback', { payload: 'Hello' });
    assert.equal((await running.next('answers')).completion?.provider, 'echo');
    while (!(await fake('/loaded')));
    await running.status('llama', 'llm.status.ready');
    running.send('fallback', { payload: 'Hello' });
    assert.equal((await running.next('answers')).completion?.provider, 'llamacpp');
  });

  test('is started by the first request of a fallback too, which need not wait for it', async (t) => {
    const running = await start(t, { start: 'use', waitForStartMs: 0 }, '', [
      { id: 'fallback', type: 'llm-fallback', branches: [{ name: 'local' }, { name: 'echo' }], wires: [['answers'], ['llama'], ['echo']] },
      { id: 'echo', type: 'llm-echo', tokensPerSecond: 0, wires: [[]] },
    ]);
    running.send('fallback', { payload: 'Hello' });
    const { completion } = await running.next('answers');
    assert.deepEqual(completion?.attempts.map(({ branch, error }) => [branch, error]), [['local', 'overloaded'], ['echo', undefined]]);
    await running.status('llama', 'llm.status.ready');
  });

  test('is not touched by a deploy that leaves it as it is, and ended by one that takes it away', async (t) => {
    const running = await start(t);
    await running.status('llama', 'llm.status.ready');
    const pid = pidOf();
    const server = { id: 'server', type: 'llm-llamacpp-server', name: 'renamed', url: `http://127.0.0.1:${port}`, run: true, executable, healthIntervalMs: 0 };
    const llama = { id: 'llama', type: 'llm-llamacpp', server: 'server', wires: [[]] };
    await running.deploy([server, llama], 'full');
    assert.equal(pidOf(), pid);
    await running.deploy([{ id: 'llama', type: 'llm-echo', wires: [[]] }], 'full');
    while (identityOf(pid)) await delay(1);
  });

  test('has one address for itself: a second one at the same port is told so', async (t) => {
    const running = await start(t, {}, '', [
      { id: 'second', type: 'llm-llamacpp-server', url: `http://127.0.0.1:${port}`, run: true },
      { id: 'other', type: 'llm-llamacpp', server: 'second', wires: [[]] },
    ]);
    running.send('other', { payload: 'Hello' });
    const { error } = await running.next('failures');
    assert.match(error?.message ?? '', new RegExp(`Another node runs a server at port ${port}`));
  });

  test('has an address of this machine, or is none', async (t) => {
    const running = await start(t, { url: 'http://192.0.2.1:8080' });
    running.send('llama', { payload: 'Hello' });
    assert.match((await running.next('failures')).error?.message ?? '', /needs an http address of this machine/);
  });
});
