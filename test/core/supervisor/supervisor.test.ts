import assert from 'node:assert/strict';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { LlmError } from '../../../nodes/core/errors.ts';
import { identityOf, never, supervised } from '../../support/supervised.ts';

const kill = (pid: number | undefined, signal: NodeJS.Signals = 'SIGKILL') => process.kill(pid ?? assert.fail('It does not run.'), signal);

test('a server is started, ready once its model is loaded, and ended in order', async (t) => {
  const { supervisor, until, url, states, recordFile } = await supervised(t, { HOLD: '1' });
  supervisor.start();
  const { pid } = await until('loading');
  assert.ok(pid && identityOf(pid));
  await until(({ lines }) => lines.some((line) => line.includes('listening')));
  assert.equal(supervisor.refusal, 'overloaded');
  await fetch(`${url}/loaded`);
  await until('ready');
  assert.equal(statSync(recordFile).mode & 0o777, 0o600);
  await supervisor.stop();
  assert.deepEqual(states, ['starting', 'loading', 'ready', 'stopping', 'stopped']);
  assert.equal(identityOf(pid), undefined);
  assert.ok(!existsSync(recordFile));
});

test('the first request starts it and waits for it, and so do the others', async (t) => {
  const { supervisor, url, until } = await supervised(t, { HOLD: '1' });
  assert.deepEqual([supervisor.state, supervisor.refusal], ['stopped', undefined]);
  const requests = [supervisor.acquire(never), supervisor.acquire(never)] as Array<Promise<() => void>>;
  await until(({ lines }) => lines.some((line) => line.includes('listening')));
  await fetch(`${url}/loaded`);
  for (const release of await Promise.all(requests)) release();
  assert.equal(typeof supervisor.acquire(never), 'function', 'no wait any more');
});

test('a request waits no longer than it may, and one that may not wait is sent on while the server starts', async (t) => {
  const { supervisor, options, url, until } = await supervised(t, { HOLD: '1' }, { waitMs: 1 });
  const late = { kind: 'overloaded', retryable: false };
  await assert.rejects(async () => supervisor.acquire(never), { ...late, message: /was not ready within 1 ms/ });
  supervisor.configure({ ...options, waitMs: 0 });
  await assert.rejects(async () => supervisor.acquire(never), { ...late, message: /is starting/ });
  supervisor.configure({ ...options, waitMs: 10_000 });
  const gone = new LlmError('cancelled', 'Gone.');
  await assert.rejects(async () => supervisor.acquire(AbortSignal.abort(gone)), gone);
  await until(({ lines }) => lines.some((line) => line.includes('listening')));
  await fetch(`${url}/loaded`);
  await supervisor.acquire(never);
});

test('one that is killed comes back, and a request that comes meanwhile waits for it', async (t) => {
  const { supervisor, until, states } = await supervised(t);
  supervisor.start();
  const { pid } = await until('ready');
  kill(pid);
  const { crash, restarts } = await until('backoff');
  assert.deepEqual([crash?.reason, crash?.error.kind, restarts, supervisor.refusal], ['killed', 'out_of_memory', 1, 'unavailable']);
  (await supervisor.acquire(never))();
  const again = supervisor.facts;
  assert.notEqual(again.pid, pid);
  assert.deepEqual([again.crash, again.restarts], [crash, 1], 'It is known why, as long as nobody has started it anew.');
  assert.ok(again.crashedAt && again.crashedAt <= performance.now());
  assert.deepEqual(states, ['starting', 'loading', 'ready', 'backoff', 'starting', 'loading', 'ready']);
});

test('one that lives and answers no more is ended and started again, in use or not', async (t) => {
  const watchdog = { everyMs: 1, answerWithinMs: 20, checks: 2, checksInUse: 4 };
  const { supervisor, until } = await supervised(t, {}, { watchdog, stopWithinMs: 20 });
  for (const acquire of [() => () => undefined, () => supervisor.acquire(never)]) {
    supervisor.restart();
    const { pid } = await until(({ state, restarts }) => state === 'ready' && restarts === 0);
    const release = await acquire();
    kill(pid, 'SIGSTOP');
    const { crash, restarts } = await until('backoff');
    assert.deepEqual([crash?.reason, crash?.error.kind, crash?.error.retryable, restarts], ['hung', 'unavailable', false, 1]);
    assert.equal(identityOf(pid as number), undefined);
    release();
    await until('ready');
  }
});

test('one that crashes again and again is given up; requests hear why, until somebody starts it', async (t) => {
  const { supervisor, until, states } = await supervised(t, { EXIT: '1' }, { say: 'ggml_aligned_malloc: insufficient memory (attempted to allocate 197.15 MB)' });
  const request = supervisor.acquire(never) as Promise<unknown>;
  await assert.rejects(request, { kind: 'out_of_memory', retryable: false });
  assert.deepEqual([supervisor.state, supervisor.facts.restarts, supervisor.refusal], ['failed', 2, 'unavailable']);
  assert.deepEqual(states, ['starting', 'loading', 'backoff', 'starting', 'loading', 'backoff', 'starting', 'loading', 'failed']);
  assert.match(supervisor.facts.lines.join(), /insufficient memory/);
  await assert.rejects(async () => supervisor.acquire(never), { kind: 'out_of_memory' });
  assert.equal(supervisor.state, 'failed');
  supervisor.start();
  await until('starting');
  await until('failed');
});

test('a program that is not there is said so, and so is one that may not be run', async (t) => {
  const { another, recordFile, options, folder } = await supervised(t);
  const plain = `${folder}/plain`;
  writeFileSync(plain, '');
  for (const executable of ['/no/such/llama-server', 'no-such-llama-server', plain]) {
    const { supervisor, until } = another({ command: { ...options.command, executable }, restarts: { ...options.restarts, maxRestarts: 0 } });
    supervisor.start();
    const { crash } = await until('failed');
    assert.deepEqual([crash?.reason, crash?.error.kind], ['executable', 'unavailable']);
    assert.ok(!existsSync(recordFile));
  }
});

test('it is not started where something else listens, and the other is left alone', async (t) => {
  const { supervisor, until, options, states } = await supervised(t);
  const other = createServer().listen(options.address.port, '127.0.0.1');
  await once(other, 'listening');
  supervisor.start();
  assert.equal((await until('failed')).crash?.reason, 'port');
  assert.ok(!states.includes('loading'));
  other.close();
});

test('one that does not end when asked is ended by force, with its children', async (t) => {
  const { supervisor, until } = await supervised(t, { DEAF: '1', CHILD: '1' }, { stopWithinMs: 50 });
  supervisor.start();
  const { lines, pid } = await until('ready');
  const child = Number(/child (\d+)/.exec(lines.join())?.[1]);
  assert.ok(identityOf(child));
  await supervisor.stop();
  assert.equal(identityOf(pid as number), undefined);
  while (identityOf(child)) await delay(1);
});

test('the children of one that was killed end as well', async (t) => {
  const { supervisor, until } = await supervised(t, { CHILD: '1' });
  supervisor.start();
  const { lines, pid } = await until('ready');
  kill(pid);
  await until('backoff');
  const child = Number(/child (\d+)/.exec(lines.join())?.[1]);
  while (identityOf(child)) await delay(1);
});

test('it is stopped when nobody has used it for long enough, and started by the next', async (t) => {
  const { supervisor, until } = await supervised(t, {}, { idleStopMs: 40 });
  const release = await supervisor.acquire(never);
  await delay(80);
  assert.equal(supervisor.state, 'ready', 'in use');
  release();
  release();
  await until('stopped');
  assert.equal(supervisor.refusal, undefined);
  await supervisor.acquire(never);
  assert.equal(supervisor.state, 'ready');
});

test('one that was stopped by hand stays so, whatever is asked of it', async (t) => {
  const { supervisor, until } = await supervised(t);
  supervisor.start();
  await until('ready');
  await supervisor.stop(true);
  await assert.rejects(async () => supervisor.acquire(never), { kind: 'unavailable', message: /stopped by hand/ });
  assert.deepEqual([supervisor.state, supervisor.refusal], ['stopped', 'unavailable']);
  supervisor.start();
  await until('ready');
});

test('who waits while it is stopped by hand is told so', async (t) => {
  const { supervisor, until } = await supervised(t, { HOLD: '1' });
  const waiting = supervisor.acquire(never) as Promise<unknown>;
  const told = assert.rejects(waiting, { kind: 'unavailable', message: /stopped by hand/ });
  await until('loading');
  await supervisor.stop(true);
  await told;
});

test('a new command starts it anew, the same one does not', async (t) => {
  const { supervisor, until, options } = await supervised(t);
  supervisor.start();
  const { pid } = await until('ready');
  supervisor.configure({ ...options, waitMs: 5 });
  assert.equal(supervisor.facts.pid, pid);
  supervisor.configure({ ...options, command: { ...options.command, env: { TOKENS: '1' } } });
  await until((facts) => facts.state === 'ready' && facts.pid !== pid);
  assert.equal(identityOf(pid as number), undefined);
});

test('started and stopped in any order, it ends as it was asked last, with one process or none', async (t) => {
  const { supervisor, until } = await supervised(t);
  supervisor.start();
  void supervisor.stop();
  supervisor.start();
  supervisor.restart();
  void supervisor.stop();
  supervisor.restart();
  const { pid } = await until('ready');
  supervisor.restart();
  void supervisor.stop();
  await until('stopped');
  assert.equal(identityOf(pid as number), undefined);
  assert.equal(supervisor.state, 'stopped');
});

test('its log, its facts and its failures hold no value of its environment', async (t) => {
  const { supervisor, until, url } = await supervised(t, { HF_TOKEN: 'hf-canary-17' }, { say: 'I was given hf-canary-17 and more' });
  supervisor.start();
  await until('ready');
  await fetch(`${url}/exit?code=3&say=${encodeURIComponent('Bye, hf-canary-17')}`).catch(() => undefined);
  const facts = await until('backoff');
  assert.match(facts.lines.join('\n'), /I was given ••• and more\n.*\nBye, •••/s);
  assert.doesNotMatch(JSON.stringify([facts, facts.crash?.error.message, facts.crash?.error.cause]), /canary/);
});

test('how far the model is loaded is read from what the server writes', async (t) => {
  const { supervisor, until, url } = await supervised(t, { HOLD: '1' });
  supervisor.start();
  await until(({ lines }) => lines.some((line) => line.includes('listening')));
  await fetch(`${url}/say?text=${encodeURIComponent('.'.repeat(40))}`);
  await until(({ progress }) => progress === 40);
  await fetch(`${url}/say?text=${encodeURIComponent('\nLoading safetensors checkpoint shards:  75% Completed | 3/4\r')}`);
  await until(({ progress }) => progress === 75);
  await fetch(`${url}/loaded`);
  assert.equal((await until('ready')).progress, undefined);
});
