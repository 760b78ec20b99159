import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readListenAddress, readRunSettings } from '../../nodes/runtime/run-settings.ts';

test('a flow written by hand needs none of the fields', () => {
  const { start, waitMs, idleStopMs, restarts } = readRunSettings({});
  assert.deepEqual([start, waitMs, idleStopMs, restarts.maxRestarts], ['deploy', 120_000, 0, 5]);
});

test('what is chosen holds', () => {
  const { start, waitMs, idleStopMs, restarts } = readRunSettings({ start: 'use', waitForStartMs: '0', idleStopMinutes: '0.5', maxRestarts: 0 });
  assert.deepEqual([start, waitMs, idleStopMs, restarts.maxRestarts], ['use', 0, 30_000, 0]);
});

test('what cannot be is told by the name of its field', () => {
  for (const [name, value] of [['start', 'later'], ['waitForStartMs', -1], ['idleStopMinutes', 'x'], ['maxRestarts', 1.5]] as const) {
    assert.throws(() => readRunSettings({ [name]: value }), { name: 'RangeError', message: new RegExp(name) });
  }
});

test('a server listens where its address says, on this machine alone', () => {
  assert.deepEqual(readListenAddress('http://localhost:8080'), { host: '127.0.0.1', port: 8080 });
  assert.deepEqual(readListenAddress('http://gpu.localhost'), { host: '127.0.0.1', port: 80 });
  assert.deepEqual(readListenAddress('http://127.0.0.2:1'), { host: '127.0.0.2', port: 1 });
  assert.deepEqual(readListenAddress('http://[::1]:8000/x'), { host: '::1', port: 8000 });
  for (const url of ['http://192.168.1.5:8080', 'https://localhost:8080', 'http://0.0.0.0:8080', 'http://example.com']) {
    assert.throws(() => readListenAddress(url), { name: 'RangeError' }, url);
  }
});
