/** An endpoint among the rest of Node-RED's HTTP: its parser of bodies, its roots, its deploys, other nodes. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cleanEnvironment } from '../support/environment.ts';
import { backends, endpoint, type Gateway, hello, node, startGateway } from '../support/gateway.ts';
import type { FlowNode } from '../support/node-red.ts';

cleanEnvironment();

const chat = '/v1/chat/completions';
const at = { z: 'tab', x: 100, y: 100 };
const tab = { id: 'tab', type: 'tab', label: 'Gateway' };

function func(id: string, code: string, wires: string[]): FlowNode {
  return { id, type: 'function', ...at, func: code, outputs: 1, libs: [], wires: [wires] };
}

async function errorIn(response: Response): Promise<{ message: string; code?: string; type: string }> {
  return ((await response.json()) as { error: { message: string; code?: string; type: string } }).error;
}

async function textOf(response: Response): Promise<string> {
  const { choices } = (await response.json()) as { choices: [{ message: { content: string } }] };
  return choices[0].message.content;
}

describe('An endpoint in Node-RED', () => {
  let gateway: Gateway;

  before(async () => {
    gateway = await startGateway(() => [
      endpoint('echo', 'echo'),
      endpoint('set', 'headers'),
      func('headers', "msg.headers = { 'x-flow': 'yes', 'content-length': 3, 'content-encoding': 'gzip' }; msg.statusCode = 203; return msg;", ['echo']),
      endpoint('worked', 'first'),
      node('first', 'llm-echo', { tokensPerSecond: 0, wires: [['shout']] }),
      func('shout', 'msg.payload = msg.payload.toUpperCase(); return msg;', ['return']),
      endpoint('foreign', 'say'),
      func('say', "msg.payload = 'From a function'; return msg;", ['return']),
      node('return', 'llm-return', { wires: [] }),
      { id: 'hello-in', type: 'http in', ...at, url: '/hello', method: 'post', wires: [['hello-out']] },
      { id: 'hello-out', type: 'http response', ...at, wires: [] },
    ]);
  });

  after(() => gateway?.stop());

  test('takes the client’s id for the request and gives it back, or gives it one', async () => {
    const idOf = async (id?: string) => (await gateway.post(`/echo${chat}`, { messages: hello }, id === undefined ? {} : { 'x-request-id': id })).headers.get('x-request-id');
    assert.equal(await idOf('mine-1'), 'mine-1');
    assert.match((await idOf()) ?? '', /^req-/);
    assert.match((await idOf('not mine')) ?? '', /^req-/);
    const refused = await gateway.post(`/echo${chat}`, '{', { 'x-request-id': 'mine-2' });
    assert.deepEqual([refused.status, refused.headers.get('x-request-id')], [400, 'mine-2']);
  });

  test('takes a body that is larger than Node-RED’s own bound', async () => {
    const content = 'x'.repeat(6 * 1024 * 1024);
    const response = await gateway.post(`/echo${chat}`, { messages: [{ role: 'user', content }] });
    assert.equal(response.status, 200);
    assert.equal((await textOf(response)).length, content.length);
    assert.equal((await gateway.post('/hello', { content })).status, 413, 'Other nodes keep the bound.');
  });

  test('answers a broken body in the client’s own format, whatever it is said to be', async () => {
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/json; charset=utf-16']) {
      const openai = await gateway.post(`/echo${chat}`, '{"messages":', { 'content-type': type });
      assert.equal(openai.status, 400);
      assert.deepEqual(await errorIn(openai), { message: 'The body is no JSON. It must be JSON in UTF-8.', type: 'invalid_request_error', param: null, code: 'invalid_request' });
      const anthropic = await gateway.post('/echo/v1/messages', '{"messages":', { 'content-type': type });
      assert.deepEqual(await anthropic.json(), { type: 'error', error: { type: 'invalid_request_error', message: 'The body is no JSON. It must be JSON in UTF-8.' } });
    }
    assert.equal((await gateway.post(`/echo${chat}`, JSON.stringify({ messages: hello }), { 'content-type': 'text/plain' })).status, 200);
  });

  test('says which methods a path takes', async () => {
    const response = await fetch(`${new URL(gateway.nodeRed.url).origin}/echo${chat}`);
    assert.deepEqual([response.status, response.headers.get('allow')], [405, 'POST']);
    assert.match((await errorIn(response)).message, /POST/);
  });

  test('gives the answer the status and the headers that the flow has set', async () => {
    const response = await gateway.post(`/set${chat}`, { messages: hello });
    assert.deepEqual([response.status, response.headers.get('x-flow'), response.headers.get('content-encoding')], [203, 'yes', null]);
    assert.equal(await textOf(response), 'Hello there');
  });

  test('hands on what the nodes behind a backend have made of its answer, streamed or not', async () => {
    assert.equal(await textOf(await gateway.post(`/worked${chat}`, { messages: hello })), 'HELLO THERE');
    const stream = await (await gateway.post(`/worked${chat}`, { messages: hello, stream: true })).text();
    assert.match(stream, /"content":"HELLO THERE"[^]+"finish_reason":"stop"[^]+\[DONE\]/);
  });

  test('streams the answer of nodes that give no tokens as one', async () => {
    const stream = await (await gateway.post(`/foreign${chat}`, { messages: hello, stream: true })).text();
    assert.match(stream, /"role":"assistant"[^]+"content":"From a function"[^]+"finish_reason":"stop"[^]+\[DONE\]/);
    assert.equal(await textOf(await gateway.post(`/foreign${chat}`, { messages: hello })), 'From a function');
  });

  test('leaves the paths beside it to other nodes', async () => {
    assert.equal((await gateway.post('/hello', { a: 1 })).status, 200);
    assert.equal((await gateway.post('/echo', { a: 1 })).status, 404);
  });
});

describe('A deploy', () => {
  let gateway: Gateway;
  const flows = (...nodes: FlowNode[]) => [tab, ...backends(gateway.providers), ...nodes];

  before(async () => {
    gateway = await startGateway(() => [endpoint('api', 'vllm')]);
  });

  after(() => gateway?.stop());

  test('waits for the answers that are under way, and others wait for the new endpoint', async () => {
    const begun = gateway.providers.nextHanging();
    const stream = await gateway.post(`/api${chat}`, { model: 'hang', messages: hello, stream: true });
    const hanging = await begun;
    const deployed = gateway.nodeRed.deploy(flows(endpoint('api', 'vllm')));
    const late = gateway.post(`/api${chat}`, { model: 'text', messages: hello });
    hanging.finish();
    assert.match(await stream.text(), /"finish_reason":"stop"[^]+\[DONE\]\n\n$/);
    assert.equal((await late).status, 200);
    await deployed;
  });

  test('of a second endpoint with the same path tells of it, and the first one goes on', async () => {
    await gateway.nodeRed.deploy(flows(endpoint('api', 'echo'), endpoint('second', 'vllm', { path: '/api/v1' })));
    assert.match(gateway.nodeRed.log(), /Another node has the path \/api\/v1\./);
    assert.equal(await textOf(await gateway.post(`/api${chat}`, { messages: hello })), 'Hello there');
  });

  test('without the endpoint frees its path, for another one too', async () => {
    await gateway.nodeRed.deploy(flows());
    assert.equal((await gateway.post(`/api${chat}`, { messages: hello })).status, 404);
    await gateway.nodeRed.deploy(flows(endpoint('new', 'echo', { path: '/api/v1' })));
    assert.equal((await gateway.post(`/api${chat}`, { messages: hello })).status, 200);
  });

  test('of an endpoint at one of the editor’s own paths locks nobody out', async () => {
    await gateway.nodeRed.deploy(flows(endpoint('flows', 'echo', { path: '/flows' })));
    await gateway.nodeRed.deploy(flows(endpoint('api', 'echo')));
    assert.equal((await gateway.post(`/api${chat}`, { messages: hello })).status, 200);
  });

  test('of wrong settings says what is wrong, and answers nobody', async () => {
    for (const [config, problem, status] of [[{ path: '/a b' }, /path must be something like/, 404], [{ maxBodyKb: 0 }, /maxBodyKb/, 404], [{ credentials: { keys: 'nonsense' } }, /line of the keys/, 503]] as const) {
      await gateway.nodeRed.deploy(flows(endpoint('api', 'echo', config)));
      assert.match(gateway.nodeRed.log(), problem);
      assert.equal((await gateway.post(`/api${chat}`, { messages: hello })).status, status);
    }
  });
});

for (const [name, settings, prefix] of [
  ['other roots', { httpNodeRoot: '/nodes', httpAdminRoot: '/admin' }, '/nodes'],
  ['one root within the other', { httpNodeRoot: '/red/api/', httpAdminRoot: '/red' }, '/red/api'],
  ['a small bound for bodies', { apiMaxLength: '10kb' }, ''],
] as const) {
  test(`With ${name}, an endpoint is where the other HTTP nodes are`, async (t) => {
    const gateway = await startGateway(() => [endpoint('echo', 'echo')], { settings }, prefix);
    t.after(() => gateway.stop());
    const content = 'x'.repeat(6 * 1024 * 1024);
    assert.equal((await textOf(await gateway.post(`/echo${chat}`, { messages: [{ role: 'user', content }] }))).length, content.length);
    assert.equal((await errorIn(await gateway.post(`/echo${chat}`, '{'))).code, 'invalid_request');
    assert.equal((await gateway.openai('/echo').chat.completions.create({ model: 'm', messages: hello })).choices[0]?.message.content, 'Hello there');
    if (prefix !== '') assert.equal((await fetch(`${new URL(gateway.nodeRed.url).origin}/echo${chat}`, { method: 'POST' })).status, 404);
  });
}
