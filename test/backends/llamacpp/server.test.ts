/** The config node's side of llama.cpp: health, the Test button, the list of models. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { LlamaCppServer } from '../../../nodes/backends/llamacpp/server.ts';
import { bus, type HealthState } from '../../../nodes/core/events.ts';
import type { ConnectionFields } from '../../../nodes/runtime/connection.ts';
import { recorded } from '../../support/recorded.ts';
import { failureOf } from '../../support/requests.ts';
import { type Exchange, startServer, type TestServer } from '../../support/server.ts';

const { signal } = new AbortController();

function open(t: TestContext, fields: ConnectionFields, lasting = false): LlamaCppServer {
  const connection = new LlamaCppServer(fields, { id: 'server-1', name: 'Mine', type: 'llm-llamacpp-server', lasting });
  t.after(async () => {
    connection.health?.stop();
    await connection.close();
  });
  return connection;
}

async function listen(t: TestContext, handle: (exchange: Exchange) => void | Promise<void>): Promise<TestServer> {
  const server = await startServer(handle);
  t.after(() => server.close());
  return server;
}

/** Plays back the recording that stands for each path. */
function replays(names: Record<string, string>) {
  return (exchange: Exchange) => exchange.replay(recorded(names[exchange.request.path] ?? 'err_unknown_path').wire);
}

/** An address that nothing listens on: a server had it, and is gone. */
async function freeUrl(): Promise<string> {
  const server = await startServer(() => undefined);
  await server.close();
  return server.url;
}

describe('the Test button of a llama.cpp server', () => {
  it('tells the model, the slots and the context of a server that is ready', async (t) => {
    const { url } = await listen(t, replays({ '/health': 'health', '/props': 'props' }));
    assert.equal(await open(t, { url }).test(signal), 'llama.cpp is ready: model tiny-stories, 4 slots, 2048 tokens of context each.');
  });

  it('tells the file of a model that has no name of its own: newer builds name it by its path', async (t) => {
    const path = '/srv/models/qwen3-8b-q4.gguf';
    const props = { total_slots: 1, model_alias: path, model_path: path, default_generation_settings: { n_ctx: 512 } };
    const { url } = await listen(t, (exchange) => exchange.json(200, exchange.request.path === '/props' ? props : { status: 'ok' }));
    assert.equal(await open(t, { url }).test(signal), 'llama.cpp is ready: model qwen3-8b-q4.gguf, 1 slot, 512 tokens of context.');
  });

  it('takes an address that ends with /v1 or a slash', async (t) => {
    const { url } = await listen(t, replays({ '/health': 'health', '/props': 'props' }));
    for (const spelled of [`${url}/v1`, `${url}/v1/`, `${url}/`, ` ${url} `]) assert.match(await open(t, { url: spelled }).test(signal), /is ready/);
  });

  it('tells that the model is still loading', async (t) => {
    const { url } = await listen(t, replays({ '/health': 'loading_health_503' }));
    assert.equal(await open(t, { url }).test(signal), 'llama.cpp is there and still loads its model. Try again in a moment.');
  });

  it('tells that nothing listens, and what to start', async (t) => {
    const url = await freeUrl();
    const { kind, message } = await failureOf(open(t, { url }).test(signal));
    assert.equal(kind, 'unavailable');
    assert.equal(
      message,
      `llama.cpp cannot be reached (ECONNREFUSED). Nothing listens on ${url}. Start llama-server, or look at ${url}/health.`,
    );
  });

  it('tells that the key is missing or wrong: the health is public, the properties are not', async (t) => {
    const { url } = await listen(t, replays({ '/health': 'key_health_nokey', '/props': 'key_props_nokey' }));
    const { kind, message } = await failureOf(open(t, { url }).test(signal));
    assert.equal(kind, 'auth');
    assert.equal(message, "llama.cpp refused the key (401). Check the API key in the node's server.");
  });

  it('sends the key', async (t) => {
    const { url, requests } = await listen(t, replays({ '/health': 'health', '/props': 'props' }));
    await open(t, { url, apiKey: 'sk-good' }).test(signal);
    assert.deepEqual(requests.map(({ headers }) => headers.authorization), ['Bearer sk-good', 'Bearer sk-good']);
  });

  it('tells that something else answers there', async (t) => {
    const { url } = await listen(t, (exchange) => exchange.json(200, { status: 'ok' }));
    const { kind, message } = await failureOf(open(t, { url }).test(signal));
    assert.equal(kind, 'not_found');
    assert.equal(message, `What answers at ${url} is no llama.cpp server. Check the address.`);
  });

  it('refuses an address that is none', (t) => {
    for (const url of ['localhost:8080', 'ftp://localhost', 'http://me:secret@localhost:8080']) {
      assert.throws(() => open(t, { url }), { kind: 'misconfigured' });
    }
  });
});

describe('the address of a llama.cpp server', () => {
  it('comes from the node, else from the environment, else is that of llama-server', (t) => {
    const before = process.env['LLAMA_CPP_URL'];
    t.after(() => (before === undefined ? delete process.env['LLAMA_CPP_URL'] : (process.env['LLAMA_CPP_URL'] = before)));
    delete process.env['LLAMA_CPP_URL'];
    assert.equal(open(t, {}).provider.url, 'http://localhost:8080');
    process.env['LLAMA_CPP_URL'] = 'http://box.lan:9000/';
    assert.equal(open(t, { url: '' }).provider.url, 'http://box.lan:9000');
    assert.equal(open(t, { url: 'http://10.0.0.2:1' }).provider.url, 'http://10.0.0.2:1');
  });
});

describe('the models of a llama.cpp server', () => {
  it('are listed by name', async (t) => {
    const { url } = await listen(t, replays({ '/v1/models': 'v1_models' }));
    assert.deepEqual(await open(t, { url }).models(signal), ['tiny-stories']);
  });

  it('cost nothing where the user gives no prices', (t) => {
    const { prices } = open(t, {});
    assert.deepEqual(prices, { table: {}, otherwise: { input: 0, output: 0 } });
  });

  it('cost what the user says', (t) => {
    const { prices } = open(t, { prices: '{"*": {"input": 1, "output": 2}}' });
    assert.deepEqual(prices.table, { '*': { input: 1, output: 2 } });
  });
});

describe('the health of a llama.cpp server', () => {
  /** The states as they change, taken one by one. */
  function states(t: TestContext): () => Promise<HealthState> {
    const seen: HealthState[] = [];
    let wake = () => {};
    t.after(
      bus.on('health', ({ connection, provider, state }) => {
        assert.deepEqual([connection, provider], [{ id: 'server-1', name: 'Mine', type: 'llm-llamacpp-server' }, 'llamacpp']);
        seen.push(state);
        wake();
      }),
    );
    return async () => {
      while (seen.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return seen.shift() as HealthState;
    };
  }

  it('goes from down over loading to ready, stays ready while it is asked again, and goes down with the server', async (t) => {
    const next = states(t);
    const url = await freeUrl();
    const connection = open(t, { url, healthIntervalMs: 1 }, true);
    assert.equal(connection.health?.state, 'unknown');
    assert.equal(await next(), 'down');

    let answer = 'loading_health_503';
    let asked = () => {};
    const server = await startServer(async (exchange) => {
      await exchange.replay(recorded(answer).wire);
      asked();
    }, Number(new URL(url).port));
    t.after(() => server.close());
    assert.equal(await next(), 'loading');
    answer = 'health';
    assert.equal(await next(), 'ready');
    for (let times = 0; times < 3; times++) await new Promise<void>((resolve) => (asked = resolve));
    assert.equal(connection.health?.state, 'ready');

    await server.close();
    assert.equal(await next(), 'down');
  });

  it('is told to who uses the server, until it unsubscribes', async (t) => {
    const next = states(t);
    const { url } = await listen(t, replays({ '/health': 'health' }));
    const connection = open(t, { url, healthIntervalMs: 1 }, true);
    const told: HealthState[] = [];
    connection.health?.subscribe((state) => told.push(state));
    connection.health?.subscribe(() => told.push('unknown'))();
    assert.equal(await next(), 'ready');
    assert.deepEqual(told, ['ready']);
  });

  it('counts every other failure as down', async (t) => {
    const next = states(t);
    const { url } = await listen(t, (exchange) => exchange.json(500, {}));
    open(t, { url, healthIntervalMs: 1 }, true);
    assert.equal(await next(), 'down');
  });

  it('is good where the question gets no answer in time and other requests do: all threads of the server have these in hand', async (t) => {
    for (const [answers, expected] of [[true, 'ready'], [false, 'down']] as const) {
      const [asked, streaming] = [Promise.withResolvers<void>(), Promise.withResolvers<Exchange>()];
      const { url } = await listen(t, async (exchange) => {
        if (exchange.request.path === '/health') asked.resolve();
        else {
          exchange.startStream();
          streaming.resolve(exchange);
        }
        await exchange.closed;
      });
      const connection = open(t, { url });
      const { body } = await connection.http.get('/completion', { signal });
      const reader = body[Symbol.asyncIterator]();
      const patience = new AbortController();
      const health = connection.checkHealth(patience.signal).catch(() => 'down');
      await asked.promise;
      if (answers) {
        await (await streaming.promise).write('a token');
        await reader.next();
      }
      patience.abort(new Error('That took too long.'));
      assert.equal(await health, expected);
      await reader.return?.();
    }
  });

  it('is not asked where the interval is zero, nor for a connection that only tests', async (t) => {
    const { url, requests } = await listen(t, replays({ '/health': 'health', '/v1/models': 'v1_models' }));
    const never = open(t, { url, healthIntervalMs: 0 }, true);
    const passing = open(t, { url, healthIntervalMs: 1 }, false);
    // The first check would be sent at once, before the list of models is asked for.
    await never.models(signal);
    await passing.models(signal);
    assert.deepEqual(requests.map(({ path }) => path), ['/v1/models', '/v1/models']);
    assert.equal(passing.health, undefined);
    assert.equal(never.health?.state, 'unknown');
  });

  it('refuses an interval that is no number', (t) => {
    assert.throws(() => open(t, { healthIntervalMs: 'often' }), RangeError);
  });
});
