/** What the network does to a request, the same for every backend whose provider's SDK runs on our own transport. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ModelClient } from '../../nodes/core/client.ts';
import { LlmError } from '../../nodes/core/errors.ts';
import type { Connection } from '../../nodes/runtime/connection.ts';
import { selfSignedCertificate } from './certificate.ts';
import { cleanEnvironment, setVariable } from './environment.ts';
import { backendOf, collect, failureOf, requestOf } from './requests.ts';
import { type Exchange, startServer, type TestServer } from './server.ts';

export interface Subject {
  /** What a base URL has after its origin. */
  basePath: string;
  open(baseUrl: string): { account: Connection; client: ModelClient };
  /** Answers in full: "Hello". */
  answer(exchange: Exchange): Promise<void>;
  /** Streams the first token, "Hel", and no more. */
  begin(exchange: Exchange): Promise<void>;
}

const request = requestOf('Hi', { model: 'some-model' });

export function testNetwork(subject: Subject): void {
  cleanEnvironment();

  const clientFor = (t: TestContext, origin: string): ModelClient => {
    const { account, client } = subject.open(origin + subject.basePath);
    t.after(() => account.close());
    return client;
  };
  const serve = async (t: TestContext, handle: (exchange: Exchange) => void | Promise<void>): Promise<TestServer> => {
    const server = await startServer(handle);
    t.after(() => server.close());
    return server;
  };
  /** A request whose server acts once the first token has arrived. */
  const afterFirstToken = async (t: TestContext, act: (exchange: Exchange) => void, signal?: AbortSignal) => {
    const { promise: seen, resolve } = Promise.withResolvers<void>();
    const server = await serve(t, async (exchange) => {
      await subject.begin(exchange);
      await seen;
      act(exchange);
    });
    const backend = backendOf(clientFor(t, server.url));
    return failureOf(backend.complete(request, { sink: { write: () => resolve() }, ...(signal && { signal }) }));
  };

  describe('Before an answer', () => {
    it('says that nothing listens at an address', async (t) => {
      const url = await abandonedAddress();
      const failure = await failureOf(collect(clientFor(t, url), request));
      assert.equal(failure.kind, 'unavailable');
      assert.match(failure.message, /ECONNREFUSED.*Nothing listens on http:\/\/127\.0\.0\.1/s);
    });

    it('says that a name cannot be resolved', async (t) => {
      const failure = await failureOf(collect(clientFor(t, 'http://models.invalid'), request));
      assert.equal(failure.kind, 'unavailable');
      assert.match(failure.hint ?? '', /models\.invalid cannot be resolved/);
    });

    it('says that a certificate cannot be verified', async (t) => {
      const server = createTlsServer(selfSignedCertificate());
      const failure = await failureOf(collect(clientFor(t, `https://127.0.0.1:${await listen(t, server)}`), request));
      assert.equal(failure.kind, 'unavailable');
      assert.match(failure.message, /SELF_SIGNED.*NODE_EXTRA_CA_CERTS/s);
    });

    it('says that a server which speaks no TLS was asked for it', async (t) => {
      const server = await serve(t, () => assert.fail('Nothing that the server could read should come.'));
      const failure = await failureOf(collect(clientFor(t, server.url.replace('http:', 'https:')), request));
      assert.match(failure.hint ?? '', /use http:\/\/ instead of https:\/\//);
    });

    it('takes a connection that is reset without an answer as a server that cannot be reached', async (t) => {
      const server = await serve(t, (exchange) => exchange.reset());
      const failure = await failureOf(backendOf(clientFor(t, server.url)).complete(request));
      assert.equal(failure.kind, 'unavailable');
      assert.equal(failure.retryable, true);
      assert.equal(server.requests.length, 1);
    });

    it('takes a connection that is reset before the first token in the same way', async (t) => {
      const server = await serve(t, async (exchange) => {
        exchange.startStream();
        await exchange.write(': waiting\n\n');
        exchange.reset();
      });
      const failure = await failureOf(backendOf(clientFor(t, server.url)).complete(request));
      assert.equal(failure.kind, 'unavailable');
      assert.equal(failure.partial, undefined);
    });

    it('does not follow a redirect, for the key would go with it', async (t) => {
      const server = await serve(t, (exchange) => exchange.text(301, '', { location: 'http://127.0.0.1:1/elsewhere' }));
      const failure = await failureOf(collect(clientFor(t, server.url), request));
      assert.equal(failure.kind, 'not_found');
      assert.equal(failure.status, 301);
      assert.equal(server.requests.length, 1);
    });

    it('leaves retries to the backend: one try is one request', async (t) => {
      const server = await serve(t, (exchange) => exchange.json(500, {}, { 'x-should-retry': 'true' }));
      const failure = await failureOf(collect(clientFor(t, server.url), request));
      assert.equal(failure.kind, 'server');
      assert.equal(failure.retryable, true);
      assert.equal(server.requests.length, 1);
    });

    it('tells when the connection stands: before the server knows of the request, and once', async (t) => {
      let connected = 0;
      const server = await serve(t, (exchange) => {
        assert.equal(connected, 1);
        return subject.answer(exchange);
      });
      const context = { signal: new AbortController().signal, onConnected: () => connected++ };
      for await (const _parts of clientFor(t, server.url).stream(request, context)) assert.equal(connected, 1);
      assert.equal(connected, 1);
    });

    it('does not tell so where no connection comes about', async (t) => {
      const url = await abandonedAddress();
      const context = { signal: new AbortController().signal, onConnected: () => assert.fail('There is no connection.') };
      const answer = async () => {
        for await (const _parts of clientFor(t, url).stream(request, context));
      };
      assert.equal((await failureOf(answer())).kind, 'unavailable');
    });

    it('uses a connection again', async (t) => {
      const sockets = new Set();
      const server = await serve(t, (exchange) => {
        sockets.add(exchange.socket);
        return subject.answer(exchange);
      });
      const client = clientFor(t, server.url);
      await collect(client, request);
      // undici gives a server one turn of the event loop to close a connection that it said it would keep.
      await nextTurn();
      await collect(client, request);
      assert.equal(sockets.size, 1);
    });
  });

  describe('In the middle of an answer', () => {
    it('gives the partial text of a connection that is reset', async (t) => {
      const failure = await afterFirstToken(t, (exchange) => exchange.reset());
      assert.equal(failure.kind, 'interrupted');
      assert.equal(failure.partial, 'Hel');
    });

    it('takes a stream that ends too early for a broken one', async (t) => {
      const failure = await afterFirstToken(t, (exchange) => exchange.end());
      assert.equal(failure.kind, 'interrupted');
      assert.equal(failure.partial, 'Hel');
    });

    it('fails on something in the stream that is no JSON', async (t) => {
      const failure = await afterFirstToken(t, (exchange) => exchange.end('data: <html>502 Bad Gateway</html>\n\n'));
      assert.equal(failure.kind, 'server');
      assert.equal(failure.partial, 'Hel');
      assert.doesNotMatch(failure.message, /html/);
    });
  });

  describe('A request that is aborted', () => {
    const reason = new LlmError('cancelled', 'The caller went away.');

    it('is not sent at all where that has happened before', async (t) => {
      const server = await serve(t, () => assert.fail('Nothing should come.'));
      assert.equal(await failureOf(collect(clientFor(t, server.url), request, AbortSignal.abort(reason))), reason);
    });

    it('closes the connection of a provider that has not answered yet', async (t) => {
      const controller = new AbortController();
      const { promise, resolve } = Promise.withResolvers<Exchange>();
      const server = await serve(t, resolve);
      const failing = failureOf(collect(clientFor(t, server.url), request, controller.signal));
      const { closed } = await promise;
      controller.abort(reason);
      assert.equal(await failing, reason);
      await closed;
    });

    it('closes the connection of a provider in the middle of its answer', async (t) => {
      const controller = new AbortController();
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      const failure = await afterFirstToken(
        t,
        (exchange) => {
          void exchange.closed.then(resolve);
          controller.abort(reason);
        },
        controller.signal,
      );
      assert.equal(failure.kind, 'cancelled');
      assert.equal(failure.partial, 'Hel');
      await closed;
    });

    it('closes the connection where the reader leaves before the end', async (t) => {
      const { promise, resolve } = Promise.withResolvers<Exchange>();
      const server = await serve(t, async (exchange) => {
        await subject.begin(exchange);
        resolve(exchange);
      });
      const context = { signal: new AbortController().signal, onConnected: () => undefined };
      for await (const _parts of clientFor(t, server.url).stream(request, context)) break;
      await (await promise).closed;
    });
  });

  describe('A proxy in the environment', () => {
    it('carries requests to plain addresses, as long as they last', async (t) => {
      const proxy = await serve(t, (exchange) => subject.answer(exchange));
      setVariable(t, 'HTTP_PROXY', proxy.url);
      const { answer } = await collect(clientFor(t, 'http://models.test'), request);
      assert.equal(answer.text, 'Hello');
      const [received] = proxy.requests;
      assert.ok(received?.path.startsWith(`http://models.test${subject.basePath}/`));
      assert.equal(received?.headers.host, 'models.test');
    });

    it('is asked for a tunnel to addresses with TLS', async (t) => {
      const target = await listen(t, createTlsServer(selfSignedCertificate()));
      const tunnels: string[] = [];
      const proxy = createHttpServer();
      proxy.on('connect', (req, socket, head) => {
        tunnels.push(req.url ?? '');
        const onward = connect(target, '127.0.0.1', () => {
          socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
          onward.write(head);
          onward.pipe(socket).pipe(onward);
        });
        onward.on('error', () => socket.destroy());
        socket.on('error', () => onward.destroy());
      });
      setVariable(t, 'HTTPS_PROXY', `http://127.0.0.1:${await listen(t, proxy)}`);
      const failure = await failureOf(collect(clientFor(t, 'https://models.test'), request));
      assert.deepEqual(tunnels, ['models.test:443']);
      assert.match(failure.message, /SELF_SIGNED.*HTTPS_PROXY is set in the environment/s);
    });

    it('is named where it cannot be reached', async (t) => {
      const url = await abandonedAddress();
      setVariable(t, 'HTTP_PROXY', url.replace('//', '//user:canary-password@'));
      const failure = await failureOf(collect(clientFor(t, 'http://models.test'), request));
      assert.equal(failure.kind, 'unavailable');
      assert.match(failure.hint ?? '', /HTTP_PROXY is set/);
      assert.doesNotMatch(JSON.stringify(failure), /canary/);
    });

    it('is said to be wrong where it is no address', (t) => {
      setVariable(t, 'HTTP_PROXY', 'not an address');
      assert.throws(() => subject.open('http://models.test'), { kind: 'misconfigured', message: /HTTP_PROXY/ });
    });

    it('is left aside for this machine and for what NO_PROXY names', async (t) => {
      const server = await serve(t, (exchange) => subject.answer(exchange));
      setVariable(t, 'HTTP_PROXY', 'http://127.0.0.1:1');
      setVariable(t, 'NO_PROXY', 'models.invalid');
      assert.equal((await collect(clientFor(t, server.url), request)).answer.text, 'Hello');
      const failure = await failureOf(collect(clientFor(t, 'http://models.invalid'), request));
      assert.match(failure.message, /ENOTFOUND|EAI_AGAIN/);
    });
  });
}

/** Nothing listens there any more. */
async function abandonedAddress(): Promise<string> {
  const server = await startServer(() => undefined);
  await server.close();
  return server.url;
}

async function listen(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}
