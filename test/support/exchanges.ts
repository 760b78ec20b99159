/** One HTTP request of ours and the server's side of it, step by step. */
import type { TestContext } from 'node:test';
import { destroyConnections } from '../../nodes/core/connections.ts';
import { createConnections, type HttpRequest, type HttpResponse, openHttp } from '../../nodes/core/http.ts';
import { type Exchange, startServer } from './server.ts';

/** Says that a network error was explained, and which. */
export class Explained extends Error {
  readonly original: Error;

  constructor(original: Error) {
    super('explained');
    this.original = original;
  }
}

/** A server, and requests to it. */
export async function listen(t: TestContext, handle: (exchange: Exchange) => void | Promise<void>) {
  const server = await startServer(handle);
  const connections = createConnections();
  t.after(async () => {
    await destroyConnections(connections);
    await server.close();
  });
  const open = (options: Partial<HttpRequest> = {}): Promise<HttpResponse> =>
    openHttp({
      connections,
      method: 'GET',
      url: `${server.url}/`,
      signal: new AbortController().signal,
      explain: (error) => new Explained(error),
      ...options,
    });
  return { server, connections, open };
}

/** A promise with its resolver: a step that one side waits for and the other takes. */
export function step<T = void>() {
  return Promise.withResolvers<T>();
}

/** A request and the server's side of it, once it has arrived. */
export async function arrive(t: TestContext, options: Partial<HttpRequest> = {}) {
  const arrived = step<Exchange>();
  const { open, server } = await listen(t, (exchange) => arrived.resolve(exchange));
  const response = open(options);
  response.catch(() => undefined);
  return { response, exchange: await arrived.promise, server };
}
