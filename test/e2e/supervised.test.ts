/** A model server that a real Node-RED runs: what becomes of it when Node-RED is deployed to, ended and killed. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../scripts/port.ts';
import { testFolder } from '../support/folder.ts';
import { type FlowNode, startNodeRed, type TestNodeRed } from '../support/node-red.ts';
import { fakeLlamaServer, identityOf } from '../support/supervised.ts';

interface Started {
  nodeRed: TestNodeRed;
  nodes: FlowNode[];
  /** What the editor is told of the server. */
  readonly report: (action?: string) => Promise<{ state: string; pid: number; adopted: boolean; lines: string[] }>;
  /** Its process once it is ready; not the one that it runs `after`. */
  readonly ready: (after?: number) => Promise<number>;
}

async function start(t: TestContext, server: Record<string, unknown> = {}): Promise<Started> {
  const port = await freePort();
  const executable = fakeLlamaServer(testFolder(t).path);
  const nodes = [
    { id: 'tab', type: 'tab', label: 'Supervised' },
    { id: 'llama', type: 'llm-llamacpp', z: 'tab', x: 100, y: 100, server: 'server', wires: [[]] },
    { id: 'server', type: 'llm-llamacpp-server', url: `http://127.0.0.1:${port}`, run: true, executable, healthIntervalMs: 0, credentials: { environment: 'CHILD=1\nHF_TOKEN=hf-canary-17' }, ...server },
  ];
  const nodeRed = await startNodeRed({ flows: nodes });
  t.after(() => nodeRed.stop());
  const report: Started['report'] = async (action) => {
    const answer = await fetch(`${nodeRed.url}/llm/servers/server${action ? `/${action}` : ''}`, { method: action ? 'POST' : 'GET', headers: { 'content-type': 'application/json' } });
    return (await answer.json()) as Awaited<ReturnType<Started['report']>>;
  };
  const ready = async (after?: number) => {
    for (;;) {
      const { state, pid } = await report();
      if (state === 'ready' && pid !== after) {
        t.after(() => identityOf(pid) && process.kill(pid, 'SIGKILL'));
        return pid;
      }
      await delay(20);
    }
  };
  return { nodeRed, nodes, report, ready };
}

const gone = async (pid: number) => {
  while (identityOf(pid)) await delay(5);
};

test('the editor sees its state and its log, and starts and stops it', async (t) => {
  const { report, ready } = await start(t);
  const pid = await ready();
  // The log comes by another way than the answer that says that it is ready.
  while (!(await report()).lines.some((line) => line.includes('listening on port'))) await delay(20);
  await report('stop');
  await gone(pid);
  while ((await report()).state !== 'stopped') await delay(20);
  await report('start');
  const second = await ready();
  await report('restart');
  await gone(second);
  await ready(second);
});

test('a Node-RED that ends takes its server along, with the server’s children', async (t) => {
  const { nodeRed, report, ready } = await start(t);
  const pid = await ready();
  const child = Number(/child (\d+)/.exec((await report()).lines.join())?.[1]);
  assert.ok(identityOf(child));
  process.kill(nodeRed.pid as number, 'SIGTERM');
  await gone(pid);
  await gone(child);
});

test('the server of a Node-RED that was killed goes on, and the next Node-RED takes it over as it is', async (t) => {
  const { nodeRed, report, ready } = await start(t);
  const pid = await ready();
  process.kill(nodeRed.pid as number, 'SIGKILL');
  await nodeRed.restart();
  assert.equal(await ready(), pid);
  assert.equal((await report()).adopted, true);
});

test('where it is to run otherwise now, or not at all, the next Node-RED ends it', async (t) => {
  const { nodeRed, nodes, ready } = await start(t);
  const flowFile = join(nodeRed.userDir, 'flows.json');
  for (const change of [{ start: 'use', slots: 2 }, { run: false }]) {
    const pid = await ready();
    process.kill(nodeRed.pid as number, 'SIGKILL');
    const flows = JSON.parse(readFileSync(flowFile, 'utf8')) as FlowNode[];
    const changed = flows.map((node) => (node.id === 'server' ? { ...node, ...change } : node));
    writeFileSync(flowFile, JSON.stringify(changed));
    await nodeRed.restart();
    await gone(pid);
    await nodeRed.deploy(nodes);
  }
});
