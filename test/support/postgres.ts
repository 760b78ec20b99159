/** A real Postgres with pgvector in this process, reached over TCP. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';

export interface TestPostgres {
  readonly url: string;
  readonly database: PGlite;
  stop(): Promise<void>;
}

export async function startPostgres({ withVectors = true }: { withVectors?: boolean } = {}): Promise<TestPostgres> {
  const database = await PGlite.create(withVectors ? { extensions: { vector } } : {});
  const turns = new Turns();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    void serve(socket, database, turns);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `postgres://postgres:secret-7d2c@127.0.0.1:${(server.address() as AddressInfo).port}/postgres`,
    database,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await database.close();
    },
  };
}

/** PGlite is one session: who begins a transaction has it until the end of it. */
class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves with what ends the turn. */
  async take(): Promise<() => void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#last;
    this.#last = promise;
    await before;
    return resolve;
  }
}

/** The protocol: postgresql.org/docs/current/protocol-message-formats.html. */
async function serve(socket: Socket, database: PGlite, turns: Turns): Promise<void> {
  let endTurn: (() => void) | undefined;
  try {
    for await (const batch of batches(socket)) {
      endTurn ??= await turns.take();
      const answer = Buffer.from(await database.execProtocolRaw(batch, { syncToFs: false }));
      socket.write(answer);
      // The last byte of ReadyForQuery: I for idle, else within a transaction.
      if (answer.at(-1) !== 'I'.charCodeAt(0)) continue;
      endTurn();
      endTurn = undefined;
    }
  } catch {
    // The client is gone.
  }
  if (endTurn && !database.closed) await database.exec('rollback');
  endTurn?.();
  socket.end();
}

/** What a client sends, up to each point at which it waits for an answer. Anyone is welcome. */
async function* batches(socket: Socket): AsyncGenerator<Buffer> {
  let bytes = Buffer.alloc(0);
  let isStarted = false;
  let batch: Buffer[] = [];
  for await (const chunk of socket) {
    bytes = Buffer.concat([bytes, chunk as Buffer]);
    for (;;) {
      const head = isStarted ? 1 : 0;
      if (bytes.length < head + 4 || bytes.length < head + bytes.readInt32BE(head)) break;
      const message = bytes.subarray(0, head + bytes.readInt32BE(head));
      bytes = bytes.subarray(message.length);
      if (!isStarted) {
        isStarted = true;
        // AuthenticationOk, then ReadyForQuery.
        socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]));
        continue;
      }
      const type = String.fromCharCode(message[0] as number);
      if (type === 'X') return;
      batch.push(message);
      if (type !== 'Q' && type !== 'S') continue;
      yield Buffer.concat(batch);
      batch = [];
    }
  }
}
