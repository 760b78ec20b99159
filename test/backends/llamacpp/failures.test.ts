/** How requests to llama.cpp fail beyond what was recorded: older builds, cut streams, things that are no llama.cpp. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { LlamaCppClient } from '../../../nodes/backends/llamacpp/client.ts';
import { ModelServer } from '../../../nodes/core/model-server.ts';
import { backendOf, failureOf, requestOf } from '../../support/requests.ts';
import { type Exchange, startServer } from '../../support/server.ts';

const apis = ['chat', 'completion'] as const;
type Api = (typeof apis)[number];

/** A token as each API streams it. */
const token: Record<Api, string> = {
  chat: `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'Grüß' }, finish_reason: null }] })}\n\n`,
  completion: `data: ${JSON.stringify({ content: 'Grüß', stop: false })}\n\n`,
};

async function failure(t: TestContext, api: Api, handle: (exchange: Exchange) => void | Promise<void>) {
  const server = await startServer(handle);
  const http = new ModelServer({ id: 'llamacpp', label: 'llama.cpp', url: server.url }, undefined);
  t.after(async () => {
    await http.close();
    await server.close();
  });
  return failureOf(backendOf(new LlamaCppClient(http, { api, cachePrompt: true })).complete(requestOf('Hi')));
}

/** Sends a stream of these bytes and ends it well. */
function stream(bytes: string) {
  return (exchange: Exchange) => {
    exchange.startStream();
    exchange.end(bytes);
  };
}

for (const api of apis) {
  describe(`a ${api} with llama.cpp`, () => {
    it('is too long in the words of older builds too, which send a 500', async (t) => {
      const { kind, status } = await failure(t, api, (exchange) =>
        exchange.json(500, { error: { code: 500, message: 'Context size has been exceeded.', type: 'server_error' } }),
      );
      assert.deepEqual([kind, status], ['context_length', 500]);
    });

    it('fails with the error event in the middle of its stream, and with what came before', async (t) => {
      const event = 'data: {"error":{"code":500,"message":"Context size has been exceeded.","type":"server_error"}}\n\n';
      const { kind, status, partial } = await failure(t, api, stream(token[api] + event));
      assert.deepEqual([kind, status, partial], ['context_length', undefined, 'Grüß']);
    });

    it('fails with garbage in its stream, and with what came before', async (t) => {
      for (const garbage of ['data: <html>\n\n', 'data: {"content": "cut o', 'data: [1]\n\n']) {
        const { kind, partial } = await failure(t, api, stream(token[api] + garbage));
        assert.deepEqual([kind, partial], ['server', 'Grüß']);
      }
    });

    it('is not whole where its stream ends well without its last event', async (t) => {
      const { kind, partial } = await failure(t, api, stream(token[api]));
      assert.deepEqual([kind, partial], ['interrupted', 'Grüß']);
    });

    it('fails where no event comes at all', async (t) => {
      for (const nothing of ['', ':\n\n', '<html></html>']) {
        const { kind, partial } = await failure(t, api, stream(nothing));
        assert.deepEqual([kind, partial], ['server', undefined]);
      }
    });

    it('fails by an error object that comes as a success', async (t) => {
      const { kind } = await failure(t, api, (exchange) => exchange.json(200, { error: { message: 'Loading model', type: 'unavailable_error' } }));
      assert.equal(kind, 'overloaded');
    });

    it('fails as unavailable where the connection breaks before a token', async (t) => {
      const { kind } = await failure(t, api, (exchange) => exchange.reset());
      assert.equal(kind, 'unavailable');
    });
  });
}
