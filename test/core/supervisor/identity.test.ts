import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { identityOf, isAlive } from '../../../nodes/core/supervisor/identity.ts';

test('a process is itself as long as it runs, and no other', async (t) => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  const identity = identityOf(child.pid as number);
  assert.ok(identity && isAlive(identity));
  assert.deepEqual(identityOf(child.pid as number), identity);
  assert.ok(!isAlive({ ...identity, pid: process.pid }));
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok(!isAlive(identity));
});

test('a process that has ended and that nobody has asked about is gone', async () => {
  // A shell that never waits for its child.
  const shell = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60']);
  const [line] = (await once(shell.stdout, 'data')) as [Buffer];
  while (identityOf(Number(line))) await new Promise(setImmediate);
  shell.kill('SIGKILL');
});

test('a name with any characters in it does not confuse', async (t) => {
  const child = spawn(process.execPath, ['-e', 'process.title = "a) R 1 (b 2"; console.log(1); setInterval(() => {}, 1000)']);
  t.after(() => child.kill('SIGKILL'));
  const before = identityOf(child.pid as number);
  await once(child.stdout, 'data');
  assert.deepEqual(identityOf(child.pid as number), before);
});

test('there is none for a number that nobody has', () => {
  assert.equal(identityOf(2 ** 30), undefined);
});
