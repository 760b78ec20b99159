/** How the answer on the chat page ends. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiError } from '../../../nodes/endpoint/page/api.ts';
import { type Answer, newAnswer } from '../../../nodes/endpoint/page/conversation.ts';
import { receive } from '../../../nodes/endpoint/page/receive.ts';
import type { StreamItem } from '../../../nodes/endpoint/page/sse.ts';

const word = (content: string) => ({ data: JSON.stringify({ choices: [{ delta: { content } }] }) });
const finish = { data: JSON.stringify({ choices: [{ delta: {}, finish_reason: 'stop' }] }) };
const error = { data: JSON.stringify({ error: { message: 'Out of memory.', code: 'out_of_memory' } }) };
const usage = { data: JSON.stringify({ choices: [], usage: { completion_tokens: 1 } }) };
const done = { data: '[DONE]' };
const waiting = { comment: 'waiting' };

async function answerOf(pieces: (StreamItem[] | Error)[], signal = new AbortController().signal): Promise<Answer & { waits: boolean[] }> {
  async function* stream(): AsyncGenerator<StreamItem[]> {
    for (const piece of pieces) {
      if (piece instanceof Error) throw piece;
      yield piece;
    }
  }
  const answer = newAnswer();
  const waits: boolean[] = [];
  await receive(stream(), answer, signal, (waiting) => waits.push(waiting));
  return { ...answer, waits };
}

describe('an answer on the chat page', () => {
  it('is done at the end mark, or with the reason of its end', async () => {
    assert.equal((await answerOf([[word('a')], [done, word('b')]])).text, 'a');
    assert.equal((await answerOf([[word('a'), done]])).state, 'done');
    assert.equal((await answerOf([[word('a'), finish]])).state, 'done');
  });

  it('has failed where the stream ends without either', async () => {
    const { state, text, failure } = await answerOf([[word('a')]]);
    assert.deepEqual([state, text], ['failed', 'a']);
    assert.match(failure?.message ?? '', /before it was complete/);
  });

  it('has failed at an error event, and still takes what follows', async () => {
    const { state, failure, usage: used } = await answerOf([[word('a'), error], [usage, done]]);
    assert.equal(state, 'failed');
    assert.deepEqual(failure, { message: 'Out of memory.', code: 'out_of_memory' });
    assert.deepEqual(used, { completion_tokens: 1 });
  });

  it('keeps the failure that the server told when the connection breaks after it', async () => {
    const { failure } = await answerOf([[error], new ApiError({ failure: { message: 'The connection broke.' } })]);
    assert.equal(failure?.message, 'Out of memory.');
  });

  it('has failed where the request was refused', async () => {
    const { state, failure } = await answerOf([new ApiError({ failure: { message: 'No key.', status: 401 } })]);
    assert.deepEqual([state, failure?.status], ['failed', 401]);
  });

  it('is stopped by its reader', async () => {
    const stopped = AbortSignal.abort();
    assert.equal((await answerOf([[word('a')], stopped.reason as Error], stopped)).state, 'stopped');
  });

  it('waits as long as there are only comments', async () => {
    assert.deepEqual((await answerOf([[waiting], [], [waiting, word('a')], [word('b'), waiting], [done]])).waits, [true, false, true]);
  });
});
