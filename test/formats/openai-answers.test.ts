/** How answers in OpenAI's formats are written. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FinishReason, StreamPart } from '../../nodes/core/completion.ts';
import { LlmError } from '../../nodes/core/errors.ts';
import { openAiChat } from '../../nodes/formats/openai-chat/format.ts';
import { openAiCompletions } from '../../nodes/formats/openai-completions/format.ts';
import { completionOf, eventsIn, identity, streamed, written } from '../support/formats.ts';
import { finish, text } from '../support/scripted-client.ts';

const usage: StreamPart = { type: 'usage', usage: { inputTokens: 5, outputTokens: 2, cachedInputTokens: 4, reasoningTokens: 1 } };
const usageObject = {
  prompt_tokens: 5, completion_tokens: 2, total_tokens: 7, prompt_tokens_details: { cached_tokens: 4 }, completion_tokens_details: { reasoning_tokens: 1 },
};
const head = { id: 'id-1', object: 'chat.completion.chunk', created: 1_767_225_600, model: 'small' };
const delta = (delta: object, logprobs: unknown = null, reason: string | null = null) => ({ ...head, choices: [{ index: 0, delta, logprobs, finish_reason: reason }] });
const first = delta({ role: 'assistant', content: '', refusal: null });
const logprobs = (...tokens: string[]): StreamPart => ({ type: 'logprobs', logprobs: { content: tokens.map((token) => ({ token, logprob: -1 })), refusal: null } });
const call = { id: 'c', type: 'function', function: { name: 'now', arguments: '{"a":1}' } } as const;
const callParts: StreamPart[] = [
  { type: 'toolCall', index: 0, id: 'c', name: 'now', arguments: '' },
  { type: 'toolCall', index: 0, arguments: '{"a"' },
  { type: 'toolCall', index: 0, arguments: ':1}' },
];
const asked: FinishReason[] = ['stop', 'length', 'tool_calls', 'content_filter', 'unknown'];
const reasons = ['stop', 'length', 'tool_calls', 'content_filter', 'stop'];

describe('A whole chat answer', () => {
  const whole = (...parts: StreamPart[]) => openAiChat.writeAnswer(completionOf(parts), identity);

  it('is an object as the API has it', () => {
    assert.deepEqual(whole(text('Hi'), finish, usage), {
      id: 'id-1',
      object: 'chat.completion',
      created: 1_767_225_600,
      model: 'small',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hi', refusal: null }, logprobs: null, finish_reason: 'stop' }],
      usage: usageObject,
    });
  });

  it('has its tool calls, and no text beside them where there is none', () => {
    const { choices } = whole(...callParts, { type: 'finish', reason: 'tool_calls' }) as { choices: object[] };
    const message = { role: 'assistant', content: null, refusal: null, tool_calls: [call] };
    assert.deepEqual(choices, [{ index: 0, message, logprobs: null, finish_reason: 'tool_calls' }]);
  });

  it('has its thinking by the name that llama.cpp and vLLM use, and never the signature', () => {
    const { choices } = whole({ type: 'thinking', text: 'Hm', carried: { anthropic: { signature: 'S' } } }, text('Hi'), finish) as { choices: [{ message: object }] };
    assert.deepEqual(choices[0].message, { role: 'assistant', content: 'Hi', refusal: null, reasoning_content: 'Hm' });
  });

  it('leaves the completion as it is', () => {
    const completion = completionOf([text('a'), logprobs('a'), text('b'), logprobs('b'), finish]);
    const before = structuredClone(completion);
    openAiChat.writeAnswer(completion, identity);
    assert.deepEqual(completion, before);
  });

  it('has all log probabilities in one list', () => {
    const { choices } = whole(text('a'), logprobs('a'), text('bc'), logprobs('b', 'c'), finish) as { choices: [{ logprobs: { content: Array<{ token: string }>; refusal: null } }] };
    assert.deepEqual(choices[0].logprobs.content.map(({ token }) => token), ['a', 'b', 'c']);
    assert.equal(choices[0].logprobs.refusal, null);
  });

  it('ends for a reason that the API knows', () => {
    const reasonOf = (reason: FinishReason) => (whole(text('a'), { type: 'finish', reason }) as { choices: [{ finish_reason: string }] }).choices[0].finish_reason;
    assert.deepEqual(asked.map(reasonOf), reasons);
  });

  it('says what the API has no field for in one of its own, where that is wanted', () => {
    const completion = completionOf([text('a'), finish]);
    assert.deepEqual(openAiChat.writeAnswer(completion, identity, { backend: 'b' })['llm'], { backend: 'b' });
    assert.equal('llm' in openAiChat.writeAnswer(completion, identity), false);
  });
});

describe('A chat stream', () => {
  const events = (batches: StreamPart[][], includeUsage = false) => eventsIn(written(openAiChat, batches, { ...streamed, includeUsage }));

  it('says the role first, then the deltas, the reason and the end', () => {
    assert.deepEqual(events([[{ type: 'model', model: 'other' }, text('He')], [text('llo "🦙"\n')], [finish, usage]]), [
      first, delta({ content: 'He' }), delta({ content: 'llo "🦙"\n' }), delta({}, null, 'stop'), '[DONE]',
    ]);
  });

  it('brings the usage in a chunk of its own before the end, where it is asked for', () => {
    assert.deepEqual(events([[text('a'), finish, usage]], true).slice(-2), [{ ...head, choices: [], usage: usageObject }, '[DONE]']);
    assert.doesNotMatch(written(openAiChat, [[text('a'), finish, usage]], { ...streamed, includeUsage: false }), /usage/);
  });

  it('names a tool call with its first piece', () => {
    const piece = (fields: object) => delta({ tool_calls: [{ index: 0, ...fields }] });
    assert.deepEqual(events([callParts, [{ type: 'finish', reason: 'tool_calls' }]]).slice(1, -1), [
      piece({ id: 'c', type: 'function', function: { name: 'now', arguments: '' } }),
      piece({ function: { arguments: '{"a"' } }),
      piece({ function: { arguments: ':1}' } }),
      delta({}, null, 'tool_calls'),
    ]);
  });

  it('gives a call an id where the provider gives none, the same as the whole answer', () => {
    const parts: StreamPart[] = [{ type: 'toolCall', index: 1, name: 'now' }, { type: 'toolCall', index: 1, arguments: '{}' }];
    const named = { index: 0, id: 'call_1', type: 'function', function: { name: 'now', arguments: '' } };
    assert.deepEqual(events([parts]).slice(1, 3), [delta({ tool_calls: [named] }), delta({ tool_calls: [{ index: 0, function: { arguments: '{}' } }] })]);
    assert.equal(completionOf(parts).message.tool_calls?.[0]?.id, 'call_1');
  });

  it('gives a call the id that comes late', () => {
    const parts: StreamPart[] = [{ type: 'toolCall', index: 0, name: 'now' }, { type: 'toolCall', index: 0, id: 'late', arguments: '{}' }];
    assert.deepEqual(events([parts])[2], delta({ tool_calls: [{ index: 0, id: 'late', type: 'function', function: { arguments: '{}' } }] }));
  });

  it('brings thinking as deltas of its own, and no signature', () => {
    const chunks = events([[{ type: 'thinking', text: 'Hm' }, { type: 'thinking', text: '', carried: { anthropic: { signature: 'S' } } }, text('a'), finish]]);
    assert.deepEqual(chunks.slice(1, -1), [delta({ reasoning_content: 'Hm' }), delta({ content: 'a' }), delta({}, null, 'stop')]);
  });

  it('brings the log probabilities of each text with it, and loses none', () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((token) => logprobs(token)) as [StreamPart, StreamPart, StreamPart, StreamPart];
    const of = (part: StreamPart) => (part as { logprobs: unknown }).logprobs;
    const chunks = events([[text('a'), a, text('b'), b, text('plain')], [c], [text('d'), d, finish]]);
    assert.deepEqual(chunks.slice(1, -2), [delta({ content: 'a' }, of(a)), delta({ content: 'b' }, of(b)), delta({ content: 'plain' }), delta({}, of(c)), delta({ content: 'd' }, of(d))]);
  });

  it('ends with an error event and the end mark where it breaks off', () => {
    const writer = openAiChat.stream(streamed, identity);
    const failure = new LlmError('interrupted', 'It broke off.', { hint: 'Look into its log.', partial: 'secret' });
    assert.deepEqual(eventsIn(writer.fail(failure)), [
      { error: { message: 'It broke off. Look into its log.', type: 'server_error', param: null, code: 'interrupted' } }, '[DONE]',
    ]);
  });

  it('tells a failure’s type by its status', () => {
    const typeOf = (status: number) => (openAiChat.writeFailure(new LlmError('server', 'x'), status) as { error: { type: string } }).error.type;
    assert.deepEqual([400, 401, 404, 413, 429, 502, 504].map(typeOf), [
      'invalid_request_error', 'authentication_error', 'invalid_request_error', 'invalid_request_error', 'rate_limit_error', 'server_error', 'server_error',
    ]);
  });
});

describe('A text answer', () => {
  const legacy = (token: string): StreamPart => ({ type: 'logprobs', logprobs: { tokens: [token], token_logprobs: [-1], text_offset: [0] } });
  const textHead = { ...head, object: 'text_completion' };
  const choice = (text: string, logprobs: unknown = null, reason: string | null = null) => ({ index: 0, text, logprobs, finish_reason: reason });

  it('is whole, with its log probabilities in the API’s older form', () => {
    const completion = completionOf([text('a'), legacy('a'), text('b'), legacy('b'), { type: 'finish', reason: 'length' }, usage]);
    const logprobs = { tokens: ['a', 'b'], token_logprobs: [-1, -1], text_offset: [0, 0] };
    assert.deepEqual(openAiCompletions.writeAnswer(completion, identity, { x: 1 }), { ...textHead, choices: [choice('ab', logprobs, 'length')], usage: usageObject, llm: { x: 1 } });
  });

  it('is a stream of texts, the reason, the usage where asked for, and the end', () => {
    const batches = [[text('a'), legacy('a')], [text('b'), { type: 'thinking', text: 'Hm' } as const], [finish, usage]];
    const chunk = (...choices: object[]) => ({ ...textHead, choices });
    assert.deepEqual(eventsIn(written(openAiCompletions, batches)), [
      chunk(choice('a', (legacy('a') as { logprobs: unknown }).logprobs)), chunk(choice('b')), chunk(choice('', null, 'stop')), { ...chunk(), usage: usageObject }, '[DONE]',
    ]);
    assert.doesNotMatch(written(openAiCompletions, batches, { ...streamed, includeUsage: false }), /usage/);
  });

  it('ends with an error event where it breaks off', () => {
    const [event, end] = eventsIn(openAiCompletions.stream(streamed, identity).fail(new LlmError('timeout', 'Too slow.')));
    assert.deepEqual([event, end], [{ error: { message: 'Too slow.', type: 'server_error', param: null, code: 'timeout' } }, '[DONE]']);
  });
});
