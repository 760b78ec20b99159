import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { startNodeRed, type TestNodeRed } from '../support/node-red.ts';

const page = 'https://chat.example.com';
const key = 'sk-laptop';
const body = JSON.stringify({ messages: [{ role: 'user', content: 'Hello there' }], stream: true });

describe('An endpoint below httpNodeRoot, behind httpNodeAuth, with keys and cors', () => {
  let nodeRed: TestNodeRed;
  let url: string;
  const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`;

  before(async () => {
    const at = { z: 'tab', x: 100, y: 100 };
    nodeRed = await startNodeRed({
      settings: { httpNodeRoot: '/api', httpNodeAuth: { user: 'me', pass: createHash('md5').update('secret').digest('hex') } },
      flows: [
        { id: 'tab', type: 'tab', label: 'Access' },
        { id: 'endpoint', type: 'llm-endpoint', ...at, cors: page, wires: [['echo']], credentials: { keys: `laptop: ${key}` } },
        { id: 'echo', type: 'llm-echo', ...at, tokensPerSecond: 0, wires: [[]] },
      ],
    });
    url = `${nodeRed.url}/api/v1/chat/completions`;
  });

  after(() => nodeRed?.stop());

  function ask(headers: Record<string, string>): Promise<Response> {
    return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', origin: page, ...headers }, body });
  }

  test('tells a browser beforehand what a page may do, without a key or a password', async () => {
    const response = await fetch(url, { method: 'OPTIONS', headers: { origin: page, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-api-key' } });
    assert.deepEqual([response.status, response.headers.get('access-control-allow-origin')], [204, page]);
  });

  test('lets the page read a stream, and a failure', async () => {
    const answer = await ask({ authorization: basic, 'x-api-key': key });
    assert.deepEqual([answer.status, answer.headers.get('access-control-allow-origin')], [200, page]);
    assert.match(await answer.text(), /"content":" there"/);
    const refused = await ask({ authorization: basic, 'x-api-key': 'sk-other' });
    assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [401, page]);
    assert.equal(((await refused.json()) as { error: { code: string } }).error.code, 'auth');
  });

  test('wants both the password and the key', async () => {
    assert.deepEqual([(await ask({ authorization: `Bearer ${key}` })).status, (await ask({ authorization: basic })).status], [401, 401]);
  });
});
