/** A real vLLM that Node-RED runs, by the command line that its node makes. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { vllm, vllmModel } from '../../scripts/backends/installed.ts';
import { freePort } from '../../scripts/port.ts';
import { testFolder } from '../support/folder.ts';
import { startNodeRed } from '../support/node-red.ts';
import { identityOf } from '../support/supervised.ts';
import { onCoreOfItsOwn, vllmEnvironment, vllmProblem } from '../support/vllm-server.ts';

test('a real vLLM that Node-RED runs starts with the first request, answers it, and ends with Node-RED', { skip: vllmProblem() ?? false, timeout: 400_000 }, async (t) => {
  const executable = `${testFolder(t).path}/vllm`;
  writeFileSync(executable, `#!/bin/sh\nexec ${onCoreOfItsOwn().join(' ')} "${vllm}" "$@"\n`, { mode: 0o755 });
  const url = `http://127.0.0.1:${await freePort()}`;
  const place = { z: 'tab', x: 100 };
  const nodeRed = await startNodeRed({
    flows: [
      { id: 'tab', type: 'tab', label: 'vLLM' },
      { id: 'gate', type: 'llm-endpoint', ...place, y: 100, path: '/v1', models: [{ name: 'm', model: '' }], wires: [['model']] },
      { id: 'model', type: 'llm-vllm', ...place, y: 200, server: 'server', model: 'tiny', maxTokens: 4, wires: [[]] },
      {
        id: 'server',
        type: 'llm-vllm-server',
        url,
        run: true,
        start: 'use',
        executable,
        model: vllmModel,
        dtype: 'float32',
        maxModelLen: 1_024,
        maxNumSeqs: 4,
        extraArgs: '--enforce-eager\n--served-model-name\ntiny',
        waitForStartMs: 300_000,
        credentials: { apiKey: 'sk-local', environment: Object.entries(vllmEnvironment).map((variable) => variable.join('=')).join('\n') },
      },
    ],
  });
  t.after(() => nodeRed.stop());
  const report = async () => (await (await fetch(`${nodeRed.url}/llm/servers/server`)).json()) as { state: string; pid: number; lines: string[] };
  assert.equal((await report()).state, 'stopped');

  const ask = () => fetch(`${new URL(nodeRed.url).origin}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Once upon a time' }] }) });
  const answer = await ask();
  const { state, pid, lines } = await report();
  t.after(() => identityOf(pid) && process.kill(-pid, 'SIGKILL'));
  assert.equal(answer.status, 200, `${await answer.clone().text()}\n${lines.join('\n')}`);
  const { usage } = (await answer.json()) as { usage: { completion_tokens: number } };
  assert.deepEqual([state, usage.completion_tokens], ['ready', 4]);
  assert.equal((await fetch(`${url}/v1/models`)).status, 401, 'It was started with the key.');

  process.kill(nodeRed.pid as number, 'SIGTERM');
  while (isGroupAlive(pid)) await new Promise(setImmediate);
  assert.equal(identityOf(pid), undefined);
});

/** vLLM is several processes. */
function isGroupAlive(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}
