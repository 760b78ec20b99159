/** The endpoint's node: what goes into the flow, what comes out of it, and what becomes of requests when something goes wrong. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { calls } from '../../nodes/runtime/calls.ts';
import { chat, errorIn, hello, startEndpoint, whereItIs } from '../support/endpoint.ts';
import { settled } from '../support/fake-time.ts';
import { opened } from '../support/port.ts';
import { step } from '../support/exchanges.ts';
import { answers, breaks, cancelled, fails, finish, hangs, text } from '../support/scripted-client.ts';

const hi = answers([text('Hi')], [finish]);

describe('A request', () => {
  it('goes into the flow as a prompt with its settings, the model behind its name, and the name of its key', async (t) => {
    const nodes = [
      { id: 'look', type: 'function', func: 'msg.payload = JSON.stringify({ payload: msg.payload, llm: msg.llm }); return msg;', outputs: 1, libs: [], wires: [['return']] },
      { id: 'return', type: 'llm-return', wires: [] },
    ];
    const { post } = await startEndpoint(t, { nodes, config: { models: [{ name: 'small', model: 'm-1' }, { name: 'any', model: '' }] }, keys: 'ann: sk-a\nbob: sk-b' });
    const seen = async (body: object) => {
      const response = await post(chat, { ...hello, ...body }, { headers: { 'x-api-key': 'sk-b' } });
      const { model, choices } = (await response.json()) as { model: string; choices: [{ message: { content: string } }] };
      return { model, ...(JSON.parse(choices[0].message.content) as object) };
    };
    const payload = hello.messages;
    assert.deepEqual(await seen({ model: 'small', max_tokens: 5, user: 'u' }), { model: 'small', payload, llm: { maxTokens: 5, user: 'u', openai: { user: 'u' }, model: 'm-1', client: 'bob' } });
    assert.deepEqual(await seen({ model: 'any' }), { model: 'any', payload, llm: { client: 'bob' } });
  });

  it('gets the status and the headers that the flow sets', async (t) => {
    const code = "msg.payload = 'Hi'; msg.statusCode = 201; msg.headers = { 'x-mine': 1, 'content-length': 7, 'x-request-id': 'other', trailer: 'x' }; return msg;";
    const nodes = [{ id: 'set', type: 'function', func: code, outputs: 1, libs: [], wires: [['echo']] }, { id: 'echo', type: 'llm-echo', tokensPerSecond: 0, wires: [[]] }];
    const { post } = await startEndpoint(t, { nodes });
    const response = await post(chat, hello, { headers: { 'x-request-id': 'mine' } });
    assert.deepEqual([response.status, response.headers.get('x-mine'), response.headers.get('x-request-id')], [201, '1', 'mine']);
    assert.match(await response.text(), /"content":"Hi"/);
  });

  it('is told who answered, unless that is switched off', async (t) => {
    for (const tellBackend of [undefined, false]) {
      await t.test(String(tellBackend), async (t) => {
        const { post } = await startEndpoint(t, { scripts: [hi], config: { tellBackend } });
        const response = await post(chat, hello);
        const told = tellBackend === false ? [null, null] : ['Backend', '1'];
        assert.deepEqual([response.headers.get('x-llm-backend'), response.headers.get('x-llm-attempts')], told);
        assert.equal('llm' in ((await response.json()) as object), tellBackend !== false);
      });
    }
  });

  it('is told what was tried when all of it failed, streamed or not, unless that is switched off', async (t) => {
    for (const tellBackend of [true, false]) {
      await t.test(String(tellBackend), async (t) => {
        const { post } = await startEndpoint(t, { scripts: [fails('unavailable'), fails('unavailable'), breaks('server', [text('H')])], config: { tellBackend } });
        for (const stream of [false, true]) {
          const body = (await (await post(chat, { ...hello, stream })).json()) as { error: { message: string }; llm?: { attempts: Array<{ backend: string }> } };
          assert.deepEqual(body.llm?.attempts.map(({ backend }) => backend), tellBackend ? ['Backend'] : undefined);
          assert.equal(body.error.message === 'The model behind this endpoint failed.', !tellBackend);
        }
        const broken = await (await post(chat, { ...hello, stream: true })).text();
        assert.equal(broken.includes('"llm":{"attempts":[{"backend":"Backend"'), tellBackend);
      });
    }
  });

  it('that fails for a key or a quota behind the endpoint tells the SDKs not to try again', async (t) => {
    const kinds = ['auth', 'quota', 'unavailable'] as const;
    const { post } = await startEndpoint(t, { scripts: kinds.map((kind) => fails(kind)) });
    const told: Array<[number, string | null]> = [];
    for (const _kind of kinds) {
      const response = await post(chat, hello);
      await response.body?.cancel();
      told.push([response.status, response.headers.get('x-should-retry')]);
    }
    assert.deepEqual(told, [[502, 'false'], [502, 'false'], [502, null]]);
  });

  it('has a status of its own for a failure before the first token, streamed or not', async (t) => {
    const kinds = [['overloaded', 503], ['auth', 502], ['timeout', 504], ['context_length', 400], ['not_found', 404]] as const;
    const scripts = kinds.flatMap(([kind]) => [fails(kind, { retryAfterMs: 1500 }), fails(kind, { retryAfterMs: 1500 })]);
    const { post } = await startEndpoint(t, { scripts: [...scripts, fails('rate_limit', { retryAfterMs: 1500 })] });
    for (const [kind, status] of kinds) {
      for (const stream of [false, true]) {
        const response = await post(chat, { ...hello, stream });
        assert.deepEqual([response.status, response.headers.get('retry-after'), response.headers.get('retry-after-ms')], [status, '2', '1500']);
        assert.equal((await errorIn(response)).code, kind);
      }
    }
    const limited = await post(chat, hello);
    assert.deepEqual([limited.status, limited.headers.get('retry-after'), (await errorIn(limited)).code], [429, '2', 'rate_limit']);
  });

  it('that is streamed leaves with its first token, and its failure after that is an event', async (t) => {
    const goOn = step();
    const { post } = await startEndpoint(t, {
      config: { heartbeatMs: 0 },
      scripts: [
        async function* ({ onConnected }) {
          onConnected();
          yield [text('Half')];
          await goOn.promise;
          throw new Error('secret details');
        },
      ],
    });
    const response = await post(chat, { ...hello, stream: true });
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    goOn.resolve();
    const events = (await response.text()).trim().split('\n\n');
    assert.match(events[1] ?? '', /"content":"Half"/);
    assert.match(events[2] ?? '', /"error":.*"code":"(server|interrupted)"/);
    assert.equal(events[3], 'data: [DONE]');
    assert.doesNotMatch(events.join(), /secret/);
  });

  it('hears heartbeats while it waits, with the role first', async (t) => {
    const goOn = step();
    const { post } = await startEndpoint(t, {
      config: { heartbeatMs: 1 },
      scripts: [
        async function* ({ onConnected }) {
          onConnected();
          await goOn.promise;
          yield [text('Hi'), finish];
        },
      ],
    });
    const response = await post(chat, { ...hello, stream: true });
    let received = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      received += chunk;
      if (received.includes(': waiting\n\n: waiting')) goOn.resolve();
    }
    assert.match(received, /^data: [^\n]+"role":"assistant"[^\n]+\n\n: waiting\n\n[^]+"content":"Hi"[^]+\[DONE\]\n\n$/);
  });
});

describe('A client that goes away', () => {
  for (const stream of [false, true]) {
    it(`cancels its request, ${stream ? 'streamed' : 'whole'}, before the first token and after it`, async (t) => {
      for (const pieces of [[], [[text('Half')]]]) {
        await t.test(`${pieces.length} tokens`, async (t) => {
          const [arrived, over] = [step(), step()];
          const { post } = await startEndpoint(t, {
            scripts: [
              async function* ({ onConnected, signal }) {
                onConnected();
                yield* pieces;
                arrived.resolve();
                await cancelled(signal).finally(over.resolve);
              },
            ],
          });
          const controller = new AbortController();
          const response = post(chat, { ...hello, stream }, { signal: controller.signal }).then((answer) => answer.text());
          await arrived.promise;
          controller.abort();
          await assert.rejects(response);
          await over.promise;
          while (calls.size > 0) await settled();
        });
      }
    });
  }
});

describe('A slow reader', () => {
  it('holds the provider back, and gets everything when it reads on', async (t) => {
    let pulled = 0;
    const total = 400;
    const { post } = await startEndpoint(t, {
      scripts: [
        async function* ({ onConnected }) {
          onConnected();
          for (; pulled < total; pulled++) yield [text('x'.repeat(65_536))];
          yield [finish];
        },
      ],
    });
    const response = await post(chat, { ...hello, stream: true });
    let before = -1;
    for (let unchanged = 0; unchanged < 100; unchanged++) {
      await settled();
      if (pulled !== before) unchanged = 0;
      before = pulled;
    }
    assert.ok(pulled < total / 2, `${pulled} of ${total} pieces were taken.`);
    const text64 = await response.text();
    assert.equal(text64.match(/x{65536}/g)?.length, total);
  });
});

describe('An endpoint', () => {
  it('that is wired to nothing says so', async (t) => {
    const { post } = await startEndpoint(t, { config: { wires: [[]] } });
    const response = await post(chat, hello);
    assert.equal(response.status, 503);
    assert.match((await errorIn(response)).message, /^No flow stands behind the endpoint\. Wire its port/);
  });

  it('gives a flow that loses the message so much time', async (t) => {
    const { post } = await startEndpoint(t, { config: { timeoutMs: 20 }, nodes: [{ id: 'lost', type: 'helper', wires: [] }] });
    const response = await post(chat, hello);
    assert.equal(response.status, 504);
    assert.match((await errorIn(response)).message, /^The flow gave no answer within 20 ms\./);
  });

  it('lets in as many as its settings say', async (t) => {
    const { post, client } = await startEndpoint(t, { config: { maxOpen: 1 }, scripts: [hangs(), hi] });
    const controller = new AbortController();
    const first = post(chat, hello, { signal: controller.signal });
    while (client.attempts === 0) await settled();
    const second = await post(chat, hello);
    assert.deepEqual([second.status, second.headers.get('retry-after'), (await errorIn(second)).code], [429, '1', 'shed']);
    controller.abort();
    await assert.rejects(first);
    while (calls.size > 0) await settled();
    assert.equal((await post(chat, hello)).status, 200);
  });

  it('takes the methods of its paths alone, and says which', async (t) => {
    const { url } = await startEndpoint(t, { scripts: [hi] });
    const ask = async (method: string, path: string) => {
      const response = await fetch(url + path, { method });
      return [response.status, response.headers.get('allow')];
    };
    for (const method of ['GET', 'PUT', 'DELETE']) assert.deepEqual(await ask(method, chat), [405, 'POST']);
    assert.deepEqual(await ask('POST', '/models'), [405, 'GET, HEAD']);
    for (const path of ['', '/', '/chat/completions/x', '/embed', '/constructor', '/__proto__']) assert.deepEqual(await ask('POST', path), [404, null]);
    assert.deepEqual(await ask('GET', '/models'), [200, null]);
    assert.deepEqual(await ask('HEAD', '/models'), [200, null]);
  });

  it('with the path of another says so, leaves that one alone, and takes the path when that one goes', async (t) => {
    const { post, flow, nodes } = await startEndpoint(t, { nodes: [{ id: 'echo', type: 'llm-echo', tokensPerSecond: 0, wires: [[]] }, { id: 'second', type: 'llm-endpoint', ...whereItIs(), wires: [[]] }] });
    const status = async () => (await post(chat, hello)).status;
    assert.equal(await status(), 200);
    await flow.status('second', 'llm.status.pathTaken');
    await flow.deploy(nodes.map((node) => ({ ...node, name: 'all anew' })), 'full');
    assert.equal(await status(), 200);
    await flow.deploy(nodes.filter(({ id }) => id !== 'endpoint').map((node) => ({ ...node, name: 'all anew' })));
    assert.match((await errorIn(await post(chat, hello))).message, /No flow stands behind the endpoint/);
    await flow.status('second', 'llm.kind.misconfigured');
  });

  it('that is removed gives its path back', async (t) => {
    const echo = { id: 'echo', type: 'llm-echo', tokensPerSecond: 0, wires: [[]] };
    const { post, flow, nodes, port } = await startEndpoint(t, { nodes: [echo] });
    await flow.deploy([echo]);
    // A port of one's own that nobody wants any more is closed.
    const status = await post(chat, hello).then((response) => response.status, () => 'closed');
    assert.equal(status, whereItIs().port === undefined ? 404 : 'closed');
    await flow.deploy(nodes.map((node) => (node.id === 'endpoint' ? { ...node, id: 'another' } : node)));
    await opened(port);
    assert.equal((await post(chat, hello)).status, 200);
  });

  it('cancels what lasts longer than it may drain', async (t) => {
    const { post, flow, nodes } = await startEndpoint(t, { settings: { llm: { drainMs: 0 } }, scripts: [hangs([text('Half')]), hi] });
    const response = await post(chat, { ...hello, stream: true });
    await flow.deploy(nodes.map((node) => ({ ...node, name: 'changed' })));
    assert.match(await response.text(), /"content":"Half"[^]+"error":[^]+deployed anew[^]+\[DONE\]/);
  });
});
