/** Which port the endpoints of a test are at: Node-RED's, or one of their own. The same tests run on both. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

/** Of all endpoints of the process; to be called before the tests are imported. */
export async function useOwnPort(): Promise<void> {
  process.env[variable] = String(await freePort());
}

/** Undefined for Node-RED's. */
export function ownPort(): number | undefined {
  const given = process.env[variable];
  return given === undefined ? undefined : Number(given);
}

const variable = 'TEST_ENDPOINT_PORT';

/** One that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Resolves when something listens there. */
export async function opened(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(() => true, () => false);
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => void setImmediate(resolve));
  }
}
