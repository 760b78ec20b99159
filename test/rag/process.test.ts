import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { Process, type ProcessOptions } from '../../nodes/rag/process.ts';
import type { TestMethods } from '../support/process-methods.ts';

function start(t: TestContext, options: Partial<ProcessOptions> = {}): Process<TestMethods> {
  const file = new URL('../support/process-methods.ts', import.meta.url);
  const tested = new Process<TestMethods>({ file, name: 'The tester', memoryMb: 128, heapMb: 64, cpuSeconds: 60, ...options });
  t.after(() => tested.close());
  return tested;
}

test('calls are answered by a process that stays, and bytes come along whole', async (t) => {
  const tested = start(t);
  const pid = await tested.call('pid', [], {});
  assert.notEqual(pid, process.pid);
  for (const length of [0, 1, 100_000, 5_000_000]) assert.equal(await tested.call('sum', [length], { bytes: Buffer.alloc(length, 3) }), 3 * length);
  assert.deepEqual(await tested.call('sizes', [[2, 3]], { bytes: Buffer.alloc(5) }), [2, 3]);
  assert.equal(await tested.call('pid', [], {}), pid);
});

test('it knows none of Node-RED’s secrets and options', async (t) => {
  process.env['TEST_API_KEY'] = 'canary';
  process.env['NODE_OPTIONS'] = '--no-such-option';
  t.after(() => {
    delete process.env['TEST_API_KEY'];
    delete process.env['NODE_OPTIONS'];
  });
  const known = await start(t).call('environment', [], {});
  assert.deepEqual(known.filter((name) => /KEY|NODE_OPTIONS/.test(name)), []);
});

for (const isLimited of [process.platform === 'linux', false]) {
  test(`what it takes beside its heap is bounded (${isLimited ? 'by the system' : 'by itself'}), and the next call gets a new one`, async (t) => {
    const tested = start(t, { isLimited });
    await assert.rejects(tested.call('fillBeside', [], {}), (error: Error & { kind?: string }) => error.kind === 'out_of_memory' || error.message.includes('(RangeError)'));
    assert.equal(await tested.call('sum', [2], { bytes: Buffer.alloc(2, 1) }), 2);
  });
}

test('one that dies, or takes too long, fails its call alone', async (t) => {
  const tested = start(t);
  await assert.rejects(tested.call('leave', [], {}), { kind: 'server' });
  await assert.rejects(tested.call('hang', [], { timeoutMs: 100 }), { kind: 'timeout' });
  assert.equal(await tested.call('sum', [1], { bytes: Buffer.of(7) }), 7);
});

test('after so many calls it makes room for a fresh one', async (t) => {
  const tested = start(t, { renewAfter: { calls: 2, busyMs: 1e9 } });
  const pids: number[] = [];
  for (let call = 0; call < 5; call++) pids.push(await tested.call('pid', [], {}));
  assert.equal(new Set(pids).size, 3);
});

test('one that cannot come up is told so', async (t) => {
  const tested = start(t, { file: new URL('../support/no-such-file.ts', import.meta.url), isLimited: false });
  await assert.rejects(tested.call('pid', [], {}), { kind: 'unavailable', message: /^The tester cannot be started \(exit code 1\)\./ });
});

for (const isLimited of [process.platform === 'linux', false]) {
  test(`one that is at work when Node-RED is killed comes to its end (${isLimited ? 'by its time' : 'by its watch'})`, { skip: process.platform === 'win32' && 'signals are others' }, async () => {
    const parent = spawn(process.execPath, [new URL('../support/process-parent.ts', import.meta.url).pathname, String(isLimited)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = Number(String((await once(parent.stdout, 'data'))[0]));
    parent.kill('SIGKILL');
    while (isThere(pid)) await setTimeout(50);
  });
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
