/** Where endpoints hang in Node-RED's HTTP server. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { NodeAPI } from 'node-red';
import type { Claim, Mounted } from '../../../nodes/runtime/http/places.ts';
import { nodeRedPlaces } from '../../../nodes/runtime/http/node-red-port.ts';

type App = NodeAPI['httpNode'];
const require = createRequire(import.meta.url);
const express = require('express') as (() => App) & { json(options: object): never };

interface Roots {
  admin?: string;
  nodes?: string;
}

/** Node-RED's two apps as it hangs them up: the admin API first, with its parser of bodies. */
async function startApps(t: TestContext, { admin = '/', nodes = '/' }: Roots = {}) {
  const [root, adminApp, httpNode] = [express(), express(), express()];
  // It would log the errors that it answers with.
  root.set('env', 'test');
  adminApp.use(express.json({ limit: '1kb' }));
  adminApp.post('/v1', (req, res) => void res.json({ admin: (req as { body?: unknown }).body }));
  adminApp.post('/v1/other', (req, res) => void res.json({ admin: (req as { body?: unknown }).body }));
  httpNode.get('/v1/hello', (_req, res) => void res.send('another node'));
  root.use(admin, adminApp);
  root.use(nodes, httpNode);
  const server = createServer(root);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const post = async (path: string, body: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url + path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
    return `${response.status} ${await response.text()}`;
  };
  const events = new EventEmitter();
  const RED = { httpNode, events, settings: {} } as unknown as NodeAPI;
  return { RED, url, post };
}

/** Says its name, the path that is left, and the size of the body that it got. Reads bodies below `/chat`. */
function hang(RED: NodeAPI, path: string, name = path): Claim {
  const mounted: Mounted = {
    handle: (req, res, rest) => {
      let size = 0;
      req.on('data', (piece: Buffer) => (size += piece.length));
      req.on('end', () => res.end(`${name} ${rest} ${size}`));
    },
    knows: () => false,
    readsBody: (rest) => rest.startsWith('/chat'),
    turnAway: (_req, res, rest, absence) => void res.writeHead(503).end(`${name} ${rest} ${absence}`),
  };
  return nodeRedPlaces(RED).claim(path, { owner: name, mounted, holdMs: 1_000, onTurn: () => undefined });
}

describe('An endpoint', () => {
  it('gets what is at its path and below it, and nothing else', async (t) => {
    const { RED, url, post } = await startApps(t);
    hang(RED, '/llm/v1');
    const get = async (path: string) => (await fetch(url + path)).text();
    assert.equal(await get('/llm/v1'), '/llm/v1  0');
    assert.equal(await get('/llm/v1/models?limit=5'), '/llm/v1 /models 0');
    assert.equal(await post('/llm/v1/chat?x=/llm/v1', '{}'), '200 /llm/v1 /chat 2');
    for (const path of ['/llm', '/llm/v10', '/x/llm/v1', '/']) assert.match(await get(path), /Cannot GET/);
    assert.equal(await get('/v1/hello'), 'another node');
  });

  it('has a path that no other takes over, until it gives it back', async (t) => {
    const { RED, post } = await startApps(t);
    const [first, second] = [hang(RED, '/v1', 'first'), hang(RED, '/v1', 'second')];
    RED.events.emit('flows:started', {});
    assert.deepEqual([first.isHeld, second.isHeld], [true, false]);
    assert.equal(await post('/v1/chat', ''), '200 first /chat 0');
    first.leave();
    assert.equal(await post('/v1/chat', ''), '200 second /chat 0');
    second.leave();
    assert.match(await post('/v1/chat', ''), /^404 /);
    hang(RED, '/v1', 'third');
    assert.equal(await post('/v1/chat', ''), '200 third /chat 0');
  });

  it('within the path of another gets what is its own', async (t) => {
    for (const order of [['/a', '/a/b'], ['/a/b', '/a']]) {
      await t.test(order.join(' then '), async (t) => {
        const { RED, url } = await startApps(t);
        for (const path of order) hang(RED, path);
        const get = async (path: string) => (await fetch(url + path)).text();
        assert.deepEqual([await get('/a/b/x'), await get('/a/b'), await get('/a/bb')], ['/a/b /x 0', '/a/b  0', '/a /bb 0']);
      });
    }
  });

  for (const roots of [{}, { nodes: '/api' }, { nodes: '/api/' }, { admin: '/admin' }, { admin: '/admin', nodes: '/admin/api' }] as Roots[]) {
    it(`reads its bodies itself, large or broken, with the roots ${JSON.stringify(roots)}`, async (t) => {
      const { RED, post } = await startApps(t, roots);
      hang(RED, '/v1');
      const path = `${(roots.nodes ?? '').replace(/\/$/, '')}/v1/chat`;
      assert.equal(await post(path, '{'), '200 /v1 /chat 1');
      assert.equal(await post(path, JSON.stringify('x'.repeat(100_000))), '200 /v1 /chat 100002');
    });
  }

  it('leaves the bodies of the admin API alone, at the same paths too', async (t) => {
    const { RED, post } = await startApps(t);
    hang(RED, '/v1');
    assert.equal(await post('/v1', '{"a":1}'), '200 {"admin":{"a":1}}');
    assert.equal(await post('/v1/other', '{"a":1}'), '200 {"admin":{"a":1}}');
    assert.match(await post('/v1/other', '{'), /^400/);
    assert.match(await post('/other', JSON.stringify('x'.repeat(100_000))), /^413/);
  });
});
