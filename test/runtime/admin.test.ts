import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { after, before, beforeEach, describe, test } from 'node:test';
import type express from 'express';
import type { NodeAPI } from 'node-red';
import { LlmError } from '../../nodes/core/errors.ts';
import { type Connection, type ConnectionFields, type ConnectionOwner, registerConnection, registerTestable } from '../../nodes/runtime/connection.ts';
import { FakeTime } from '../support/fake-time.ts';
import { cancelled, scriptedProvider } from '../support/scripted-client.ts';

const createApp = createRequire(import.meta.url)('express') as typeof express;

/** A connection that notes how it is opened and what is asked of it. */
class NotedConnection implements Connection {
  static readonly opened: NotedConnection[] = [];
  readonly provider: Connection['provider'];
  readonly prices = { table: {} };
  readonly fields: ConnectionFields;
  readonly owner: ConnectionOwner;
  closed = 0;
  asked = Promise.withResolvers<void>();

  constructor(fields: ConnectionFields, owner: ConnectionOwner) {
    if (fields['url'] === 'wrong') throw new LlmError('invalid_request', 'The address is no URL.');
    this.provider = { ...scriptedProvider, url: String(fields['url'] ?? scriptedProvider.url) };
    this.fields = fields;
    this.owner = owner;
    NotedConnection.opened.push(this);
  }

  async test(signal: AbortSignal): Promise<string> {
    this.asked.resolve();
    if (this.fields['url'] === 'silent') return cancelled(signal);
    if (this.fields['url'] === 'refused') throw new LlmError('unavailable', 'Nothing listens.', { hint: 'Start it.' });
    return 'It works.';
  }

  models(): Promise<string[]> {
    return Promise.resolve(['small', 'large']);
  }

  async close(): Promise<void> {
    this.closed++;
  }
}

const saved: Record<string, object> = {
  mine: { type: 'noted-server', credentials: { apiKey: 'saved-key' }, connection: { provider: scriptedProvider } },
  broken: { type: 'noted-server', credentials: { apiKey: 'saved-key' } },
  other: { type: 'other-server', credentials: { apiKey: 'other-key' } },
  store: { type: 'noted-store', place: scriptedProvider.url, credentials: { password: 'saved-password', apiKey: 'none of its own' } },
  keyless: { type: 'noted-server' },
};

describe('The editor', () => {
  let server: Server;
  let url: string;
  let guards = 0;

  before(async () => {
    const app = createApp();
    app.use(createApp.json());
    const RED = {
      httpAdmin: app,
      auth: {
        needsPermission: (name: string) => {
          guards++;
          return (req: express.Request, res: express.Response, next: () => void) => {
            if (req.get('x-may') === name) next();
            else res.status(401).end();
          };
        },
      },
      nodes: { registerType: () => undefined, getNode: (id: string) => saved[id] },
    } as unknown as NodeAPI;
    const definition = { type: 'noted-server', open: (fields: ConnectionFields, owner: ConnectionOwner) => new NotedConnection(fields, owner) };
    registerConnection(RED, definition);
    registerConnection(RED, { ...definition, type: 'other-noted-server' });
    registerTestable(RED, { type: 'noted-store', secret: 'password', open: (fields, owner) => new NotedConnection(fields, owner) });
    assert.equal(guards, 1, 'the routes are there once for all types and deploys');
    server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  after(() => {
    server.closeAllConnections();
    server.close();
  });

  beforeEach(() => {
    NotedConnection.opened.length = 0;
  });

  /** Not by fetch, which goes by the clock that a test may have taken over. */
  async function post(path: string, body: string, may = 'llm.write'): Promise<{ status: number | undefined; json: unknown }> {
    const asked = request(url + path, { method: 'POST', headers: { 'content-type': 'application/json', 'x-may': may } });
    asked.end(body);
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    const text = await readText(answer);
    return { status: answer.statusCode, json: text && JSON.parse(text) };
  }

  async function ask(path: string, fields: object, { id = 'mine', type = 'noted-server' } = {}): Promise<unknown> {
    const { status, json } = await post(path, JSON.stringify({ type, id, fields }));
    assert.equal(status, 200);
    return json;
  }

  test('is told what answers at an address that is not saved yet', async () => {
    assert.deepEqual(await ask('/llm/test', { url: 'http://new.test', apiKey: '' }), { ok: true, message: 'It works.' });
    const [connection] = NotedConnection.opened;
    assert.equal(connection?.fields['url'], 'http://new.test');
    assert.deepEqual(connection.owner, { id: 'mine', name: '', type: 'noted-server', lasting: false });
    assert.deepEqual([NotedConnection.opened.length, connection.closed], [1, 1]);
  });

  test('is told which models there are', async () => {
    assert.deepEqual(await ask('/llm/models', {}), { ok: true, models: ['small', 'large'] });
    assert.equal(NotedConnection.opened[0]?.closed, 1);
  });

  test('is told what is wrong and what to do, and the connection is closed all the same', async () => {
    assert.deepEqual(await ask('/llm/test', { url: 'refused', apiKey: '' }), { ok: false, message: 'Nothing listens. Start it.' });
    assert.equal(NotedConnection.opened[0]?.closed, 1);
    assert.deepEqual(await ask('/llm/test', { url: 'wrong', apiKey: '' }), { ok: false, message: 'The address is no URL.' });
  });

  test('is told after ten seconds that there is no answer', async (t) => {
    const time = new FakeTime(t);
    const answer = ask('/llm/test', { url: 'silent', apiKey: '' });
    while (NotedConnection.opened.length === 0) await time.advance(0);
    await NotedConnection.opened[0]?.asked.promise;
    await time.advance(10_000);
    const { ok, message } = (await answer) as { ok: boolean; message: string };
    assert.equal(ok, false);
    assert.match(message, /^No answer from silent within 10\.0 s\. Check the address/);
    assert.equal(NotedConnection.opened[0]?.closed, 1);
  });

  test('uses the key that was typed, else the saved one of the same node', async () => {
    const keyOf = async (fields: object, id?: string) => {
      await ask('/llm/test', fields, { ...(id && { id }) });
      return NotedConnection.opened.at(-1)?.fields.apiKey;
    };
    assert.equal(await keyOf({ apiKey: 'typed-key' }), 'typed-key');
    assert.equal(await keyOf({ apiKey: '' }), '', 'the key was deleted');
    assert.equal(await keyOf({ apiKey: '__PWRD__' }), 'saved-key');
    assert.equal(await keyOf({}), 'saved-key');
    assert.equal(await keyOf({}, 'keyless'), undefined);
    assert.equal(await keyOf({}, 'no-such-node'), undefined);
    assert.equal(await keyOf({}, 'other'), undefined, 'the key of another kind of node goes nowhere');
  });

  test('uses a secret of another name in the same way, and for its own type alone', async () => {
    const passwordOf = async (fields: object, { id = 'store', type = 'noted-store' } = {}) => {
      await ask('/llm/test', fields, { id, type });
      return [NotedConnection.opened.at(-1)?.fields['password'], NotedConnection.opened.at(-1)?.fields.apiKey];
    };
    assert.deepEqual(await passwordOf({}), ['saved-password', undefined]);
    assert.deepEqual(await passwordOf({ password: '__PWRD__' }), ['saved-password', undefined]);
    assert.deepEqual(await passwordOf({ password: 'typed' }), ['typed', undefined]);
    assert.deepEqual(await passwordOf({}, { id: 'mine' }), [undefined, undefined]);
    assert.deepEqual(await passwordOf({}, { type: 'noted-server' }), [undefined, undefined], 'the password of a store goes to no server');
  });

  test('sends a saved key to the saved address alone', async () => {
    const { url } = scriptedProvider;
    const elsewhere = [{ url: 'http://evil.test' }, { url: `${url}/v1` }, { url: `${url}:81` }, { url: url.replace('http:', 'https:') }, { url: 'http://evil.test', apiKey: '__PWRD__' }];
    for (const path of ['/llm/test', '/llm/models']) {
      for (const fields of elsewhere) {
        const { ok, message } = (await ask(path, fields)) as { ok: boolean; message: string };
        assert.ok(!ok, JSON.stringify(fields));
        assert.match(message, /goes to no other\. Type the key once more, or deploy first\./);
        assert.equal(NotedConnection.opened.at(-1)?.closed, 1);
      }
      assert.deepEqual(((await ask(path, { url: 'http://new.test', apiKey: 'typed' })) as { ok: boolean }).ok, true);
      assert.deepEqual(((await ask(path, { url })) as { ok: boolean }).ok, true);
    }
    assert.ok(!((await ask('/llm/test', {}, { id: 'broken' })) as { ok: boolean }).ok, 'nobody knows where it may go');
    assert.ok(!((await ask('/llm/test', { url: 'http://evil.test' }, { id: 'store', type: 'noted-store' })) as { ok: boolean }).ok);
  });

  test('is heard from its own pages alone, and in JSON', async () => {
    const body = JSON.stringify({ type: 'noted-server', id: 'mine', fields: {} });
    const { host } = new URL(url);
    const statusOf = async (headers: Record<string, string>, path = '/llm/test') => {
      const asked = request(url + path, { method: 'POST', headers: { 'content-type': 'application/json', 'x-may': 'llm.write', ...headers } });
      asked.end(body);
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      answer.resume();
      return answer.statusCode;
    };
    for (const path of ['/llm/test', '/llm/models']) {
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', '', 'application/jsonp', 'text/plain; application/json']) assert.equal(await statusOf({ 'content-type': type }, path), 415, type);
      for (const headers of [{ origin: 'http://evil.test' }, { origin: 'null' }, { origin: 'http://127.0.0.1' }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site', origin: 'http://other.test' }]) assert.equal(await statusOf(headers as Record<string, string>, path), 403, JSON.stringify(headers));
    }
    assert.deepEqual(NotedConnection.opened, []);
    for (const headers of [{}, { origin: `http://${host}` }, { 'sec-fetch-site': 'same-origin', origin: 'https://editor.example.com' }, { 'content-type': 'application/json; charset=utf-8' }]) assert.equal(await statusOf(headers as Record<string, string>), 200);
  });

  test('is refused a question that is none', async () => {
    for (const body of ['', '{}', '[]', '{"type":"noted-server","id":"mine"}', '{"type":1,"id":"mine","fields":{}}', '{"type":"noted-server","id":"mine","fields":[]}']) {
      const { status, json } = await post('/llm/test', body);
      assert.deepEqual([status, (json as { ok: boolean }).ok], [400, false], body);
    }
    const { message } = (await ask('/llm/test', {}, { type: 'no-such-type' })) as { message: string };
    assert.match(message, /kind of config node is not known/);
    assert.deepEqual(NotedConnection.opened, []);
  });

  test('may ask only with the permission to write', async () => {
    for (const path of ['/llm/test', '/llm/models']) {
      const { status } = await post(path, JSON.stringify({ type: 'noted-server', id: 'mine', fields: {} }), 'llm.read');
      assert.equal(status, 401);
    }
    assert.deepEqual(NotedConnection.opened, []);
  });
});
