/** What becomes of an endpoint's requests in a deploy: they wait for the new nodes, or are told to come again. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import { chat, errorIn, hello, startEndpoint, type TestEndpoint, whereItIs } from '../support/endpoint.ts';
import { step } from '../support/exchanges.ts';
import type { FlowNode } from '../support/flow.ts';
import { answers, finish, hangs, type Script, text } from '../support/scripted-client.ts';

const hi = answers([text('Hi')], [finish]);

/** Says half of the answer, and the rest when it may. */
function half(goOn: Promise<void>): Script {
  return async function* ({ onConnected }) {
    onConnected();
    yield [text('Half')];
    await goOn;
    yield [text(' whole'), finish];
  };
}

const renamed = (nodes: readonly FlowNode[], ...ids: string[]) => nodes.map((node) => (ids.length === 0 || ids.includes(node.id) ? { ...node, name: `${String(node['name'] ?? '')}+` } : node));

/** Resolves when a request with such a body has come to the server, its body unread. */
function beginPost({ port }: TestEndpoint, body: string, contentLength: number): { answer: Promise<IncomingMessage>; rest(text: string): void } {
  const req = request({ port, host: '127.0.0.1', method: 'POST', path: `/v1${chat}`, headers: { 'content-type': 'application/json', 'content-length': contentLength } });
  const answer = once(req, 'response').then(([res]) => res as IncomingMessage);
  req.write(body);

  return { answer, rest: (text) => void req.end(text) };
}

async function bodyOf(res: IncomingMessage): Promise<string> {
  let all = '';
  for await (const piece of res) all += String(piece);
  return all;
}

describe('A request that comes in a deploy', () => {
  for (const type of ['full', 'nodes'] as const) {
    it(`of type ${type} waits for the new nodes, while the answers that are under way end`, async (t) => {
      const goOn = step();
      const { post, flow, nodes } = await startEndpoint(t, { config: { heartbeatMs: 0 }, scripts: [half(goOn.promise), hi, hi, hi] });
      const stream = await post(chat, { ...hello, stream: true });
      const deployed = flow.deploy(renamed(nodes), type);
      const late = [post(chat, hello), post(chat, { ...hello, stream: true })];
      const models = fetch(`${new URL(stream.url).origin}/v1/models`);
      goOn.resolve();
      assert.match(await stream.text(), /"content":"Half"[^]+"content":" whole"[^]+\[DONE\]/);
      for (const response of [...(await Promise.all(late)), await models]) assert.equal(response.status, 200);
      await deployed;
      assert.equal((await post(chat, hello)).status, 200);
    });
  }

  it('that takes only its backend waits for the new one', async (t) => {
    const goOn = step();
    const { post, flow, nodes } = await startEndpoint(t, { config: { heartbeatMs: 0 }, scripts: [half(goOn.promise), hi] });
    const stream = await post(chat, { ...hello, stream: true });
    const deployed = flow.deploy(renamed(nodes, 'backend'));
    const late = post(chat, hello);
    goOn.resolve();
    assert.match(await stream.text(), /\[DONE\]/);
    const response = await late;
    assert.deepEqual([response.status, response.headers.get('x-llm-backend')], [200, 'Backend+']);
    await deployed;
  });

  it('is told to come again where it has waited long enough, in the form of its API', async (t) => {
    const goOn = step();
    const { post, flow, nodes } = await startEndpoint(t, { settings: { llm: { holdMs: 1 } }, config: { heartbeatMs: 0 }, scripts: [half(goOn.promise), hi] });
    const stream = await post(chat, { ...hello, stream: true });
    const deployed = flow.deploy(renamed(nodes), 'full');
    const late = await post(chat, hello);
    assert.deepEqual([late.status, late.headers.get('retry-after'), late.headers.get('retry-after-ms')], [503, '1', '1000']);
    assert.equal((await errorIn(late)).message, 'The flow is being deployed anew. Send the request again.');
    const anthropic = await post('/messages', {});
    assert.deepEqual([anthropic.status, ((await anthropic.json()) as { type: string }).type], [503, 'error']);
    goOn.resolve();
    await stream.text();
    await deployed;
  });

  it('does not wait for ever for a client that leaves', async (t) => {
    const goOn = step();
    const { post, flow, nodes, sockets } = await startEndpoint(t, { config: { heartbeatMs: 0 }, scripts: [half(goOn.promise), hi] });
    const stream = await post(chat, { ...hello, stream: true });
    const deployed = flow.deploy(renamed(nodes), 'full');
    const gone = new AbortController();
    const late = post(chat, hello, { signal: gone.signal });
    while (sockets.size < 2) await new Promise(setImmediate);
    gone.abort();
    await assert.rejects(late);
    goOn.resolve();
    await stream.text();
    await deployed;
    assert.equal((await post(chat, hello)).status, 200);
  });
});

describe('A request that a deploy finds', () => {
  it('waiting for its turn in a pool is handed on to the new nodes', async (t) => {
    const pool = { id: 'pool', type: 'llm-pool', members: [{ name: 'one', weight: 1, maxConcurrent: 1 }], maxQueued: 10, wires: [[], ['backend']] };
    const echo = { id: 'backend', type: 'llm-echo', tokensPerSecond: 0, delayMs: 300, wires: [[]] };
    const { post, flow, nodes } = await startEndpoint(t, { config: { heartbeatMs: 0 }, nodes: [pool, echo] });
    const asked = Array.from({ length: 5 }, () => post(chat, hello));
    await flow.status('pool', 'busy');
    const deployed = flow.deploy(renamed(nodes), 'full');
    for (const response of await Promise.all(asked)) assert.equal(response.status, 200, await response.text());
    await deployed;
  });

  it('in the middle of its body is read and answered all the same', async (t) => {
    const endpoint = await startEndpoint(t, { scripts: [hi, hi] });
    const { flow, nodes, post } = endpoint;
    const json = JSON.stringify(hello);
    const begun = beginPost(endpoint, json.slice(0, 10), json.length);
    // Another request that came later is through: the first has been seen.
    assert.equal((await post(chat, hello)).status, 200);
    await flow.deploy(renamed(nodes), 'full');
    begun.rest(json.slice(10));
    const answer = await begun.answer;
    assert.deepEqual([answer.statusCode, /"content":"Hi"/.test(await bodyOf(answer))], [200, true]);
  });

  it('and that lasts longer than the drain is told to come again', async (t) => {
    const { post, flow, nodes } = await startEndpoint(t, { settings: { llm: { drainMs: 0 } }, scripts: [hangs()] });
    const asked = post(chat, hello);
    await flow.status('backend', 'busy');
    await flow.deploy(renamed(nodes), 'full');
    const response = await asked;
    assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '1']);
    assert.match((await errorIn(response)).message, /deployed anew or stopped/);
  });
});

describe('An endpoint whose flow stops', () => {
  it('answers at once that it has, until it runs again', async (t) => {
    const goOn = step();
    const { post, flow } = await startEndpoint(t, { config: { heartbeatMs: 0 }, scripts: [half(goOn.promise), hi] });
    const stream = await post(chat, { ...hello, stream: true });
    const stopped = flow.stop();
    const refused = async () => {
      const response = await post(chat, hello);
      return [response.status, response.headers.get('retry-after'), (await errorIn(response)).message];
    };
    const expected = [503, '5', 'The flow has been stopped. Send the request again when it runs.'];
    assert.deepEqual(await refused(), expected);
    goOn.resolve();
    assert.match(await stream.text(), /\[DONE\]/);
    await stopped;
    assert.deepEqual(await refused(), expected);
    await flow.start();
    assert.equal((await post(chat, hello)).status, 200);
  });
});

describe('Of two endpoints whose paths begin a request’s', () => {
  it('the one answers that knows the rest', async (t) => {
    const inner = { id: 'inner', type: 'llm-endpoint', path: '/v1/chat', chat: false, ...whereItIs(), wires: [[]] };
    const echo = { id: 'echo', type: 'llm-echo', tokensPerSecond: 0, wires: [[]] };
    const { post, url } = await startEndpoint(t, { nodes: [echo, inner] });
    assert.equal((await post(chat, hello)).status, 200);
    assert.match((await errorIn(await post('/chat/chat/completions', hello))).message, /No flow stands behind/);
    assert.match(await (await fetch(`${url}/chat`)).text(), /<!doctype html>/i);
    assert.equal((await fetch(`${url}/chat/models`)).status, 200);
  });
});
