/** A model server for tests: a real HTTP server on loopback whose every byte and socket the test decides. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';

export interface ReceivedRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  /** The body as text. */
  text: string;
  /** The body as JSON, where it is JSON. */
  json: Record<string, unknown>;
}

/** The server's side of one exchange. */
export class Exchange {
  readonly request: ReceivedRequest;
  readonly #res: ServerResponse;
  /** Resolves when the client has closed the connection or the answer has ended. */
  readonly closed: Promise<void>;

  constructor(request: ReceivedRequest, res: ServerResponse) {
    this.request = request;
    this.#res = res;
    this.closed = new Promise((resolve) => res.once('close', () => resolve()));
  }

  get socket(): Socket {
    return this.#res.socket as Socket;
  }

  json(status: number, body: unknown, headers: Record<string, string> = {}): void {
    this.#res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  }

  text(status: number, body: string, headers: Record<string, string> = {}): void {
    this.#res.writeHead(status, headers).end(body);
  }

  /** Sends the head of a stream. */
  startStream(headers: Record<string, string> = { 'content-type': 'text/event-stream' }): void {
    this.#res.writeHead(200, headers).flushHeaders();
  }

  /** Resolves when the bytes are handed to the system; the client reads them as a piece of their own where it waits for them. */
  async write(bytes: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => this.#res.write(bytes, () => resolve()));
  }

  /** One server-sent event for each object, then `[DONE]` unless switched off. */
  async events(objects: readonly unknown[], { done = true } = {}): Promise<void> {
    this.startStream();
    for (const object of objects) await this.write(`data: ${JSON.stringify(object)}\n\n`);
    this.end(done ? 'data: [DONE]\n\n' : '');
  }

  end(bytes = ''): void {
    this.#res.end(bytes);
  }

  /** Cuts the connection as a crashed server does. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Plays back a recorded answer byte for byte, head and all, in pieces of the given size. */
  async replay(raw: Uint8Array, pieceSize = raw.length): Promise<void> {
    for (let at = 0; at < raw.length; at += pieceSize) {
      await new Promise<void>((resolve) => this.socket.write(raw.subarray(at, at + pieceSize), () => resolve()));
    }
    this.socket.end();
  }
}

export interface TestServer {
  readonly url: string;
  readonly requests: ReceivedRequest[];
  /** Connections that are open now. */
  readonly sockets: ReadonlySet<Socket>;
  close(): Promise<void>;
}

/** Starts a server on a free port of 127.0.0.1 (or the given one). What a handler throws fails the test run. */
export async function startServer(handle: (exchange: Exchange) => void | Promise<void>, port = 0): Promise<TestServer> {
  const requests: ReceivedRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((req, res) => {
    void receive(req).then((request) => {
      requests.push(request);
      return handle(new Exchange(request, res));
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    sockets,
    close: async () => {
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function receive(req: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  let json = {};
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch {
    // No JSON: a GET, or a test of what a server does with something else.
  }
  return { method: req.method ?? '', path: req.url ?? '', headers: req.headers, text, json };
}
