import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { EchoClient, type EchoOptions } from '../../../nodes/backends/echo/client.ts';
import { Answer } from '../../../nodes/core/completion.ts';
import { continuationOf } from '../../../nodes/core/continuation.ts';
import { type FailureKind, failureKinds, LlmError } from '../../../nodes/core/errors.ts';
import type { CompletionRequest } from '../../../nodes/core/request.ts';
import { FakeTime, settled } from '../../support/fake-time.ts';
import { collect, requestOf } from '../../support/requests.ts';

const fast: EchoOptions = { model: 'echo', tokensPerSecond: 0, delayMs: 0 };
const story = requestOf('Once upon a time');

function echoOf(request: CompletionRequest, options: Partial<EchoOptions> = {}): Promise<Answer> {
  return collect(new EchoClient({ ...fast, ...options }), request).then(({ answer }) => answer);
}

/** The times, in ms from the start, at which the words come; they end when the stream does. */
function paced(t: TestContext, options: Partial<EchoOptions>, request = story) {
  const time = new FakeTime(t);
  const start = time.now;
  const controller = new AbortController();
  const words: Array<[number, string]> = [];
  const ended = (async () => {
    for await (const parts of new EchoClient({ ...fast, ...options }).stream(request, { signal: controller.signal, onConnected: () => {} })) {
      for (const part of parts) if (part.type === 'text') words.push([time.now - start, part.text]);
    }
  })();
  return { time, words, ended, abort: (reason: Error) => controller.abort(reason) };
}

test('it says the last question again', async () => {
  assert.equal((await echoOf(story)).text, 'Once upon a time');
  const conversation = requestOf([
    { role: 'user', content: 'First' },
    { role: 'assistant', content: 'Answer' },
    { role: 'user', content: [{ type: 'text', text: 'Second' }, { type: 'image_url', image_url: { url: 'data:,' } }] },
    { role: 'assistant', content: 'Later' },
  ]);
  assert.equal((await echoOf(conversation)).text, 'Second');
  assert.equal((await echoOf(requestOf([{ role: 'system', content: 'Only' }]))).text, 'Only');
});

test('blanks and line breaks stay as they are', async () => {
  const words = '  Once\n\nupon\ta  time \n';
  assert.equal((await echoOf(requestOf(words))).text, words);
});

test('it counts words, of all messages in and of the answer out', async () => {
  const { usage } = await echoOf(requestOf('Once upon a time', { system: 'Be kind' }));
  assert.deepEqual(usage, { inputTokens: 6, outputTokens: 4 });
});

test("it names the request's model, else its own", async () => {
  assert.equal((await echoOf(requestOf('Hi', { model: 'large' }))).model, 'large');
  assert.equal((await echoOf(requestOf('Hi'))).model, 'echo');
});

test('it stops at the most tokens, and says so', async () => {
  const cut = await echoOf(requestOf('Once upon a time', { maxTokens: 2 }));
  assert.deepEqual([cut.text, cut.finishReason, cut.usage.outputTokens], ['Once upon', 'length', 2]);
  const whole = await echoOf(requestOf('Once upon a time', { maxTokens: 4 }));
  assert.deepEqual([whole.text, whole.finishReason], ['Once upon a time', 'stop']);
});

test('it stops before the first stop sequence', async () => {
  const stopped = await echoOf(requestOf('Once upon a time', { stop: ['time', 'upon', 'never'] }));
  assert.deepEqual([stopped.text, stopped.finishReason], ['Once ', 'stop']);
  assert.equal((await echoOf(requestOf('Once upon', { stop: 'never' }))).text, 'Once upon');
});

test('asked to go on, it says the rest', async () => {
  const restOf = async (payload: unknown, said: string) => (await echoOf(requestOf(continuationOf(payload, said, undefined)))).text;
  assert.equal(await restOf('Once upon a time', 'Once upon'), ' a time');
  assert.equal(await restOf('Once upon a time', 'Once upon a time'), '');
  assert.equal(await restOf('Once upon a time', 'Something else'), 'Once upon a time');
  const conversation = [{ role: 'user', content: 'First' }, { role: 'assistant', content: 'Fir' }, { role: 'user', content: 'Second' }];
  assert.equal(await restOf(conversation, 'Sec'), 'ond');
});

test('words come at their pace after the first delay', async (t) => {
  const { time, words, ended } = paced(t, { tokensPerSecond: 10, delayMs: 500 });
  await time.advance(800);
  await ended;
  assert.deepEqual(words, [
    [500, 'Once'],
    [600, ' upon'],
    [700, ' a'],
    [800, ' time'],
  ]);
  assert.equal(time.timers, 0);
});

test('a pace that no timer can keep does not fall behind', async (t) => {
  const { time, words, ended } = paced(t, { tokensPerSecond: 3000 }, requestOf('w '.repeat(3000)));
  await time.advance(1100);
  await ended;
  assert.equal(words.length, 3001);
  assert.ok((words.at(-1)?.[0] ?? 0) <= 1001);
});

for (const [where, options, words] of [['the first delay', { delayMs: 1000 }, 0], ['the wait for a word', { tokensPerSecond: 1 }, 1]] as const) {
  test(`a cancel ends ${where}`, async (t) => {
    const echo = paced(t, options);
    const rejected = assert.rejects(echo.ended);
    await settled();
    echo.abort(new LlmError('cancelled', 'Gone.'));
    await rejected;
    assert.deepEqual([echo.time.timers, echo.words.length], [0, words]);
  });
}

test('it fails on purpose with every kind, after so many tokens', async () => {
  for (const kind of failureKinds) {
    if (kind === 'timeout') continue;
    const { parts, failure } = await faulty(kind, { afterTokens: 2 });
    assert.deepEqual(parts, ['Once', ' upon']);
    assert.deepEqual([failure?.kind, failure?.provider], [kind, 'echo']);
  }
});

test('a timeout on purpose is a server that goes silent until it is cancelled', async (t) => {
  const { time, words, ended, abort } = paced(t, { fault: { kind: 'timeout', percent: 100, afterTokens: 1 } });
  let isOver = false;
  const rejected = assert.rejects(ended, { message: 'Too late.' }).then(() => (isOver = true));
  await time.advance(1e9);
  assert.deepEqual([words.length, isOver], [1, false]);
  abort(new LlmError('timeout', 'Too late.'));
  await rejected;
});

test('a fault before the first token sends none', async () => {
  const { parts, failure } = await faulty('overloaded', { afterTokens: 0 });
  assert.deepEqual(parts, []);
  assert.equal(failure?.kind, 'overloaded');
});

test('so many of a hundred requests fail, as chance has it', async () => {
  const failed = async (random: number, percent: number) => (await faulty('server', { percent, random })).failure !== undefined;
  assert.deepEqual([await failed(0, 0), await failed(0.999, 100)], [false, true]);
  assert.deepEqual([await failed(0.29, 30), await failed(0.3, 30)], [true, false]);
});

/** What an echo with a fault sends until it fails, if it does. */
async function faulty(kind: FailureKind, { percent = 100, afterTokens = 0, random = 0 }) {
  const parts: string[] = [];
  const client = new EchoClient({ ...fast, fault: { kind, percent, afterTokens }, random: () => random });
  try {
    for await (const piece of client.stream(story, { signal: new AbortController().signal, onConnected: () => {} })) {
      for (const part of piece) if (part.type === 'text') parts.push(part.text);
    }
    return { parts };
  } catch (error) {
    return { parts, failure: error as LlmError };
  }
}
