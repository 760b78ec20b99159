/** Servers number the pieces of tool calls in every way there is. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { calledIn } from '../../../nodes/core/conversation/calls.ts';
import { readAnswer } from '../../../nodes/formats/openai-chat/answer-in.ts';
import { readAnswerOf } from '../../support/answers.ts';

type Piece = Record<string, unknown>;
const called = (name: string | undefined, text: unknown, more: Piece = {}): Piece => ({ ...more, function: { ...(name !== undefined && { name }), ...(text !== undefined && { arguments: text }) } });

/** The calls in a stream with these pieces, one a chunk: each as its name and input. */
async function callsOf(...pieces: Piece[]) {
  const chunks = pieces.map((piece) => ({ choices: [{ index: 0, delta: { tool_calls: [piece] } }] }));
  const stream = [...chunks, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }].map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`);
  const { completion } = await readAnswerOf(readAnswer, [...stream, 'data: [DONE]\n\n']);
  return completion;
}

const namesIn = async (...pieces: Piece[]) => ((await callsOf(...pieces)).message.tool_calls ?? []).map(calledIn).map(({ name, input }) => `${name} ${input}`);

describe('The calls of a stream', () => {
  it('are two where neither has a number', async () => {
    assert.deepEqual(await namesIn(called('now', '{}', { id: 'a' }), called('then', '{"x":1}', { id: 'b' })), ['now {}', 'then {"x":1}']);
    assert.deepEqual(await namesIn(called('now', '{}'), called('then', '{"x"'), called(undefined, ':1}')), ['now {}', 'then {"x":1}']);
  });

  it('have a name that is said with each piece once', async () => {
    const piece = (text: string) => called('now', text, { index: 0, id: 'a' });
    assert.deepEqual(await namesIn(piece(''), piece('{"x"'), piece(':1}')), ['now {"x":1}']);
  });

  it('are two where two ids come under one number', async () => {
    assert.deepEqual(await namesIn(called('now', '{}', { index: 0, id: 'a' }), called('then', '{}', { index: 0, id: 'b' })), ['now {}', 'then {}']);
  });

  it('are one where a server makes up an id for each piece', async () => {
    assert.deepEqual(await namesIn(called('now', '{"x"', { index: 0, id: 'a' }), called(undefined, ':1}', { index: 0, id: 'b' })), ['now {"x":1}']);
  });

  it('have ids of their own in each answer where the server gives none', async () => {
    const ids = async () => (await callsOf(called('now', '{}', { index: 0 }))).message.tool_calls?.map(({ id }) => id);
    const [one, other] = [await ids(), await ids()];
    assert.match(one?.[0] ?? '', /^call_\w{24}$/);
    assert.notDeepEqual(one, other);
  });

  it('have arguments that come as an object', async () => {
    assert.deepEqual(await namesIn(called('now', { zone: 'x' }, { index: 0, id: 'a' })), ['now {"zone":"x"}']);
  });

  it('have whole characters, wherever the stream has cut them', async () => {
    assert.deepEqual(await namesIn(called('now', '{"a":"\uD83E', { index: 0, id: 'a' }), called(undefined, '\uDD99"}', { index: 0 })), ['now {"a":"🦙"}']);
  });

  it('make the end of the answer one for tools, whatever the server calls it', async () => {
    assert.equal((await callsOf(called('now', '{}', { index: 0, id: 'a' }))).finishReason, 'tool_calls');
  });
});

describe('An end that is none', () => {
  it('is a failure', async () => {
    for (const reason of ['error', 'abort', 'something_else']) {
      const stream = [`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: reason }] })}\n\n`, 'data: [DONE]\n\n'];
      await assert.rejects(readAnswerOf(readAnswer, stream), { kind: 'server' }, reason);
    }
  });

  it('is none in content that is no text', async () => {
    const of = (content: unknown) => readAnswerOf(readAnswer, [`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: 'stop' }] })}\n\n`]);
    assert.equal((await of([{ type: 'text', text: 'Hi' }])).completion.text, 'Hi');
    await assert.rejects(of([{ type: 'video', url: 'x' }]), { kind: 'server' });
    await assert.rejects(of({ x: 1 }), { kind: 'server' });
  });
});
