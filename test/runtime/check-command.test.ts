import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { delimiter } from 'node:path';
import { test } from 'node:test';
import { LlamaCppServer } from '../../nodes/backends/llamacpp/server.ts';
import { checkCommand } from '../../nodes/runtime/check-command.ts';
import { freePort } from '../../scripts/port.ts';
import { testFolder } from '../support/folder.ts';

test('a program is found by its path, or by its name in the PATH that it is started with', async (t) => {
  const folder = testFolder(t, 'model.gguf', 'bin/my-server');
  const program = folder.at('bin/my-server');
  chmodSync(program, 0o755);
  const env = { PATH: ['/no/such', '', folder.at('bin')].join(delimiter) };
  assert.equal(await checkCommand({ executable: program, args: [], env: {} }), program);
  assert.equal(await checkCommand({ executable: 'my-server', args: ['--model', folder.at('model.gguf')], env }), program);
  for (const executable of ['my-server', folder.at('model.gguf'), folder.at('none')]) {
    await assert.rejects(checkCommand({ executable, args: [], env: {} }), { kind: 'not_found', message: /is not there, or may not be run/ });
  }
  await assert.rejects(checkCommand({ executable: 'my-server', args: ['--model', folder.at('none.gguf')], env }), { kind: 'not_found', message: /model’s file is not there/ });
});

test('the Test button looks at the program and the model, and starts nothing', async (t) => {
  const program = testFolder(t, 'llama-server').at('llama-server');
  const fields = { url: `http://127.0.0.1:${await freePort()}`, run: true, executable: program };
  const connection = new LlamaCppServer(fields, { id: 'x', name: '', type: 'llm-llamacpp-server', lasting: false });
  t.after(() => connection.close());
  const { signal } = new AbortController();
  await assert.rejects(connection.test(signal), { kind: 'not_found' });
  chmodSync(program, 0o755);
  assert.match(await connection.test(signal), /llama-server is there\. The server is not running/);
  assert.equal(connection.run, undefined);
});
