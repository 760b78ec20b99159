/** What the editor's Test button says of a knowledge node. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import type express from 'express';
import { describe } from '../../../nodes/rag/knowledge/description.ts';
import type { Register } from '../../support/flow.ts';
import { cleanEnvironment } from '../../support/environment.ts';
import { ask, index, indexNodes, knowledgeNode, otter, pump, ragNodes, startKnowledge, titlesIn } from '../../support/knowledge.ts';

cleanEnvironment();

const createApp = createRequire(import.meta.url)('express') as typeof express;

/** The editor's side of the admin API, once the flow has started. */
function startAdmin(t: TestContext): { takeApp: Register; test: (body: object) => Promise<{ ok: boolean; message: string }> } {
  const app = createApp().use(createApp.json());
  const server = createServer(app as RequestListener).listen(0, '127.0.0.1');
  t.after(() => server.close());
  return {
    takeApp: (RED) => void app.use(RED.httpAdmin),
    test: async (body) => {
      if (!server.listening) await once(server, 'listening');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/llm/test`;
      const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', connection: 'close' }, body: JSON.stringify(body) });
      return (await response.json()) as { ok: boolean; message: string };
    },
  };
}

const type = 'llm-knowledge';

test('it says what a store holds, also while the store is used and in fields that are not deployed', async (t) => {
  const admin = startAdmin(t);
  const flow = await startKnowledge(t, [knowledgeNode, ...indexNodes(), ...ragNodes()], { register: [admin.takeApp] });
  await index(flow, { payload: [pump, otter] });
  for (const fields of [{ store: 'embedded', collection: 'knowledge', language: 'en' }, { language: 'de' }]) {
    const { ok, message } = await admin.test({ type, id: 'knowledge', fields });
    assert.ok(ok, message);
    assert.match(message, /^It holds 2 documents in 2 passages, no vectors, and takes \d+ KiB\.$/);
  }
  assert.match((await admin.test({ type, id: '', fields: { collection: 'other' } })).message, /^It is new/);
  assert.deepEqual(titlesIn(await ask(flow, { payload: 'How is the pump opened?' })), ['Pump'], 'the store goes on in its own language');
});

test('it says what is wrong, and never a password', async (t) => {
  const admin = startAdmin(t);
  await startKnowledge(t, [knowledgeNode], { register: [admin.takeApp] });
  const { ok, message } = await admin.test({ type, id: 'knowledge', fields: { store: 'postgres', url: 'postgres://me@127.0.0.1:1/x', password: 'canary-7c' } });
  assert.equal(ok, false);
  assert.doesNotMatch(message, /canary-7c/);
  assert.match((await admin.test({ type, id: 'knowledge', fields: { collection: '../x' } })).message, /^collection must begin/);
});

test('the words fit the figures', () => {
  assert.equal(describe({ documents: 1, passages: 1, bytes: 10 }), 'It holds 1 document in 1 passage, no vectors, and takes 1 KiB.');
  const model = { name: 'bge', dimensions: 384 };
  assert.equal(describe({ documents: 1_234, passages: 20_000, bytes: 3 * 2 ** 20, model }), 'It holds 1,234 documents in 20,000 passages, vectors of bge with 384 numbers, and takes 3.0 MiB.');
});
