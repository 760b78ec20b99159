import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { Cors } from '../../nodes/endpoint/cors.ts';
import { readOrigins } from '../../nodes/endpoint/settings.ts';

const page = 'https://chat.example.com';

/** What an endpoint with these origins answers; `went on` where it goes on to answer the request itself. */
async function ask(cors: string, method: string, headers: OutgoingHttpHeaders = {}): Promise<{ status: number; headers: Headers; body: string }> {
  const settings = new Cors(readOrigins(cors));
  const server = createServer((req, res) => {
    if (!settings.answers(req, res)) res.end('went on');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/`, { method, headers: headers as Record<string, string> });
    return { status: response.status, headers: response.headers, body: await response.text() };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** What a browser asks before a page may send a request with a key. */
function preflight(cors: string, origin: string, headers = 'authorization,content-type'): ReturnType<typeof ask> {
  return ask(cors, 'OPTIONS', { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': headers });
}

describe('Cross-origin requests', () => {
  test('get no header at all where nothing is set', async () => {
    for (const method of ['POST', 'OPTIONS']) {
      const { headers, body } = await ask('', method, { origin: page });
      assert.equal(body, 'went on');
      assert.deepEqual([...headers.keys()].filter((name) => /^access-control|^vary/.test(name)), []);
    }
  });

  test('of a listed origin are let in, and may read our headers', async () => {
    const { status, headers, body } = await ask(`https://other.example ${page}`, 'POST', { origin: page });
    assert.deepEqual([status, body], [200, 'went on']);
    assert.equal(headers.get('access-control-allow-origin'), page);
    assert.equal(headers.get('access-control-expose-headers'), 'x-request-id, x-llm-backend, x-llm-attempts, retry-after, retry-after-ms, x-should-retry');
    assert.equal(headers.get('vary'), 'Origin');
  });

  test('of another origin are not, and no cache mixes the two up', async () => {
    for (const origin of ['https://evil.example', 'https://chat.example.com.evil.example', 'http://chat.example.com', 'https://chat.example.com:8443', 'null', undefined]) {
      const { headers, body } = await ask(page, 'POST', origin === undefined ? {} : { origin });
      assert.equal(body, 'went on');
      assert.equal(headers.get('access-control-allow-origin'), null, origin);
      assert.equal(headers.get('vary'), 'Origin');
    }
  });

  test('of any origin are let in by *', async () => {
    const { headers } = await ask('*', 'POST', { origin: 'https://anywhere.example' });
    assert.equal(headers.get('access-control-allow-origin'), '*');
    assert.equal(headers.get('vary'), null);
  });

  test('may be asked about first', async () => {
    const { status, headers, body } = await preflight(page, page);
    assert.deepEqual([status, body], [204, '']);
    assert.equal(headers.get('access-control-allow-origin'), page);
    assert.equal(headers.get('access-control-allow-methods'), 'GET, POST');
    assert.equal(headers.get('vary'), 'Origin');
    assert.ok(Number(headers.get('access-control-max-age')) > 0);
  });

  test('may not, from another origin', async () => {
    const { status, headers } = await preflight(page, 'https://evil.example');
    assert.equal(status, 204);
    assert.deepEqual([...headers.keys()].filter((name) => name.startsWith('access-control')), []);
  });

  test('may have the headers that clients send, and no others', async () => {
    const asked = 'Authorization, X-Stainless-OS, x-stainless-retry-count, anthropic-dangerous-direct-browser-access, openai-project, cookie, x-other, x-stainless-(bad)';
    const { headers } = await preflight('*', page, asked);
    const allowed = (headers.get('access-control-allow-headers') ?? '').split(', ');
    for (const name of ['authorization', 'content-type', 'x-api-key', 'x-request-id', 'anthropic-version', 'anthropic-beta']) assert.ok(allowed.includes(name), name);
    for (const name of ['x-stainless-os', 'x-stainless-retry-count', 'anthropic-dangerous-direct-browser-access', 'openai-project']) assert.ok(allowed.includes(name), name);
    for (const name of ['cookie', 'x-other', 'x-stainless-(bad)']) assert.ok(!allowed.includes(name), name);
  });
});

describe('The setting for it', () => {
  for (const [given, origins] of [
    [undefined, []],
    ['', []],
    [' , ', []],
    ['*', ['*']],
    ['https://a.example,http://b.example:3000', ['https://a.example', 'http://b.example:3000']],
    ['https://a.example\n  https://a.example/', ['https://a.example']],
    ['HTTPS://A.Example:443', ['https://a.example']],
    ['tauri://localhost app://obsidian.md', ['tauri://localhost', 'app://obsidian.md']],
    ['http://[::1]:3000', ['http://[::1]:3000']],
  ] as const) {
    test(`${JSON.stringify(given)} are ${origins.length} origins`, () => assert.deepEqual(readOrigins(given), origins));
  }

  for (const given of ['chat.example.com', 'https://a.example/path', 'https://*.example.com', 'https://me:secret@a.example', 'https://', 'null', 'https://a.example:x', 'https://a.example?x']) {
    test(`${given} is refused`, () => assert.throws(() => readOrigins(given), /origins such as/));
  }
});
