/** A real llama-server that Node-RED runs: killed under load, killed with Node-RED, and started with what cannot work. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, describe, it, type TestContext } from 'node:test';
import registerEcho from '../../nodes/backends/echo/echo.ts';
import registerLlamaCpp from '../../nodes/backends/llamacpp/llamacpp.ts';
import { calls } from '../../nodes/runtime/calls.ts';
import type { ConnectionNode } from '../../nodes/runtime/connection.ts';
import registerFallback from '../../nodes/stages/fallback/fallback.ts';
import { freePort } from '../../scripts/port.ts';
import { Flow, type FlowMessage, type FlowNode } from '../support/flow.ts';
import { testFolder } from '../support/folder.ts';
import { findLlamaServer } from '../support/llama-server.ts';
import { startNodeRed } from '../support/node-red.ts';
import { identityOf } from '../support/supervised.ts';

const found = findLlamaServer();

describe('a real llama-server that Node-RED runs', { skip: typeof found === 'string' && found }, () => {
  assert.ok(typeof found !== 'string');
  const { binary, model } = found;
  let flow: Flow | undefined;

  const runOf = () => (flow?.node('server') as ConnectionNode | undefined)?.connection?.run;
  const facts = () => runOf()?.facts ?? assert.fail('It is not run here.');
  afterEach(async () => {
    await runOf()?.close(true);
    await flow?.end();
    flow = undefined;
  });

  const serverNode = (port: number, config: object = {}): FlowNode => ({
    id: 'server',
    type: 'llm-llamacpp-server',
    url: `http://127.0.0.1:${port}`,
    run: true,
    executable: binary,
    modelFile: model,
    threads: 1,
    contextSize: 2048,
    slots: 4,
    flashAttention: 'auto',
    gpuLayers: 0,
    extraArgs: '--override-kv\nllama.context_length=int:2048',
    healthIntervalMs: 0,
    ...config,
  });

  /** Its answers are the flow's own. */
  const alone = { wires: [['outcomes']] };

  async function start(t: TestContext, server: FlowNode, config: object = {}): Promise<Flow> {
    const nodes: FlowNode[] = [
      { id: 'fallback', type: 'llm-fallback', branches: [{ name: 'local' }, { name: 'echo' }], afterFirstToken: 'restart', wires: [['outcomes'], ['llama'], ['echo']] },
      { id: 'llama', type: 'llm-llamacpp', server: 'server', api: 'completion', temperature: 0, maxTokens: 60, retries: 0, breakerFailures: 0, wires: [[]], ...config },
      { id: 'echo', type: 'llm-echo', tokensPerSecond: 0, wires: [[]] },
      { id: 'catch', type: 'catch', scope: null, wires: [['failures']] },
      ...['outcomes', 'failures'].map((id) => ({ id, type: 'helper', wires: [] })),
      server,
    ];
    return (flow = await Flow.start([registerLlamaCpp, registerEcho, registerFallback], nodes, { settings: { userDir: testFolder(t).path } }));
  }

  it('loses no request of a fallback when it is killed with -9 under load, again and again, and comes back by itself', async (t) => {
    const running = await start(t, serverNode(await freePort()));
    await running.status('llama', 'llm.status.ready');
    const rounds = 3;
    const perRound = 24;
    const providers: string[] = [];
    const pids = new Set<number>();
    const answer = async () => {
      const { payload, completion } = await running.next('outcomes');
      assert.ok(payload);
      providers.push(completion?.provider ?? 'none');
    };
    for (let round = 0; round < rounds; round++) {
      const { pid = 0 } = facts();
      pids.add(pid);
      for (let request = 0; request < perRound; request++) running.send('fallback', { payload: `Once upon a time ${request}` });
      // Some have been answered, four stream, and the others wait in the server.
      for (let number = 0; number < 6; number++) await answer();
      process.kill(pid, 'SIGKILL');
      for (let number = 6; number < perRound; number++) await answer();
      const { error, server } = await running.next('failures');
      assert.deepEqual([error?.source.id, (server as { reason: string }).reason], ['server', 'killed']);
      await running.status('llama', 'llm.crash.killed');
      const release = await runOf()?.acquire(AbortSignal.timeout(30_000));
      release?.();
    }
    assert.equal(providers.length, rounds * perRound);
    assert.deepEqual([...new Set(providers)].sort(), ['echo', 'llamacpp']);
    assert.equal(pids.size, rounds);
    running.send('fallback', { payload: 'Once upon a time' });
    assert.equal((await running.next('outcomes')).completion?.provider, 'llamacpp', 'it answers again');
    assert.deepEqual([await running.rest('outcomes'), await running.rest('failures'), calls.size], [[], [], 0]);
  });

  it('alone, too, answers those that had no token when it was killed: they wait until it is back', async (t) => {
    const running = await start(t, serverNode(await freePort()), { retries: 2, retryBaseMs: 10, ...alone });
    await running.status('llama', 'llm.status.ready');
    for (let request = 0; request < 16; request++) running.send('llama', { payload: `Once upon a time ${request}` });
    const answers: FlowMessage[] = [await running.next('outcomes')];
    process.kill(facts().pid as number, 'SIGKILL');
    // The crash itself is told to the Catch node as well.
    const interrupted: FlowMessage[] = [];
    while (answers.length + interrupted.length < 16) {
      answers.push(...(await running.rest('outcomes')));
      interrupted.push(...(await running.rest('failures')).filter(({ error }) => error?.source.id === 'llama'));
    }
    for (const { error } of interrupted) assert.equal(error?.code, 'interrupted');
    assert.ok(interrupted.length <= 4, `${interrupted.length} of 4 slots`);
  });

  const broken: Array<[string, Record<string, unknown>, string, string]> = [
    ['a model file that is not there', { modelFile: '/no/such/model.gguf' }, 'model', 'unavailable'],
    ['a file that is no model', { modelFile: import.meta.filename }, 'model', 'unavailable'],
    ['an argument that it does not know', { extraArgs: '--no-such-argument' }, 'argument', 'unavailable'],
    ['a program that is not there', { executable: '/no/such/llama-server' }, 'executable', 'unavailable'],
  ];
  for (const [what, config, reason, kind] of broken) {
    it(`says why it does not start with ${what}`, async (t) => {
      const running = await start(t, serverNode(await freePort(), { maxRestarts: 0, ...config }));
      const { error, server } = await running.next('failures');
      assert.deepEqual([(server as { reason: string }).reason, error?.code], [reason, kind]);
      await running.status('llama', `llm.crash.${reason}`);
    });
  }

  it('says that its memory does not suffice', async (t) => {
    // A limit of the shell, for no machine must be filled up for it.
    const { path } = testFolder(t);
    const limited = `${path}/limited`;
    writeFileSync(limited, `#!/bin/bash\nulimit -v 400000\nexec "${binary}" "$@"\n`, { mode: 0o755 });
    const running = await start(t, serverNode(await freePort(), { executable: limited, contextSize: 200_000, slots: '', extraArgs: '', maxRestarts: 0 }));
    const { error, server } = await running.next('failures');
    assert.deepEqual([(server as { reason: string }).reason, error?.code], ['memory', 'out_of_memory']);
  });

  it('is not started at a port in use', async (t) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    t.after(() => other.close());
    const { port } = other.address() as { port: number };
    const running = await start(t, serverNode(port, { maxRestarts: 0 }));
    assert.equal(((await running.next('failures')).server as { reason: string }).reason, 'port');
  });

  it('starts with the first request and stops when nobody uses it', async (t) => {
    const running = await start(t, serverNode(await freePort(), { start: 'use', idleStopMinutes: 0.005 }), alone);
    running.send('llama', { payload: 'Once upon a time' });
    const { completion } = await running.next('outcomes');
    assert.equal(completion?.provider, 'llamacpp');
    const { pid } = facts();
    await running.status('llama', 'llm.status.stopped');
    while (facts().state !== 'stopped') await new Promise(setImmediate);
    assert.equal(identityOf(pid as number), undefined);
    running.send('llama', { payload: 'Once upon a time' });
    assert.ok((await running.next('outcomes')).payload);
  });

  it('is started with the key that requests are sent with', async (t) => {
    const port = await freePort();
    const nodeRed = await startNodeRed({
      flows: [
        { id: 'tab', type: 'tab', label: 'Key' },
        { id: 'llama', type: 'llm-llamacpp', z: 'tab', x: 100, y: 100, server: 'server', maxTokens: 4, wires: [[]] },
        { id: 'gate', type: 'llm-endpoint', z: 'tab', x: 100, y: 200, path: '/v1', models: [{ name: 'm', model: '' }], wires: [['llama']] },
        { ...serverNode(port), credentials: { apiKey: 'sk-local' } },
      ],
    });
    t.after(() => nodeRed.stop());
    const base = new URL(nodeRed.url).origin;
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hello' }] });
    const answer = await fetch(`${base}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    assert.equal(answer.status, 200, await answer.text());
    assert.equal((await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, { method: 'POST', body })).status, 401);
  });

  it('goes on when Node-RED is killed with -9, is taken over by the next, and ends with that one', async (t) => {
    const nodeRed = await startNodeRed({
      flows: [
        { id: 'tab', type: 'tab', label: 'Kill' },
        { id: 'llama', type: 'llm-llamacpp', z: 'tab', x: 100, y: 100, server: 'server', wires: [[]] },
        serverNode(await freePort()),
      ],
    });
    t.after(() => nodeRed.stop());
    const ready = async () => {
      for (;;) {
        const report = (await (await fetch(`${nodeRed.url}/llm/servers/server`)).json()) as { state: string; pid: number; adopted: boolean };
        if (report.state === 'ready') return report;
      }
    };
    const { pid } = await ready();
    t.after(() => identityOf(pid) && process.kill(pid, 'SIGKILL'));
    process.kill(nodeRed.pid as number, 'SIGKILL');
    await nodeRed.restart();
    const next = await ready();
    assert.deepEqual([next.pid, next.adopted], [pid, true]);
    process.kill(nodeRed.pid as number, 'SIGTERM');
    while (identityOf(pid)) await new Promise(setImmediate);
  });
});
