/** How requests to vLLM fail: each error body it is known to send, and each way in which a connection breaks. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { VllmOptions } from '../../../nodes/backends/vllm/client.ts';
import type { FailureKind } from '../../../nodes/core/errors.ts';
import { backendOf, failureOf, requestOf } from '../../support/requests.ts';
import type { Exchange } from '../../support/server.ts';
import { chatChunk, serve, textChunk } from './serve.ts';

const apis = ['chat', 'completions', 'generate'] as const;

/** A token as each API streams it, for the prompt `Hi`. */
const token: Record<VllmOptions['api'], string> = {
  chat: `data: ${JSON.stringify(chatChunk({ content: 'Grüß' }))}\n\n`,
  completions: `data: ${JSON.stringify(textChunk('Grüß'))}\n\n`,
  generate: `${JSON.stringify({ text: ['HiGrüß'] })}\n`,
};

const tooLong = "This model's maximum context length is 2048 tokens. However, you requested 2723 tokens (1699 in the messages, 1024 in the completion).";

/** Since 0.10.1 errors are nested; before, they were not. */
const nested = (message: string, type: string, code: number) => ({ error: { message, type, param: null, code } });
const flat = (message: string, type: string, code: number) => ({ object: 'error', message, type, param: null, code });

interface Answer {
  what: string;
  status: number;
  body: unknown;
  kind: FailureKind;
  hint?: RegExp;
}

const answers: Answer[] = [
  { what: 'a prompt that is too long', status: 400, body: nested(tooLong, 'BadRequestError', 400), kind: 'context_length', hint: /larger context/ },
  { what: 'a prompt that is too long, un-nested', status: 400, body: flat(tooLong, 'BadRequestError', 400), kind: 'context_length' },
  {
    what: 'a prompt that is too long, in newer words',
    status: 400,
    body: nested('You passed 30721 input tokens and requested 2048 output tokens. However, the model\'s context length is only 32768 tokens.', 'BadRequestError', 400),
    kind: 'context_length',
  },
  {
    what: 'a prompt that is too long for the decoder',
    status: 400,
    body: nested('The decoder prompt (length 5000) is longer than the maximum model length of 2048.', 'BadRequestError', 400),
    kind: 'context_length',
  },
  { what: 'an unknown model', status: 404, body: nested('The model `m` does not exist.', 'NotFoundError', 404), kind: 'not_found', hint: /model’s name/ },
  { what: 'an unknown model, un-nested', status: 404, body: flat('The model `m` does not exist.', 'NotFoundError', 404), kind: 'not_found' },
  { what: 'an unknown path', status: 404, body: { detail: 'Not Found' }, kind: 'not_found' },
  { what: 'a wrong value', status: 400, body: nested('temperature must be non-negative, got -1.0.', 'BadRequestError', 400), kind: 'invalid_request' },
  { what: 'a body of the wrong form', status: 422, body: { detail: [{ loc: ['body', 'messages'], msg: 'Field required' }] }, kind: 'invalid_request' },
  { what: 'a missing or wrong key', status: 401, body: { error: 'Unauthorized' }, kind: 'auth', hint: /API key/ },
  {
    what: 'a GPU without memory',
    status: 500,
    body: nested('CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 23.64 GiB', 'InternalServerError', 500),
    kind: 'out_of_memory',
    hint: /smaller/,
  },
  {
    what: 'a dead engine',
    status: 500,
    body: nested('EngineCore encountered an issue. See stack trace (above) for the root cause.', 'InternalServerError', 500),
    kind: 'server',
    hint: /log of vLLM/,
  },
  { what: 'a crash without a body of its own', status: 500, body: 'Internal Server Error', kind: 'server' },
  { what: 'a proxy without a server behind it', status: 502, body: '<html>Bad Gateway</html>', kind: 'server' },
  { what: 'a server that takes no more', status: 503, body: nested('Server is busy', 'ServiceUnavailableError', 503), kind: 'overloaded' },
];

describe('vLLM answers', () => {
  for (const { what, status, body, kind, hint } of answers) {
    it(`${what}: ${kind}`, async (t) => {
      for (const api of apis) {
        const { client } = await serve(t, { api }, (exchange) =>
          typeof body === 'string' ? exchange.text(status, body, { 'content-type': 'text/html' }) : exchange.json(status, body),
        );
        const failure = await failureOf(backendOf(client).complete(requestOf('Hi', { model: 'm' })));
        assert.deepEqual([failure.kind, failure.status, failure.partial], [kind, status, undefined]);
        assert.match(failure.hint ?? '', hint ?? /./);
      }
    });
  }

  it('a wrong key: the key stands nowhere in the failure', async (t) => {
    const { client, server } = await serve(t, { api: 'chat' }, (exchange) => exchange.json(401, { error: `Unauthorized: ${exchange.request.headers.authorization}` }), 'sk-secret');
    const failure = await failureOf(backendOf(client).complete(requestOf('Hi')));
    assert.equal(server.requests[0]?.headers.authorization, 'Bearer sk-secret');
    assert.equal(failure.kind, 'auth');
    assert.doesNotMatch(JSON.stringify([failure.message, failure.cause]), /sk-secret/);
  });

  it('an error that quotes the prompt: the prompt stands nowhere in the failure', async (t) => {
    const prompt = 'My name is Ilse Musterfrau and I live in Graz.';
    const { client } = await serve(t, { api: 'chat' }, (exchange) => exchange.json(400, nested(`Cannot parse: ${prompt}`, 'BadRequestError', 400)));
    const failure = await failureOf(backendOf(client).complete(requestOf(prompt)));
    assert.equal(failure.kind, 'invalid_request');
    assert.doesNotMatch(JSON.stringify([failure.message, failure.cause]), /Ilse|Graz/);
  });
});

describe('a stream of vLLM', () => {
  /** The events that the OpenAI server sends in the middle of a stream when its engine fails. */
  const midStream: Array<[string, object, FailureKind]> = [
    ['a dead engine', nested('EngineCore encountered an issue.', 'InternalServerError', 500), 'server'],
    ['a dead engine, un-nested', flat('EngineCore encountered an issue.', 'InternalServerError', 500), 'server'],
    ['a GPU without memory', nested('CUDA out of memory. Tried to allocate 20.00 MiB', 'InternalServerError', 500), 'out_of_memory'],
    ['a wrong request', nested('wrong', 'BadRequestError', 400), 'invalid_request'],
  ];

  for (const [what, event, kind] of midStream) {
    it(`that tells ${what} fails with it, with or without a token before`, async (t) => {
      for (const before of ['', token.chat]) {
        const { client } = await serve(t, { api: 'chat' }, (exchange) => {
          exchange.startStream();
          exchange.end(`${before}data: ${JSON.stringify(event)}\n\ndata: [DONE]\n\n`);
        });
        const failure = await failureOf(backendOf(client).complete(requestOf('Hi')));
        assert.deepEqual([failure.kind, failure.status, failure.partial], [kind, undefined, before ? 'Grüß' : undefined]);
      }
    });
  }

  it('with garbage in it fails, with what came before', async (t) => {
    for (const api of apis) {
      const { client } = await serve(t, { api }, (exchange) => {
        exchange.startStream();
        exchange.end(`${token[api]}${api === 'generate' ? '' : 'data: '}<html>oops</html>\n\n`);
      });
      const failure = await failureOf(backendOf(client).complete(requestOf('Hi')));
      assert.deepEqual([failure.kind, failure.partial], ['server', 'Grüß']);
      assert.match(failure.message, /no JSON/);
    }
  });

  it('that ends well but without a reason is no whole answer', async (t) => {
    for (const api of ['chat', 'completions'] as const) {
      const { client } = await serve(t, { api }, (exchange) => {
        exchange.startStream();
        exchange.end(token[api]);
      });
      const failure = await failureOf(backendOf(client).complete(requestOf('Hi')));
      assert.deepEqual([failure.kind, failure.partial], ['interrupted', 'Grüß']);
    }
  });
});

describe('a connection to vLLM', () => {
  it('that is refused fails as unavailable and says what to start', async (t) => {
    for (const api of apis) {
      const { client, server } = await serve(t, { api }, () => undefined);
      await server.close();
      const { kind, message } = await failureOf(backendOf(client).complete(requestOf('Hi')));
      assert.equal(kind, 'unavailable');
      assert.match(message, new RegExp(`Nothing listens on ${server.url}. Start vllm serve`));
    }
  });

  /** What the server does before the reset, and what the request fails with. */
  const stages: Record<string, { before: (exchange: Exchange, first: Buffer) => Promise<void>; kind: FailureKind; partial?: string }> = {
    'before the head': { before: async () => {}, kind: 'unavailable' },
    'after the head': { before: async (exchange) => exchange.startStream(), kind: 'unavailable' },
    'in the middle of the first line': {
      before: (exchange, first) => (exchange.startStream(), exchange.write(first.subarray(0, first.length - 4))),
      kind: 'unavailable',
    },
    'after the first token': { before: (exchange, first) => (exchange.startStream(), exchange.write(first)), kind: 'interrupted', partial: 'Grüß' },
    'in the middle of the second line': {
      before: (exchange, first) => (exchange.startStream(), exchange.write(Buffer.concat([first, first.subarray(0, 20)]))),
      kind: 'interrupted',
      partial: 'Grüß',
    },
  };

  for (const [stage, { before, kind, partial }] of Object.entries(stages)) {
    it(`that is reset ${stage} fails as ${kind}`, async (t) => {
      for (const api of apis) {
        const sent = Promise.withResolvers<Exchange>();
        const { client } = await serve(t, { api }, async (exchange) => {
          await before(exchange, Buffer.from(token[api]));
          if (partial === undefined) exchange.reset();
          else sent.resolve(exchange);
        });
        // Where a token was sent, it has arrived before the reset.
        const sink = { write: async () => (await sent.promise).reset() };
        const failure = await failureOf(backendOf(client).complete(requestOf('Hi'), { sink }));
        assert.deepEqual([failure.kind, failure.partial], [kind, partial]);
        assert.ok(failure.hint);
      }
    });
  }
});
