import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Answer } from '../../nodes/core/completion.ts';
import { completeUsage, estimateInputTokens } from '../../nodes/core/tokens.ts';
import { readUsage } from '../../nodes/formats/openai/usage.ts';

const messages = [{ role: 'user', content: 'Once upon a time' }] as const;

function answerWith(usage: Answer['usage'], text = 'there was a little girl'): Answer {
  const answer = new Answer();
  answer.add({ type: 'text', text });
  answer.add({ type: 'usage', usage });
  return answer;
}

test("the provider's figures stand as they are", () => {
  const usage = completeUsage(answerWith({ inputTokens: 0, outputTokens: 7, cachedInputTokens: 0, reasoningTokens: 2 }), messages);
  assert.deepEqual(usage, { inputTokens: 0, outputTokens: 7, cachedInputTokens: 0, reasoningTokens: 2, estimated: false });
});

test('a figure that is missing is estimated, and the usage says so', () => {
  const none = completeUsage(answerWith({}), messages);
  assert.equal(none.estimated, true);
  assert.ok(none.inputTokens >= 4 && none.inputTokens <= 12, String(none.inputTokens));
  assert.ok(none.outputTokens >= 4 && none.outputTokens <= 8, String(none.outputTokens));
  const half = completeUsage(answerWith({ inputTokens: 9 }), messages);
  assert.deepEqual(half, { inputTokens: 9, outputTokens: none.outputTokens, estimated: true });
});

test('thinking and tool calls are output too', () => {
  const answer = answerWith({});
  const { outputTokens } = completeUsage(answer, messages);
  answer.add({ type: 'thinking', text: 'Let me see what comes next' });
  const withThinking = completeUsage(answer, messages).outputTokens;
  answer.add({ type: 'toolCall', index: 0, name: 'look_up', arguments: '{"word":"girl"}' });
  assert.ok(withThinking > outputTokens);
  assert.ok(completeUsage(answer, messages).outputTokens > withThinking);
});

test('every message and only text counts towards the input', () => {
  const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${'x'.repeat(100_000)}` } } as const;
  const one = estimateInputTokens(messages);
  assert.equal(estimateInputTokens([...messages, ...messages]), 2 * one);
  assert.equal(estimateInputTokens([{ role: 'user', content: [{ type: 'text', text: 'Once upon a time' }, image] }]), one);
  assert.equal(estimateInputTokens([]), 0);
});

test("OpenAI's usage is read with its details", () => {
  assert.deepEqual(
    readUsage({ prompt_tokens: 10, completion_tokens: 20, prompt_tokens_details: { cached_tokens: 4 }, completion_tokens_details: { reasoning_tokens: 3 } }),
    { inputTokens: 10, outputTokens: 20, cachedInputTokens: 4, reasoningTokens: 3 },
  );
  assert.deepEqual(readUsage({ prompt_tokens: 0, completion_tokens: 0 }), { inputTokens: 0, outputTokens: 0 });
});

test('figures that are no counts are left out', () => {
  for (const usage of [undefined, null, 7, [], { prompt_tokens: '10', completion_tokens: null }, { prompt_tokens: -1, completion_tokens: NaN, prompt_tokens_details: [] }]) {
    assert.deepEqual(readUsage(usage), {});
  }
});
