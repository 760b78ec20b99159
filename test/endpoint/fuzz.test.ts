/** Whatever clients send: Node-RED lives on, the fault is theirs, and no answer tells what is nobody's business. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { hello, startEndpoint, type TestEndpoint } from '../support/endpoint.ts';

const key = 'sk-canary-key-5b1f';
const said = 'canary-prompt-77c2';
const paths = ['/chat/completions', '/completions', '/messages', '/models'];

function start(t: TestContext): Promise<TestEndpoint> {
  const echo = { id: 'echo', type: 'llm-echo', tokensPerSecond: 0, breakerFailures: 0, wires: [[]] };
  return startEndpoint(t, { nodes: [echo], keys: `ann: ${key}`, config: { models: [{ name: 'm', model: '' }], maxBodyKb: 64 } });
}

interface Sent {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | Buffer;
}

async function send({ port }: TestEndpoint, { method, path, headers, body }: Sent): Promise<{ status: number; text: string }> {
  const outgoing = request({ host: '127.0.0.1', port, method, path, headers: { ...headers, 'content-length': Buffer.byteLength(body) } });
  // A request that Node.js's parser refuses is answered before it is sent.
  outgoing.on('error', () => undefined);
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return { status: response.statusCode ?? 0, text };
}

/** The answer is one that a client can read, and blames nobody here. */
function check({ status, text }: { status: number; text: string }, sent: Sent): void {
  const about = `${JSON.stringify(sent)} gave ${status} ${text}`;
  assert.ok(status < 500, about);
  assert.doesNotMatch(text, /sk-canary|node:internal|node_modules|\.ts:\d|\.js:\d|\n\s+at |TypeError|RangeError/, about);
  if (status < 400) return;
  assert.ok(!text.includes(said), about);
  const { error } = JSON.parse(text) as { error?: { message?: unknown; type?: unknown } };
  assert.equal(typeof error?.message, 'string', about);
  assert.equal(typeof error?.type, 'string', about);
}

const words = fc.oneof(fc.string(), fc.constantFrom(said, '', '__proto__', 'constructor', 'toString', 'null'));
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  words,
  fc.constantFrom<unknown>(null, true, 0, -1, 1e308, [], {}, [null], [[]], [{}], { type: 'object' }),
);
const content = fc.oneof(words, fc.array(fc.oneof(anything, fc.record({ type: fc.constantFrom('text', 'image_url', 'image', 'tool_use', 'tool_result', 'thinking', 'x'), text: anything, image_url: anything, source: anything, id: anything, name: anything, input: anything, tool_use_id: anything, content: anything }, { requiredKeys: ['type'] }))), anything);
const message = fc.oneof(anything, fc.record({ role: fc.constantFrom('system', 'user', 'assistant', 'tool', 'developer', 'x'), content, name: anything, tool_calls: anything, tool_call_id: words }, { requiredKeys: ['role'] }));
const fields = fc.record(
  {
    model: fc.oneof(fc.constantFrom('m', 'other', said), anything), messages: fc.oneof(fc.array(message, { maxLength: 5 }), anything), prompt: anything, system: anything, max_tokens: fc.oneof(fc.constant(5), anything),
    max_completion_tokens: anything, temperature: anything, top_p: anything, stop: anything, stop_sequences: anything, seed: anything, n: fc.oneof(fc.constant(1), anything), stream: fc.oneof(fc.boolean(), anything),
    stream_options: anything, tools: anything, tool_choice: anything, response_format: anything, user: anything, logprobs: anything, __proto__: anything, constructor: anything, extra: anything, timeoutMs: anything,
  },
  { requiredKeys: [] },
);
/** One or two fields of a good request are anything. */
const nearlyGood = fc.tuple(fields, fc.array(fc.constantFrom('max_tokens', 'temperature', 'messages', 'stream', 'tools', 'tool_choice', 'system', 'stop', 'user', 'seed', 'response_format'), { maxLength: 2 })).map(([given, names]) => ({
  ...hello, prompt: undefined, max_tokens: 9,
  ...Object.fromEntries(names.map((name) => [name, given[name as keyof typeof given]])),
}));
const json = { 'content-type': 'application/json', authorization: `Bearer ${key}` };

test('Any body gets an answer in the client’s format, and is the client’s own fault', async (t) => {
  const endpoint = await start(t);
  const bodies = fc.oneof(
    { weight: 4, arbitrary: fc.oneof(fields, nearlyGood, anything).map((value) => JSON.stringify(value) ?? '') },
    { weight: 1, arbitrary: fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array().map((bytes) => Buffer.from(bytes)), fc.json().map((text) => text.slice(0, -1))) },
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths.slice(0, 3)), bodies, async (path, body) => {
      const sent: Sent = { method: 'POST', path: `/v1${path}`, headers: json, body };
      check(await send(endpoint, sent), sent);
    }),
    { numRuns: 1500 },
  );
});

test('Any headers, methods and paths get an answer in the client’s format', async (t) => {
  const endpoint = await start(t);
  const value = fc.string({ unit: fc.constantFrom(...Array.from({ length: 95 }, (_, at) => String.fromCodePoint(32 + at))), maxLength: 200 });
  const names = fc.constantFrom('authorization', 'x-api-key', 'x-request-id', 'content-type', 'accept', 'accept-encoding', 'origin', 'cookie', 'content-encoding', 'anthropic-version', 'range', 'if-none-match', 'x-http-method-override');
  const headers = fc.tuple(fc.dictionary(names, value), fc.boolean()).map(([given, isKnown]) => ({ ...given, ...(isKnown && { 'x-api-key': key, authorization: '' }) }));
  const rest = fc.oneof(fc.constant(''), fc.webPath(), fc.webQueryParameters().map((query) => `?${query}`), fc.constantFrom('/%', '/%E0%A4%A', '/%00', '/../..', '//', `/${'x'.repeat(4000)}`));
  const methods = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND');
  await fc.assert(
    fc.asyncProperty(methods, fc.constantFrom('', ...paths), rest, headers, async (method, path, more, given) => {
      const sent: Sent = { method, path: `/v1${path}${more}`, headers: given, body: method === 'GET' ? '' : JSON.stringify(hello) };
      const { status, text } = await send(endpoint, sent);
      // A path that ends elsewhere, such as /v1x, is not the endpoint's.
      if (!/^\/v1[/?]|^\/v1$/.test(sent.path)) return;
      check({ status, text }, sent);
      if (given['x-api-key'] !== key && given['authorization'] !== `Bearer ${key}`) assert.equal(status, 401);
    }),
    { numRuns: 1000 },
  );
});

test('Bytes that are no HTTP, or not the HTTP that they say, do no harm', async (t) => {
  const endpoint = await start(t);
  const lines = fc.array(fc.oneof(fc.string(), fc.constantFrom('Host: x', 'Content-Length: 5', 'Content-Length: -1', 'Content-Length: 99999999999', 'Transfer-Encoding: chunked', 'Expect: 100-continue', 'Upgrade: websocket', 'Connection: upgrade')), { maxLength: 6 });
  const bytes = fc.tuple(fc.constantFrom('POST /v1/chat/completions HTTP/1.1', 'POST /v1/messages HTTP/1.0', 'GET /v1/models HTTP/1.1', ''), lines, fc.string()).map(([first, more, body]) => [first, ...more, '', body].join('\r\n'));
  await fc.assert(
    fc.asyncProperty(bytes, async (sent) => {
      const socket = connect(endpoint.port, '127.0.0.1');
      socket.on('error', () => undefined);
      let received = '';
      socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
      socket.end(sent);
      await once(socket, 'close');
      assert.doesNotMatch(received, /HTTP\/1\.1 5|node:internal|\n\s+at /, sent);
    }),
    { numRuns: 300 },
  );
  const response = await endpoint.post('/chat/completions', hello, { headers: json });
  assert.equal(response.status, 200);
});
