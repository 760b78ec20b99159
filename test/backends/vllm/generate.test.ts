/** The legacy server's `/generate`, as a backend asks it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LlmError } from '../../../nodes/core/errors.ts';
import { backendOf, collect, failureOf, requestOf } from '../../support/requests.ts';
import { serve } from './serve.ts';

const line = (text: string) => `${JSON.stringify({ text: [text] })}\n`;

describe('vLLM’s generate API', () => {
  it('is asked with the prompt and the names of SamplingParams, and with nothing that it does not know', async (t) => {
    const { client, server } = await serve(t, { api: 'generate', topK: 40, minP: 0.05, repetitionPenalty: 1.1 }, (exchange) => exchange.text(200, line('Once')));
    const settings = { model: 'm', maxTokens: 16, temperature: 0, topP: 0.9, stop: ['END'], seed: 7, extra: { ignore_eos: true, top_k: 1 } };
    await collect(client, requestOf('Once', settings));
    const [request] = server.requests;
    assert.equal(`${request?.method} ${request?.path}`, 'POST /generate');
    assert.deepEqual(request?.json, {
      prompt: 'Once',
      max_tokens: 16,
      temperature: 0,
      top_p: 0.9,
      top_k: 1,
      min_p: 0.05,
      repetition_penalty: 1.1,
      stop: ['END'],
      seed: 7,
      ignore_eos: true,
      stream: true,
    });
  });

  it('goes on to the end where nobody sets a limit: without one the server stops after 16 tokens', async (t) => {
    const { client, server } = await serve(t, { api: 'generate' }, (exchange) => exchange.text(200, line('Once')));
    await collect(client, requestOf('Once'));
    assert.deepEqual(server.requests[0]?.json, { prompt: 'Once', max_tokens: null, stream: true });
  });

  it('streams token by token, without the prompt', async (t) => {
    const { client } = await serve(t, { api: 'generate' }, async (exchange) => {
      exchange.startStream({});
      for (const answer of ['', ' a', ' a time', ' a time 🦙']) await exchange.write(line(`Once upon${answer}`));
      exchange.end();
    });
    const { parts } = await collect(client, requestOf('Once upon'));
    assert.deepEqual(parts, [
      { type: 'text', text: ' a' },
      { type: 'text', text: ' time' },
      { type: 'text', text: ' 🦙' },
      { type: 'finish', reason: 'unknown' },
    ]);
  });

  it('becomes an answer whose end is unknown and whose usage is estimated, for the server tells neither', async (t) => {
    const { client } = await serve(t, { api: 'generate' }, (exchange) => exchange.text(200, line('Once upon') + line('Once upon a time')));
    const { text, finishReason, usage } = await backendOf(client).complete(requestOf('Once upon'));
    assert.deepEqual([text, finishReason, usage.estimated], [' a time', 'unknown', true]);
    assert.ok(usage.inputTokens > 0 && usage.outputTokens > 0);
  });

  it('strips a whole conversation, which goes out as one text', async (t) => {
    const { client } = await serve(t, { api: 'generate' }, (exchange) => exchange.text(200, line(`${String(exchange.request.json['prompt'])} Good.`)));
    const conversation = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello.' },
      { role: 'user', content: 'How are "you"?\n' },
    ];
    const { text } = await backendOf(client).complete(requestOf(conversation, { system: 'Be brief.' }));
    assert.equal(text, ' Good.');
  });

  it('strips the prompt that extra fields put in the place of it', async (t) => {
    const { client } = await serve(t, { api: 'generate' }, (exchange) => exchange.text(200, line(`${String(exchange.request.json['prompt'])}!`)));
    const { text } = await backendOf(client).complete(requestOf('Hi', { extra: { prompt: 'Ho' } }));
    assert.equal(text, '!');
  });

  it('is read where the server does not stream', async (t) => {
    const { client } = await serve(t, { api: 'generate' }, (exchange) => exchange.json(200, { text: ['Once upon a time'] }));
    assert.equal((await backendOf(client).complete(requestOf('Once upon'))).text, ' a time');
  });

  it('refuses a schema or a format before anything is sent, for it would be ignored or break the server', async (t) => {
    for (const { guidedJson, responseFormat } of [{ guidedJson: { type: 'object' } }, { responseFormat: { type: 'json_object' } }]) {
      const { client, server } = await serve(t, { api: 'generate', guidedJson }, (exchange) => exchange.json(200, {}));
      const { kind, hint } = await failureOf(collect(client, requestOf('Hi', { responseFormat })));
      assert.deepEqual([kind, hint], ['invalid_request', 'Choose the chat or the completions API in the node.']);
      assert.equal(server.requests.length, 0);
    }
  });

  it('fails where the server ends well without a line', async (t) => {
    const { client } = await serve(t, { api: 'generate' }, (exchange) => exchange.text(200, ''));
    const { kind, message } = await failureOf(backendOf(client).complete(requestOf('Hi')));
    assert.equal(kind, 'server');
    assert.match(message, /ended the stream without an answer/);
  });

  it('is broken off, not ended, where the body lacks its end', async (t) => {
    for (const [head, body] of [
      ['transfer-encoding: chunked', (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`],
      ['content-length: 1000', (text: string) => text],
    ] as const) {
      const { client } = await serve(t, { api: 'generate' }, (exchange) =>
        exchange.replay(Buffer.from(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${body(line('Once upon a'))}`)),
      );
      const { kind, partial } = await failureOf(backendOf(client).complete(requestOf('Once upon')));
      assert.deepEqual([kind, partial], ['interrupted', ' a']);
    }
  });

  it('frees the server at once when it is cancelled', async (t) => {
    const closed = Promise.withResolvers<void>();
    const controller = new AbortController();
    const { client } = await serve(t, { api: 'generate' }, async (exchange) => {
      void exchange.closed.then(closed.resolve);
      exchange.startStream({});
      await exchange.write(line('Hia'));
    });
    const gone = new LlmError('cancelled', 'The caller went away.');
    const sink = { write: () => controller.abort(gone) };
    const { kind, partial } = await failureOf(backendOf(client).complete(requestOf('Hi'), { signal: controller.signal, sink }));
    assert.deepEqual([kind, partial], ['cancelled', 'a']);
    await closed.promise;
  });
});
