import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import type express from 'express';
import type { NodeAPI } from 'node-red';
import { LlmError } from '../../nodes/core/errors.ts';
import { installServerRoutes } from '../../nodes/runtime/server-routes.ts';

const createApp = createRequire(import.meta.url)('express') as typeof express;

describe('What the editor asks of a server that is run here', () => {
  let server: Server;
  let url: string;
  const asked: string[] = [];
  const error = new LlmError('out_of_memory', 'It ran out of memory.', { hint: 'Use a smaller model.' });
  const run = {
    facts: { state: 'backoff', byHand: false, adopted: false, restarts: 2, pid: undefined, progress: undefined, crash: { reason: 'memory', error }, crashedAt: performance.now() - 60_000, lines: ['a', 'b'] },
    start: () => asked.push('start'),
    stop: () => Promise.resolve(asked.push('stop')),
    restart: () => asked.push('restart'),
  };
  const nodes: Record<string, unknown> = { server: { connection: { run } }, elsewhere: { connection: {} }, broken: {}, none: null };

  before(async () => {
    const app = createApp();
    const needsPermission = (name: string) => (req: express.Request, res: express.Response, next: () => void) => (req.get('x-may') === name ? next() : res.status(401).end());
    const RED = { httpAdmin: app, auth: { needsPermission }, nodes: { getNode: (id: string) => nodes[id] } } as unknown as NodeAPI;
    installServerRoutes(RED);
    installServerRoutes(RED);
    server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/llm/servers`;
  });
  after(() => server.close());
  beforeEach(() => void (asked.length = 0));

  const ask = (path: string, method = 'GET', may = 'llm.write') => fetch(`${url}/${path}`, { method, headers: { 'x-may': may, 'content-type': 'application/json' } });

  test('its state, why it crashed and the last lines of its log', async () => {
    const answer = await ask('server');
    const { crashedMsAgo, ...report } = (await answer.json()) as Record<string, unknown>;
    assert.ok(Number(crashedMsAgo) >= 60_000);
    assert.deepEqual(report, { ok: true, state: 'backoff', byHand: false, adopted: false, restarts: 2, problem: 'It ran out of memory. Use a smaller model.', lines: ['a', 'b'] });
  });

  test('to start, to stop and to start anew', async () => {
    for (const action of ['start', 'stop', 'restart']) assert.equal((await ask(`server/${action}`, 'POST')).status, 200);
    assert.deepEqual(asked, ['start', 'stop', 'restart']);
  });

  test('by no page of another site, and by no form', async () => {
    for (const headers of [{ origin: 'http://evil.test', 'content-type': 'application/json' }, { 'content-type': 'text/plain' }]) {
      assert.ok((await fetch(`${url}/server/stop`, { method: 'POST', headers: { 'x-may': 'llm.write', ...headers } })).status >= 400);
    }
    assert.deepEqual(asked, []);
  });

  test('nothing else, and only of a server that is run here', async () => {
    for (const action of ['kill', 'constructor', '__proto__', 'toString']) assert.equal((await ask(`server/${action}`, 'POST')).status, 404);
    for (const id of ['elsewhere', 'broken', 'none', 'unknown']) assert.equal((await ask(id)).status, 404);
    assert.equal((await ask('server/stop')).status, 404, 'to look does nothing');
    assert.deepEqual(asked, []);
  });

  test('only with the permission to write: a log may hold prompts', async () => {
    for (const [path, method] of [['server', 'GET'], ['server/stop', 'POST']] as const) assert.equal((await ask(path, method, 'llm.read')).status, 401);
    assert.deepEqual(asked, []);
  });
});
