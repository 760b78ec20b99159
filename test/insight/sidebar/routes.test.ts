/** What the sidebar asks of the runtime, with records of the test's own. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, test, type TestContext } from 'node:test';
import type express from 'express';
import type { NodeAPI } from 'node-red';
import { LlmError } from '../../../nodes/core/errors.ts';
import type { TrialLine } from '../../../nodes/insight/sidebar/api.ts';
import { installSidebarRoutes } from '../../../nodes/insight/sidebar/routes.ts';
import type { LlmMessage } from '../../../nodes/runtime/calls.ts';
import { announce, type Asking, type LlmNode } from '../../../nodes/runtime/llm-nodes.ts';
import { llmNodeOf } from '../../support/llm-node.ts';

const createApp = createRequire(import.meta.url)('express') as typeof express;
const identity = { id: 'mine', name: 'Mine', type: 'llm-echo' };
const usage = { inputTokens: 1, outputTokens: 2, estimated: false };
const completion = { text: 'Once upon.', backend: identity, model: 'tiny', usage, timing: { queuedMs: 0, totalMs: 12 } };

describe('The sidebar', () => {
  let server: Server;
  let url: string;
  let looks = 0;
  const kept = new Map<string, object>([['kept', { entry: 'mine', payload: [{ role: 'user', content: 'Hi' }], llm: { model: 'x' } }], ['of-a-gone-node', { entry: 'gone', payload: '', llm: {} }]]);
  const records = {
    look: () => void looks++,
    live: () => ({ nodes: [] }),
    requests: (after: number) => ({ last: after + 1, requests: [] }),
    trace: async (id: string) => (id === 'kept' ? { id } : id === 'said' ? { id, content: { prompt: 'secret' } } : undefined),
    replayOf: async (id: string) => kept.get(id),
  };

  before(async () => {
    const app = createApp();
    app.use(createApp.json());
    const needsPermission = (name: string) => (req: express.Request, res: express.Response, next: () => void) => (req.get('x-may')?.split(' ').includes(name) ? next() : res.status(401).end());
    const RED = { httpAdmin: app, auth: { needsPermission } } as unknown as NodeAPI;
    for (let count = 0; count < 2; count++) installSidebarRoutes(RED, records as unknown as Parameters<typeof installSidebarRoutes>[1]);
    server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/llm/`;
  });
  after(() => server.close());
  beforeEach(() => void (looks = 0));

  const get = (path: string, may = 'llm.read') => fetch(url + path, { headers: { 'x-may': may } });
  const post = (path: string, body: unknown, { may = 'llm.read llm.write llm.content', signal }: { may?: string; signal?: AbortSignal } = {}) =>
    fetch(url + path, { method: 'POST', body: JSON.stringify(body), headers: { 'x-may': may, 'content-type': 'application/json' }, ...(signal && { signal }) });
  const lines = async (response: Response) => (await response.text()).trim().split('\n').map((line) => JSON.parse(line) as TrialLine);

  /** A node that notes what it is asked, and answers as the test says. */
  function nodeThat(t: TestContext, answer: (how: Asking) => Promise<object>, more: Partial<LlmNode> = {}): LlmMessage[] {
    const asked: LlmMessage[] = [];
    const ask: LlmNode['ask'] = (msg, how) => {
      asked.push(msg);
      return { id: 'trial-1', answer: Promise.resolve().then(() => answer(how)) as Promise<LlmMessage> };
    };
    t.after(announce(llmNodeOf({ identity, ask, ...more })));
    return asked;
  }

  test('is told figures, requests and traces as they are now', async () => {
    assert.deepEqual(await (await get('live')).json(), { nodes: [] });
    assert.deepEqual(await (await get('requests?after=41')).json(), { last: 42, requests: [] });
    assert.deepEqual(await (await get('requests?after=x')).json(), { last: 1, requests: [] });
    const trace = await get('requests/kept');
    assert.deepEqual([await trace.json(), trace.headers.get('cache-control')], [{ id: 'kept' }, 'no-store']);
    assert.equal((await get('requests/other')).status, 404);
    assert.equal(looks, 5);
  });

  test('is told what was asked and answered with a right of its own alone', async () => {
    assert.deepEqual(await (await get('requests/said')).json(), { id: 'said', isContentHidden: true });
    assert.deepEqual(await (await get('requests/said', 'llm.read llm.write llm.content')).json(), { id: 'said', isContentHidden: true });
    for (const may of ['llm.read', 'llm.content', 'llm.read llm.write']) assert.equal((await get('requests/said/content', may)).status, 401, may);
    assert.deepEqual(await (await get('requests/said/content', 'llm.read llm.content')).json(), { id: 'said', content: { prompt: 'secret' } });
    assert.deepEqual(await (await get('requests/kept/content', 'llm.read llm.content')).json(), { id: 'kept' });
    assert.equal((await post('requests/kept/replay', {}, { may: 'llm.read llm.write' })).status, 401, 'its answer would tell');
  });

  test('acts for no page of another site, and for no form', async (t) => {
    const asked = nodeThat(t, () => Promise.resolve({ completion }), { trip: () => assert.fail('It was tripped.') });
    for (const [path, body] of [['try', { node: 'mine', prompt: 'Hi' }], ['requests/kept/replay', {}], ['nodes/mine/breaker', { trip: true }], ['nodes/mine/drain', { branch: 'a', drain: true }]] as const) {
      const act = (headers: Record<string, string>) => fetch(url + path, { method: 'POST', body: JSON.stringify(body), headers: { 'x-may': 'llm.read llm.write llm.content', ...headers } });
      assert.equal((await act({ 'content-type': 'text/plain' })).status, 415, path);
      assert.equal((await act({ 'content-type': 'application/json', origin: 'https://evil.test' })).status, 403, path);
    }
    assert.deepEqual(asked, []);
  });

  test('tries a node with a prompt and settings, and gets the answer as it comes', async (t) => {
    const asked = nodeThat(t, async ({ sink }) => {
      await sink.write([{ type: 'text', text: 'Twice' }]);
      await sink.restart?.();
      await sink.write([{ type: 'thinking', text: 'Hm.' }]);
      await sink.write([{ type: 'text', text: 'Once ' }, { type: 'text', text: 'upon.' }]);
      return { payload: 'Once upon.', completion };
    });
    const told = await lines(await post('try', { node: 'mine', prompt: 'Hello', llm: { temperature: 0 } }));
    assert.deepEqual(asked, [{ payload: 'Hello', llm: { temperature: 0 } }]);
    assert.deepEqual(told, [
      { type: 'begin', id: 'trial-1' },
      { type: 'text', text: 'Twice' },
      { type: 'restart' },
      { type: 'text', text: 'Once upon.' },
      { type: 'end', text: 'Once upon.', backend: 'Mine', model: 'tiny', usage, ms: 12 },
    ]);
  });

  test('is told why a node did not answer, and what to do', async (t) => {
    nodeThat(t, () => Promise.reject(new LlmError('auth', 'The key is wrong.', { hint: 'Check it.' })));
    assert.deepEqual((await lines(await post('try', { node: 'mine', prompt: '' }))).at(-1), { type: 'fail', error: 'auth', message: 'The key is wrong.', hint: 'Check it.' });
  });

  test('stops a request when it hangs up', async (t) => {
    const [begun, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<unknown>()];
    nodeThat(t, async ({ signal, sink }) => {
      await sink.write([{ type: 'text', text: 'Once' }]);
      begun.resolve();
      await once(signal, 'abort');
      ended.resolve(signal.reason);
      throw signal.reason as LlmError;
    });
    const stop = new AbortController();
    const response = await post('try', { node: 'mine', prompt: '' }, { signal: stop.signal });
    await begun.promise;
    stop.abort();
    assert.equal(((await ended.promise) as LlmError).kind, 'cancelled');
    await assert.rejects(response.text());
  });

  test('sends a request again through the node where it came in, if its content was kept', async (t) => {
    const asked = nodeThat(t, () => Promise.resolve({ payload: '', completion }));
    assert.equal((await lines(await post('requests/kept/replay', {}))).at(-1)?.type, 'end');
    assert.deepEqual(asked, [{ payload: [{ role: 'user', content: 'Hi' }], llm: { model: 'x' } }]);
    for (const id of ['other', 'of-a-gone-node']) {
      const refused = await post(`requests/${id}/replay`, {});
      assert.deepEqual([refused.status, typeof ((await refused.json()) as { message?: unknown }).message], [404, 'string']);
    }
  });

  test('trips and resets a breaker, and drains a member', async (t) => {
    const done: unknown[] = [];
    const trip = () => void done.push('trip');
    const reset = () => void done.push('reset');
    const drain = (member: string, isDrained: boolean) => member === 'A' && done.push([member, isDrained]) > 0;
    nodeThat(t, () => assert.fail(), { trip, reset, drain });
    for (const body of [{ trip: true }, { trip: false }]) assert.equal((await post('nodes/mine/breaker', body)).status, 204);
    for (const body of [{ branch: 'A', drain: true }, { branch: 'A', drain: false }]) assert.equal((await post('nodes/mine/drain', body)).status, 204);
    assert.deepEqual(done, ['trip', 'reset', ['A', true], ['A', false]]);
  });

  test('is refused what makes no sense', async (t) => {
    nodeThat(t, () => assert.fail());
    for (const body of [{}, { node: 'mine' }, { node: 1, prompt: '' }, { node: 'mine', prompt: '', llm: [] }, []]) assert.equal((await post('try', body)).status, 400);
    for (const [path, body] of [['breaker', { trip: true }], ['breaker', { trip: false }], ['drain', { branch: 'A', drain: true }]] as const) {
      assert.equal((await post(`nodes/mine/${path}`, body)).status, 400);
      assert.equal((await post(`nodes/other/${path}`, body)).status, 404);
    }
    assert.equal((await post('try', { node: 'other', prompt: '' })).status, 404);
  });

  test('of a person who may only read looks, and does nothing else', async (t) => {
    nodeThat(t, () => assert.fail(), { trip: () => assert.fail(), drain: () => assert.fail() });
    for (const path of ['live', 'requests', 'requests/kept']) assert.equal((await get(path)).status, 200);
    const deeds = { 'try': { node: 'mine', prompt: '' }, 'requests/kept/replay': {}, 'nodes/mine/breaker': { trip: true }, 'nodes/mine/drain': { branch: 'A', drain: true } };
    for (const [path, body] of Object.entries(deeds)) assert.equal((await post(path, body, { may: 'llm.read' })).status, 401);
    for (const path of ['live', 'requests', 'requests/kept']) assert.equal((await get(path, '')).status, 401);
    assert.equal(looks, 3);
  });
});
