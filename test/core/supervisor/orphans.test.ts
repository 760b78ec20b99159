/** What a process that was killed leaves behind, and what the next one does with it. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { endOrphans, findOrphan } from '../../../nodes/core/supervisor/orphans.ts';
import { readRecord, type RunRecord } from '../../../nodes/core/supervisor/run-record.ts';
import { identityOf, never, type Supervised, supervised } from '../../support/supervised.ts';

/** Another process starts the server. */
async function elsewhere(t: TestContext, { options }: Supervised): Promise<{ parent: ChildProcess; pid: number }> {
  const parent = fork(new URL('../../support/supervising-child.ts', import.meta.url), [JSON.stringify(options)], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  t.after(() => parent.kill('SIGKILL'));
  const [{ pid }] = (await once(parent, 'message')) as [{ pid: number }];
  t.after(() => identityOf(pid) && process.kill(pid, 'SIGKILL'));
  return { parent, pid };
}

function childrenOf(pid: number): number[] {
  return execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' }).trim().split(/\s+/).map(Number);
}

/** Another process starts the server and is killed with -9. */
async function leftBehind(t: TestContext, server: Supervised): Promise<number> {
  const { parent, pid } = await elsewhere(t, server);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  assert.ok(identityOf(pid), 'it outlives who has started it');
  return pid;
}

test('a server that was left behind is taken over where it runs with the same command, and used at once', async (t) => {
  const server = await supervised(t);
  const pid = await leftBehind(t, server);
  const { supervisor } = server;
  await supervisor.recover();
  (await supervisor.acquire(never))();
  assert.deepEqual([supervisor.facts.pid, supervisor.facts.adopted], [pid, true]);
  assert.equal(readRecord(server.recordFile)?.owner.pid, process.pid);
});

test('one that was taken over is ended in order, and started again when it is killed', async (t) => {
  const server = await supervised(t);
  const pid = await leftBehind(t, server);
  const { supervisor, until } = server;
  supervisor.start();
  await until('ready');
  process.kill(pid, 'SIGKILL');
  await until('backoff');
  const again = await until('ready');
  assert.deepEqual([again.adopted, again.pid === pid], [false, false]);
  await supervisor.stop();

  const second = await leftBehind(t, server);
  supervisor.start();
  await until('ready');
  await supervisor.stop();
  assert.equal(identityOf(second), undefined);
  assert.ok(!existsSync(server.recordFile));
});

test('one that runs with another command is ended, by a look or by a start', async (t) => {
  const server = await supervised(t);
  const changed = server.another({}, { TOKENS: '9' });
  const first = await leftBehind(t, server);
  await changed.supervisor.recover();
  assert.equal(identityOf(first), undefined);
  assert.equal(changed.supervisor.state, 'stopped');

  const second = await leftBehind(t, server);
  changed.supervisor.start();
  const { pid, adopted } = await changed.until('ready');
  assert.deepEqual([identityOf(second), adopted], [undefined, false]);
  assert.notEqual(pid, second);
});

test('one whose Node-RED runs is left alone', async (t) => {
  const server = await supervised(t);
  const { pid } = await elsewhere(t, server);
  server.supervisor.start();
  const { crash } = await server.until('failed');
  assert.equal(crash?.reason, 'port');
  assert.match(crash.error.message, /another Node-RED/);
  assert.equal(await endOrphans(server.folder, () => false, 10), 0);
  assert.ok(identityOf(pid));
});

test('a process that has got the number of one that is gone is nobody’s, and left alone', async (t) => {
  const server = await supervised(t);
  const { supervisor, until, recordFile, options } = server;
  supervisor.start();
  const { pid } = await until('ready');
  const record = JSON.parse(readFileSync(recordFile, 'utf8')) as RunRecord;
  const older = { ...record, server: { ...record.server, startedAt: `${record.server.startedAt}0` } };
  writeFileSync(recordFile, JSON.stringify(older));
  assert.equal(findOrphan(recordFile), undefined);
  assert.equal(await endOrphans(server.folder, () => false, 10), 0);
  assert.ok(!existsSync(recordFile), 'the record of what is gone goes');
  writeFileSync(recordFile, JSON.stringify(older));
  const next = server.another({ address: options.address });
  next.supervisor.start();
  assert.equal((await next.until('failed')).crash?.reason, 'port');
  assert.ok(identityOf(pid as number));
});

test('what no node claims any more is ended, with its children', async (t) => {
  const server = await supervised(t, { CHILD: '1' });
  const pid = await leftBehind(t, server);
  const children = childrenOf(pid);
  assert.equal(children.length, 1);
  const { port } = server.options.address;
  assert.equal(await endOrphans(server.folder, (claimed) => claimed === port, 5_000), 0);
  assert.ok(identityOf(pid));
  assert.equal(await endOrphans(server.folder, () => false, 5_000), 1);
  assert.deepEqual([identityOf(pid), existsSync(server.recordFile)], [undefined, false]);
  for (const child of children) while (identityOf(child)) await delay(1);
});

test('a folder that is not there, and a record that is none, are no matter', async (t) => {
  const { folder, recordFile } = await supervised(t);
  assert.equal(await endOrphans(`${folder}/none`, () => false, 10), 0);
  for (const text of ['', '[]', '{"server":{"pid":1,"startedAt":"x"},"owner":{"pid":2,"startedAt":"x"}}', '{"server":{"pid":-5,"startedAt":"x"}}']) {
    writeFileSync(recordFile, text);
    assert.equal(readRecord(recordFile), undefined);
  }
});

for (const [how, order] of [['in order', 'exit'], ['by a defect', 'throw']] as const) {
  test(`no server outlives a process that ends ${how}`, async (t) => {
    const { parent, pid } = await elsewhere(t, await supervised(t, { CHILD: '1' }));
    parent.send(order);
    await once(parent, 'exit');
    while (identityOf(pid)) await delay(1);
  });
}
