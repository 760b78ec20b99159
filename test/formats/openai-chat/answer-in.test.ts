/** Answers in OpenAI's format become parts, the same wherever the network cuts them. */
import fc from 'fast-check';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StreamPart } from '../../../nodes/core/completion.ts';
import { readAnswer as readOpenAiAnswer } from '../../../nodes/formats/openai-chat/answer-in.ts';
import { recorded } from '../../support/recorded.ts';
import { failureOf, requestOf } from '../../support/requests.ts';
import { anyCuts, doubleCuts, flatten, piecesOf, singleCuts } from '../../support/splits.ts';

const provider = { id: 'test', label: 'The server', url: 'http://localhost' };
const eventStream = { 'content-type': 'text/event-stream' };
const json = { 'content-type': 'application/json; charset=utf-8' };

function read(stream: string | Uint8Array, { cuts = [], headers = eventStream }: { cuts?: readonly number[]; headers?: Record<string, string> } = {}): Promise<StreamPart[]> {
  return flatten(readOpenAiAnswer({ headers, body: piecesOf(Buffer.from(stream), cuts), provider, request: requestOf('Hi') }));
}

function events(...objects: unknown[]): string {
  return objects.map((object) => `data: ${typeof object === 'string' ? object : JSON.stringify(object)}\n\n`).join('');
}

const delta = (delta: object, finish_reason: string | null = null) => ({ choices: [{ index: 0, delta, finish_reason }] });
const text = (text: string): StreamPart => ({ type: 'text', text });
const stop: StreamPart = { type: 'finish', reason: 'stop' };

/** The parts that came, and what the stream failed with. */
async function readFailing(stream: string, cuts: readonly number[] = []) {
  const parts: StreamPart[] = [];
  const failure = await failureOf(
    (async () => {
      for await (const piece of readOpenAiAnswer({ headers: eventStream, body: piecesOf(Buffer.from(stream), cuts), provider, request: requestOf('Hi') })) {
        parts.push(...piece);
      }
    })(),
  );
  return { parts, failure };
}

describe('an OpenAI stream', () => {
  for (const name of ['v1_chat_stream', 'v1_chat_stream_usage', 'v1_completions_stream', 'v1_completions_stream_usage']) {
    it(`${name}, as recorded, gives the same parts for every cut, and for any number of them`, async () => {
      const { body } = recorded(name);
      const whole = await read(body);
      assert.equal(whole.filter(({ type }) => type === 'finish').length, 1);
      for (const cuts of singleCuts(body.length)) assert.deepEqual(await read(body, { cuts }), whole);
      await fc.assert(fc.asyncProperty(anyCuts(body.length), async (cuts) => assert.deepEqual(await read(body, { cuts }), whole)));
    });
  }

  it('gives the same parts for every two cuts, within characters too', async () => {
    const stream = Buffer.from(`${events(delta({ content: 'ä🦙' }, 'stop'))}data: [DONE]\r\n\r\n`);
    for (const cuts of doubleCuts(stream.length)) assert.deepEqual(await read(stream, { cuts }), [text('ä🦙'), stop]);
  });

  it('gives the same parts and the same failure for every cut before an error event', async () => {
    const stream = events(delta({ content: 'a' }), { error: { message: 'CUDA out of memory', type: 'InternalServerError', code: 500 } });
    for (const cuts of singleCuts(stream.length)) {
      const { parts, failure } = await readFailing(stream, cuts);
      assert.deepEqual(parts, [text('a')]);
      assert.equal(failure.kind, 'out_of_memory');
    }
  });

  it('hands on the parts of a piece when it comes', async () => {
    const [first, second] = [events(delta({ content: 'a' }), delta({ content: 'b' })), events(delta({ content: 'c' }, 'stop'))];
    const pieces: string[][] = [];
    const body = piecesOf(Buffer.from(first + second), [first.length]);
    for await (const parts of readOpenAiAnswer({ headers: eventStream, body, provider, request: requestOf('Hi') })) {
      pieces.push(parts.map(({ type }) => type));
    }
    assert.deepEqual(pieces.filter(({ length }) => length > 0), [['text', 'text'], ['text', 'finish']]);
  });

  it('is whole with a reason, though [DONE] never comes', async () => {
    assert.deepEqual(await read(events(delta({ content: 'a' }, 'stop'))), [text('a'), stop]);
  });

  it('is whole with [DONE], though no reason ever comes', async () => {
    assert.deepEqual(await read(events(delta({ content: 'a' }), '[DONE]')), [text('a'), { type: 'finish', reason: 'unknown' }]);
  });

  it('is not whole with neither', async () => {
    assert.deepEqual(await read(events(delta({ content: 'a' }))), [text('a')]);
  });

  it('has the usage, whether with the last choice or after it', async () => {
    const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7, prompt_tokens_details: { cached_tokens: 4 } };
    const counted: StreamPart = { type: 'usage', usage: { inputTokens: 5, outputTokens: 2, cachedInputTokens: 4 } };
    assert.deepEqual(await read(events({ ...delta({}, 'stop'), usage }, '[DONE]')), [stop, counted]);
    assert.deepEqual(await read(events({ ...delta({}, 'stop'), usage: null }, { choices: [], usage }, '[DONE]')), [stop, counted]);
  });

  it('has the name of the model once', async () => {
    const parts = await read(events({ model: 'm', ...delta({ content: 'a' }) }, { model: 'm', ...delta({ content: 'b' }, 'stop') }));
    assert.deepEqual(parts, [{ type: 'model', model: 'm' }, text('a'), text('b'), stop]);
  });

  it('has the thinking, by either name', async () => {
    for (const name of ['reasoning_content', 'reasoning']) {
      const parts = await read(events(delta({ [name]: 'Hm', content: null }), delta({ content: 'a' }, 'stop')));
      assert.deepEqual(parts, [{ type: 'thinking', text: 'Hm' }, text('a'), stop]);
    }
  });

  it('has a refusal apart from its text', async () => {
    assert.deepEqual(await read(events(delta({ refusal: 'No.' }, 'content_filter'))), [{ type: 'refusal', text: 'No.' }, { type: 'finish', reason: 'content_filter' }]);
  });

  it('has the calls of tools, in pieces', async () => {
    const call = (index: number, rest: object) => delta({ tool_calls: [{ index, ...rest }] });
    const parts = await read(
      events(
        call(0, { id: 'call_a', type: 'function', function: { name: 'now', arguments: '' } }),
        call(0, { function: { arguments: '{"a":' } }),
        call(1, { id: 'call_b', function: { name: 'then', arguments: '{}' } }),
        delta({}, 'tool_calls'),
      ),
    );
    assert.deepEqual(parts, [
      { type: 'toolCall', index: 0, id: 'call_a', name: 'now' },
      { type: 'toolCall', index: 0, arguments: '{"a":' },
      { type: 'toolCall', index: 1, id: 'call_b', name: 'then', arguments: '{}' },
      { type: 'finish', reason: 'tool_calls' },
    ]);
  });

  it('is that of the first choice where there are several', async () => {
    const other = { index: 1, delta: { content: 'z' }, finish_reason: 'length' };
    assert.deepEqual(await read(events({ choices: [other, ...delta({ content: 'a' }, 'stop').choices] }, { choices: [other] })), [text('a'), stop]);
  });

  it('takes an empty reason for none', async () => {
    const parts = await read(events(delta({ content: 'a' }, ''), delta({}, 'length')));
    assert.deepEqual(parts, [text('a'), { type: 'finish', reason: 'length' }]);
  });

  it('has only the first reason', async () => {
    assert.deepEqual(await read(events(delta({}, 'stop'), delta({}, 'length'), '[DONE]')), [stop]);
  });

  it('fails where something that is no JSON stands in it', async () => {
    for (const garbage of ['<html>', '{"choices": [', '"a"', '[]', 'null']) {
      const { parts, failure } = await readFailing(events(delta({ content: 'a' }), garbage));
      assert.deepEqual(parts, [text('a')]);
      assert.equal(failure.kind, 'server');
    }
  });

  it('fails by an error event, nested or not, by its words or its number', async () => {
    const errors: Array<[object, string]> = [
      [{ error: { message: 'Overloaded', type: 'overloaded_error' } }, 'overloaded'],
      [{ object: 'error', message: 'broken', type: 'InternalServerError', code: 500 }, 'server'],
      [{ error: { message: 'Provider returned error', code: 429 } }, 'rate_limit'],
      [{ error: { message: 'Upstream gone', code: 503 } }, 'overloaded'],
      [{ error: 'broken' }, 'server'],
    ];
    for (const [error, kind] of errors) {
      const { failure } = await readFailing(events(error));
      assert.deepEqual([failure.kind, failure.status], [kind, undefined]);
    }
  });
});

describe('one JSON object in the place of a stream', () => {
  const object = {
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'ä🦙', tool_calls: [{ id: 'c', function: { name: 'f', arguments: '{}' } }] }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 2 },
  };

  it('is read as the answer, for every cut', async () => {
    const bytes = Buffer.from(JSON.stringify(object));
    for (const cuts of singleCuts(bytes.length)) {
      assert.deepEqual(await read(bytes, { cuts, headers: json }), [
        { type: 'model', model: 'm' },
        text('ä🦙'),
        { type: 'toolCall', index: 0, id: 'c', name: 'f', arguments: '{}' },
        stop,
        { type: 'usage', usage: { inputTokens: 1, outputTokens: 2 } },
      ]);
    }
  });

  it('is whole without a reason', async () => {
    assert.deepEqual(await read('{"choices":[{"text":"a"}]}', { headers: json }), [text('a'), { type: 'finish', reason: 'unknown' }]);
  });

  it('fails where it is an error, or cut off', async () => {
    for (const body of ['{"error":{"message":"broken"}}', '{"choices":', '']) {
      assert.equal((await failureOf(read(body, { headers: json }))).kind, 'server');
    }
  });
});
