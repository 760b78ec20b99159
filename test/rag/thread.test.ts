import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { isLlmError, type LlmError } from '../../nodes/core/errors.ts';
import { siblingFile, Thread, type ThreadOptions } from '../../nodes/rag/thread.ts';
import type { TestMethods } from '../support/thread-methods.ts';

function start(t: TestContext, options: Partial<ThreadOptions> = {}): Thread<TestMethods> {
  const thread = new Thread<TestMethods>({ file: new URL('../support/thread-methods.ts', import.meta.url), name: 'The tester', ...options });
  t.after(() => thread.close());
  return thread;
}

async function failureOf(call: Promise<unknown>): Promise<LlmError> {
  const error = await call.then(() => assert.fail('It went well.'), (thrown: unknown) => thrown);
  assert.ok(isLlmError(error), String(error));
  return error;
}

test('calls get their own answers, in a thread that stays', async (t) => {
  const thread = start(t, { data: { path: 'x' } });
  const answers = await Promise.all([thread.call('later', ['a']), thread.call('add', [1, 2]), thread.call('later', ['b']), thread.call('data', [])]);
  assert.deepEqual(answers, ['a', 3, 'b', { path: 'x' }]);
  const id = await thread.call('thread', []);
  assert.deepEqual([id > 0, await thread.call('thread', [])], [true, id]);
});

test('a failure keeps its kind, message, hint and facts', async (t) => {
  const error = await failureOf(start(t).call('refuse', []));
  assert.deepEqual([error.message, error.hint, error.cause], ['There is none. Make one.', 'Make one.', { kind: 'not_found', hint: 'Make one.', status: 404, retryAfterMs: 5 }]);
});

test('what is no failure of ours tells its name alone, and the thread goes on', async (t) => {
  const thread = start(t);
  const error = await failureOf(thread.call('break', []));
  assert.deepEqual([error.kind, error.message.includes('(TypeError)'), /secret/.test(String(error.stack))], ['server', true, false]);
  assert.equal((await failureOf(thread.call('unclonable', []))).kind, 'server');
  assert.equal(await thread.call('add', [1, 2]), 3);
});

test('arguments that cannot be cloned fail their call alone', async (t) => {
  const thread = start(t);
  await assert.rejects(thread.call('add', [(() => undefined) as never, 1]), { name: 'DataCloneError' });
  assert.equal(await thread.call('add', [1, 2]), 3);
});

test('buffers are moved there and back', async (t) => {
  const numbers = new Float32Array([1, 2, 3]);
  const thread = start(t);
  const { doubled } = await thread.call('double', [numbers], { transfer: [numbers.buffer] });
  assert.deepEqual([[...doubled], numbers.length, await thread.call('left', [])], [[2, 4, 6], 0, 0]);
});

test('a call that takes too long ends the thread with all calls under way; the next one gets a new thread', async (t) => {
  const thread = start(t);
  const id = await thread.call('thread', []);
  const [late, other] = await Promise.all([failureOf(thread.call('hang', [], { timeoutMs: 20 })), failureOf(thread.call('add', [1, 2]))]);
  assert.deepEqual([late.kind, late.message, other.kind], ['timeout', 'The tester took longer than 20 ms.', 'timeout']);
  assert.ok((await thread.call('thread', [])) > id);
});

for (const method of ['leave', 'crash'] as const) {
  test(`a thread that dies (${method}) fails its call, and the next one gets a new thread`, async (t) => {
    const thread = start(t);
    const error = await failureOf(thread.call(method, []));
    assert.deepEqual([error.kind, error.message.startsWith('The tester ended unexpectedly.'), /secret/.test(String(error.stack))], ['server', true, false]);
    assert.equal(await thread.call('add', [1, 2]), 3);
  });
}

test('a thread out of memory fails its call, and the next one gets a new thread', async (t) => {
  const thread = start(t, { resourceLimits: { maxOldGenerationSizeMb: 16 } });
  const error = await failureOf(thread.call('fill', []));
  assert.deepEqual([error.kind, error.message], ['out_of_memory', 'The tester needed more memory than 16 MB.']);
  assert.equal(await thread.call('add', [1, 2]), 3);
});

test('an idle thread ends, and the next call gets a new one', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const thread = start(t, { idleMs: 1000 });
  const id = await thread.call('thread', []);
  t.mock.timers.tick(999);
  assert.equal(await thread.call('thread', []), id);
  t.mock.timers.tick(999);
  const call = thread.call('thread', []);
  t.mock.timers.tick(5000);
  assert.equal(await call, id);
  t.mock.timers.tick(1000);
  assert.notEqual(await thread.call('thread', []), id);
});

test('closing fails what is under way and all later calls', async (t) => {
  const thread = start(t);
  const call = failureOf(thread.call('hang', []));
  await thread.close();
  for (const error of [await call, await failureOf(thread.call('add', [1, 2]))]) assert.deepEqual([error.kind, error.message], ['cancelled', 'The tester is closed.']);
  await thread.close();
  await start(t).close();
});

test('a sibling is TypeScript beside TypeScript, else JavaScript', () => {
  const names = ['file:///a/b.ts', 'file:///a/b.js'].map((url) => siblingFile(url, 'worker').href);
  assert.deepEqual(names, ['file:///a/worker.ts', 'file:///a/worker.js']);
});
