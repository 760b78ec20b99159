import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { llamaServerListens } from '../../scripts/llama-server.ts';

/** What the search says of a server that answers like this; nothing = never. */
async function probe(answer: { health: number } | undefined): Promise<boolean> {
  const server = createServer((request, response) => {
    if (answer) response.writeHead(request.url === '/health' ? answer.health : 404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await llamaServerListens(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('A llama-server', () => {
  test('is found when it is well', async () => assert.equal(await probe({ health: 200 }), true));
  test('is found while it loads its model', async () => assert.equal(await probe({ health: 503 }), true));
  test('is not what has no /health', async () => assert.equal(await probe({ health: 404 }), false));
  test('is not what never answers', async () => assert.equal(await probe(undefined), false));
  test('is not found where nothing listens', async () => assert.equal(await llamaServerListens('http://127.0.0.1:1'), false));
});
