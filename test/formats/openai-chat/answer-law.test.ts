import fc from 'fast-check';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readAnswer } from '../../../nodes/formats/openai-chat/answer-in.ts';
import { ChatStream, writeAnswer } from '../../../nodes/formats/openai-chat/answer-out.ts';
import { readAnswerOf } from '../../support/answers.ts';
import { saying } from '../../support/json-law.ts';
import { chatAnswer, chunksOf } from './samples.ts';

const identity = { id: 'chatcmpl-ours', model: 'gpt', created: 0 };

describe('An answer of OpenAI’s chat API', () => {
  it('goes out whole as it came in whole', async () => {
    await fc.assert(
      fc.asyncProperty(chatAnswer, async (answer) => {
        const { completion } = await readAnswerOf(readAnswer, answer);
        assert.deepEqual(saying(writeAnswer(completion, identity)), saying(answer));
      }),
      { numRuns: 500 },
    );
  });

  it('goes out whole as it came in as a stream', async () => {
    await fc.assert(
      fc.asyncProperty(chatAnswer, async (answer) => {
        const { completion } = await readAnswerOf(readAnswer, textsOf(answer));
        assert.deepEqual(saying(writeAnswer(completion, identity)), saying(answer));
      }),
      { numRuns: 500 },
    );
  });

  it('goes out as a stream that is read as what came in', async () => {
    await fc.assert(
      fc.asyncProperty(chatAnswer, async (answer) => {
        const { pieces, completion } = await readAnswerOf(readAnswer, textsOf(answer));
        const writer = new ChatStream({ prompt: '', llm: {}, stream: true, includeUsage: true }, identity);
        const [first = [], ...others] = pieces;
        const stream = [writer.begin(first), writer.parts(first), ...others.map((parts) => writer.parts(parts)), writer.end(completion)];
        const again = await readAnswerOf(readAnswer, stream);
        assert.deepEqual(saying(writeAnswer(again.completion, identity)), saying(answer));
      }),
      { numRuns: 300 },
    );
  });
});

function textsOf(answer: Record<string, unknown>): string[] {
  return [...chunksOf(answer).map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), 'data: [DONE]\n\n'];
}
