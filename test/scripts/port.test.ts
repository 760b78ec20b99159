import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { portProblem } from '../../scripts/port.ts';

describe('The port of npm start', () => {
  test('a port in use is named, with the way out', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;

    assert.equal(
      await portProblem(port),
      `Port ${port} is in use. Stop what runs there, or choose another: PORT=${port + 1} npm start`,
    );

    server.close();
    await once(server, 'close');
    assert.equal(await portProblem(port), undefined);
  });

  for (const port of [Number.NaN, 0, 65_536, 18.8]) {
    test(`${port} is no port`, async () => {
      assert.equal(await portProblem(port), 'PORT must be a number from 1 to 65535.');
    });
  }
});
