import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Supervisors } from '../../../nodes/core/supervisor/supervisors.ts';
import { FakeTime } from '../../support/fake-time.ts';
import { never, supervised } from '../../support/supervised.ts';

test('a port has one owner at a time', async (t) => {
  const { options } = await supervised(t);
  const { port } = options.address;
  const servers = new Supervisors();
  servers.claim('a', options);
  assert.throws(() => servers.claim('b', options), { kind: 'misconfigured', message: new RegExp(`Another node runs a server at port ${port}`) });
  await servers.release(port, true);
  assert.ok(!servers.isClaimed(port));
  servers.claim('b', options);
  await servers.release(port, true);
});

test('between two deploys the server runs on, and the next owner gets it as it is', async (t) => {
  const time = new FakeTime(t);
  const { options } = await supervised(t);
  const { port } = options.address;
  const servers = new Supervisors();
  const supervisor = servers.claim('a', options);
  await servers.release(port, false);
  await time.advance(9_999);
  assert.equal(servers.claim('b', options), supervisor);
  await time.advance(60_000);
  assert.ok(servers.isClaimed(port), 'it is held again');
  await servers.release(port, false);
  await time.advance(10_000);
  assert.ok(!servers.isClaimed(port), 'nobody came');
});

test('who claims a server that is just being ended has it', async (t) => {
  const { options } = await supervised(t);
  const { port } = options.address;
  const servers = new Supervisors();
  servers.claim('a', options);
  const released = servers.release(port, true);
  const supervisor = servers.claim('b', options);
  await released;
  assert.throws(() => servers.claim('c', options), /Another node runs a server/);
  supervisor.start();
  await supervisor.acquire(never);
  await servers.release(port, true);
  assert.equal(supervisor.state, 'stopped');
});

test('what a node ran at another port ends when it claims a new one, or runs none any more', async (t) => {
  const { options } = await supervised(t);
  const { port } = options.address;
  const servers = new Supervisors();
  servers.claim('a', options);
  servers.dismiss('a');
  assert.ok(servers.isClaimed(port), 'it is held');
  await servers.release(port, false);
  const moved = { ...options, address: { ...options.address, port: port + 1 } };
  servers.claim('a', moved);
  await new Promise(setImmediate);
  assert.deepEqual([servers.isClaimed(port), servers.isClaimed(port + 1)], [false, true]);
  await servers.release(port + 1, false);
  servers.dismiss('a');
  await new Promise(setImmediate);
  assert.ok(!servers.isClaimed(port + 1));
});
