/** Ports of this machine. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** Resolves with what is wrong with a port for `npm start`, in one sentence, or with nothing. */
export async function portProblem(port: number): Promise<string | undefined> {
  if (!Number.isInteger(port) || port < 1 || port > 65535) return 'PORT must be a number from 1 to 65535.';
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'is in use. Stop what runs there, or choose' : `is not allowed (${code}). Choose`;
    return `Port ${port} ${why} another: PORT=${port < 65535 ? port + 1 : 1881} npm start`;
  } finally {
    server.close();
  }
}

/** One that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
