/** What our own backends read from an answer in a client's format is what was written into it. */
import fc from 'fast-check';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FinishReason, StreamPart } from '../../nodes/core/completion.ts';
import { calledIn } from '../../nodes/core/conversation/calls.ts';
import type { ChatMessage } from '../../nodes/core/conversation/message.ts';
import { anthropicMessages } from '../../nodes/formats/anthropic-messages/format.ts';
import { openAiChat } from '../../nodes/formats/openai-chat/format.ts';
import { openAiCompletions } from '../../nodes/formats/openai-completions/format.ts';
import { answerOf, completionOf, identity, readBack, written } from '../support/formats.ts';

const words = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });
const textPart = words.map((text): StreamPart => ({ type: 'text', text }));
const thinkingPart = words.map((text): StreamPart => ({ type: 'thinking', text }));

/** The pieces of one tool call: its name first, its arguments cut anywhere. */
function callPieces(index: number): fc.Arbitrary<StreamPart[]> {
  return fc.record({ name: words, input: fc.dictionary(words, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }), size: fc.integer({ min: 1, max: 9 }) }).map(({ name, input, size }) => {
    const json = JSON.stringify(input);
    const cuts = Array.from({ length: Math.ceil(json.length / size) }, (_, at) => json.slice(at * size, (at + 1) * size));
    return [{ type: 'toolCall', index, id: `id-${index}`, name }, ...cuts.map((piece): StreamPart => ({ type: 'toolCall', index, arguments: piece }))];
  });
}

/** Several sequences as one, each in its own order. */
function mixed<T>(sequences: fc.Arbitrary<T[][]>): fc.Arbitrary<T[]> {
  return fc.tuple(sequences, fc.infiniteStream(fc.nat(9))).map(([given, picks]) => {
    const left = given.map((sequence) => [...sequence]).filter(({ length }) => length > 0);
    const all: T[] = [];
    while (left.length > 0) {
      const at = (picks.next().value as number) % left.length;
      all.push(left[at]?.shift() as T);
      if (left[at]?.length === 0) left.splice(at, 1);
    }
    return all;
  });
}

const ending = fc
  .record({
    reason: fc.constantFrom<FinishReason>('stop', 'length', 'tool_calls', 'content_filter'),
    inputTokens: fc.nat(10_000),
    outputTokens: fc.nat(10_000),
    cached: fc.nat(10),
    thought: fc.nat(10),
  })
  .map(({ reason, inputTokens, outputTokens, cached, thought }): StreamPart[] => [
    { type: 'usage', usage: { inputTokens: inputTokens + cached, outputTokens, cachedInputTokens: cached, reasoningTokens: thought } },
    { type: 'finish', reason },
  ]);

const answers = fc.tuple(mixed(fc.tuple(fc.array(textPart), fc.array(thinkingPart, { maxLength: 3 }), callPieces(0), callPieces(1), callPieces(2)).chain((all) => fc.subarray(all))), ending);

/** As the network might have brought them. */
function batchesOf(parts: readonly StreamPart[], size: number): StreamPart[][] {
  return Array.from({ length: Math.ceil(parts.length / size) }, (_, at) => parts.slice(at * size, (at + 1) * size));
}

const formats = { openai: openAiChat, anthropic: anthropicMessages } as const;

describe('An answer', () => {
  for (const [api, format] of Object.entries(formats) as Array<['openai' | 'anthropic', (typeof formats)['openai']]>) {
    it(`of any parts in any order is the same after a stream in the format of ${api}`, async () => {
      await fc.assert(
        fc.asyncProperty(answers, fc.integer({ min: 1, max: 9 }), async ([parts, end], size) => {
          const all = [...parts, ...end];
          const back = answerOf(await readBack(api, written(format, batchesOf(all, size))));
          const sent = answerOf(all);
          assert.deepEqual(sorted(back.message), sorted(sent.message));
          assert.equal(back.finishReason, sent.finishReason);
          for (const name of ['inputTokens', 'outputTokens', 'cachedInputTokens', 'reasoningTokens'] as const) assert.equal(back.usage[name], sent.usage[name], name);
        }),
        { numRuns: 150 },
      );
    });

    it(`of any parts in any order is the same as a whole in the format of ${api}`, async () => {
      await fc.assert(
        fc.asyncProperty(answers, async ([parts, end]) => {
          const sent = completionOf([...parts, ...end]);
          const back = answerOf(await readBack(api, format.writeAnswer(sent, identity)));
          assert.deepEqual(parsed(back.message), parsed(sent.message));
          assert.equal(back.finishReason, sent.finishReason);
          assert.deepEqual([back.usage.inputTokens, back.usage.outputTokens], [sent.usage.inputTokens, sent.usage.outputTokens]);
        }),
        { numRuns: 150 },
      );
    });
  }

  it('of any texts is the same after a stream of text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(textPart), ending, async (parts, end) => {
        const back = answerOf(await readBack('openai', written(openAiCompletions, [parts, end])));
        assert.equal(back.text, answerOf(parts).text);
        assert.equal(back.finishReason, answerOf(end).finishReason);
      }),
    );
  });

  it('keeps its signature in Anthropic’s format, streamed and whole', async () => {
    const parts: StreamPart[] = [{ type: 'thinking', text: 'Hm' }, { type: 'thinking', text: '', carried: { anthropic: { signature: 'EqQB' } } }, { type: 'text', text: 'Hi' }, { type: 'finish', reason: 'stop' }];
    for (const answer of [written(anthropicMessages, [parts]), anthropicMessages.writeAnswer(completionOf(parts), identity)]) {
      assert.deepEqual(answerOf(await readBack('anthropic', answer)).message, answerOf(parts).message);
    }
  });
});

/** Calls that are mixed come one after the other, in the order in which they become whole; what stood between them moves. */
function sorted({ blocks: _blocks, ...message }: ChatMessage): object {
  return { ...message, tool_calls: message.tool_calls?.toSorted((a, b) => a.id.localeCompare(b.id)) };
}

/** Blanks and the order of fields in the arguments are no difference. */
function parsed({ tool_calls: calls, blocks: _blocks, ...message }: ChatMessage): object {
  return { ...message, calls: calls?.map((call) => ({ id: call.id, name: calledIn(call).name, arguments: JSON.parse(calledIn(call).input) as unknown })) };
}
