/** The config node's side of vLLM: health, the Test button, the list of models; for the current server and for the legacy one. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { VllmServer } from '../../../nodes/backends/vllm/server.ts';
import type { ConnectionFields } from '../../../nodes/runtime/connection.ts';
import { failureOf } from '../../support/requests.ts';
import { type Exchange, startServer, type TestServer } from '../../support/server.ts';

const { signal } = new AbortController();

function open(t: TestContext, fields: ConnectionFields): VllmServer {
  const connection = new VllmServer(fields, { id: 'server-1', name: '', type: 'llm-vllm-server', lasting: false });
  t.after(() => connection.close());
  return connection;
}

type Handle = (exchange: Exchange) => void | Promise<void>;

/** A server that answers at some paths, and everywhere else as FastAPI does. */
async function listen(t: TestContext, paths: Record<string, Handle>): Promise<TestServer> {
  const server = await startServer((exchange) => {
    const handle = paths[exchange.request.path];
    return handle ? handle(exchange) : exchange.json(404, { detail: 'Not Found' });
  });
  t.after(() => server.close());
  return server;
}

const healthy: Handle = (exchange) => exchange.text(200, '');
const card = (id: string, rest: object = { max_model_len: 131_072 }) => ({ id, object: 'model', created: 1, owned_by: 'vllm', root: id, parent: null, ...rest });
const lists = (...cards: object[]): Handle => (exchange) => exchange.json(200, { object: 'list', data: cards });
/** `/generate` takes POST alone. */
const legacyGenerate: Handle = (exchange) => exchange.json(405, { detail: 'Method Not Allowed' }, { allow: 'POST' });

describe('the Test button of a vLLM server', () => {
  it('tells the model and its context', async (t) => {
    const { url } = await listen(t, { '/health': healthy, '/v1/models': lists(card('meta-llama/Llama-3.1-8B-Instruct')) });
    assert.equal(await open(t, { url }).test(signal), 'vLLM is ready: model meta-llama/Llama-3.1-8B-Instruct, 131072 tokens of context.');
  });

  it('tells the first of several models, such as adapters', async (t) => {
    const { url } = await listen(t, { '/health': healthy, '/v1/models': lists(card('base'), card('sql-lora')) });
    assert.equal(await open(t, { url }).test(signal), 'vLLM is ready: model base (and 1 more), 131072 tokens of context.');
  });

  it('does without the context where the server does not say it', async (t) => {
    const { url } = await listen(t, { '/health': healthy, '/v1/models': lists(card('m', {})) });
    assert.equal(await open(t, { url }).test(signal), 'vLLM is ready: model m.');
  });

  it('takes an address that ends with /v1', async (t) => {
    const { url } = await listen(t, { '/health': healthy, '/v1/models': lists(card('m')) });
    assert.match(await open(t, { url: `${url}/v1/` }).test(signal), /model m/);
  });

  it('tells that it is the legacy server, and which API to choose, whether or not that has /health', async (t) => {
    for (const paths of [{ '/health': healthy, '/generate': legacyGenerate }, { '/generate': legacyGenerate }]) {
      const { url } = await listen(t, paths);
      assert.equal(
        await open(t, { url }).test(signal),
        'vLLM is ready: its legacy api_server, which has only /health and /generate. Choose the generate API in the node.',
      );
    }
  });

  it('tells that something else answers there', async (t) => {
    const { url } = await listen(t, { '/health': healthy });
    const { kind, message } = await failureOf(open(t, { url }).test(signal));
    assert.equal(kind, 'not_found');
    assert.equal(message, `What answers at ${url} is no vLLM server. Check the address.`);
  });

  it('tells that nothing listens, and what to start', async (t) => {
    const server = await listen(t, {});
    await server.close();
    const { kind, hint } = await failureOf(open(t, { url: server.url }).test(signal));
    assert.equal(kind, 'unavailable');
    assert.equal(hint, `Nothing listens on ${server.url}. Start vllm serve, or look at ${server.url}/health.`);
  });

  it('tells that the engine has died behind a server that still answers', async (t) => {
    const { url } = await listen(t, { '/health': (exchange) => exchange.text(503, '') });
    const { kind, status, message } = await failureOf(open(t, { url }).test(signal));
    assert.deepEqual([kind, status], ['unavailable', 503]);
    assert.match(message, /says that it is not healthy/);
  });

  it('tells that the key is missing or wrong: the health is public, the models are not', async (t) => {
    const paths = { '/health': healthy, '/v1/models': (exchange: Exchange) => exchange.json(401, { error: 'Unauthorized' }) };
    const { url, requests } = await listen(t, paths);
    const { kind, message } = await failureOf(open(t, { url, apiKey: 'sk-bad' }).test(signal));
    assert.equal(kind, 'auth');
    assert.equal(message, "vLLM refused the key (401). Check the API key in the node's server.");
    assert.equal(requests.at(-1)?.headers.authorization, 'Bearer sk-bad');
  });
});

describe('a vLLM server', () => {
  it('has the address of the node, else of the environment, else that of vllm serve', (t) => {
    const before = process.env['VLLM_URL'];
    t.after(() => (before === undefined ? delete process.env['VLLM_URL'] : (process.env['VLLM_URL'] = before)));
    delete process.env['VLLM_URL'];
    assert.equal(open(t, {}).provider.url, 'http://localhost:8000');
    process.env['VLLM_URL'] = 'http://gpu.lan:9000';
    assert.equal(open(t, {}).provider.url, 'http://gpu.lan:9000');
    assert.equal(open(t, { url: 'http://10.0.0.2:1/' }).provider.url, 'http://10.0.0.2:1');
  });

  it('lists its models by name, the legacy one none', async (t) => {
    const current = await listen(t, { '/v1/models': lists(card('base'), card('sql-lora')) });
    assert.deepEqual(await open(t, { url: current.url }).models(signal), ['base', 'sql-lora']);
    const legacy = await listen(t, { '/generate': legacyGenerate });
    assert.deepEqual(await open(t, { url: legacy.url }).models(signal), []);
  });

  it('is ready once it answers, and down where its engine has died', async (t) => {
    const ready = await listen(t, { '/health': healthy });
    assert.equal(await open(t, { url: ready.url }).checkHealth(signal), 'ready');
    const legacy = await listen(t, { '/generate': legacyGenerate });
    assert.equal(await open(t, { url: legacy.url }).checkHealth(signal), 'ready');
    const dead = await listen(t, { '/health': (exchange) => exchange.text(503, '') });
    await assert.rejects(open(t, { url: dead.url }).checkHealth(signal), { kind: 'unavailable' });
    const other = await listen(t, {});
    await assert.rejects(open(t, { url: other.url }).checkHealth(signal), { kind: 'not_found' });
  });
});
