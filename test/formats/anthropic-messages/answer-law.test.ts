import Anthropic from '@anthropic-ai/sdk';
import fc from 'fast-check';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readAnswer } from '../../../nodes/formats/anthropic-messages/answer-in.ts';
import { MessageStream, writeAnswer } from '../../../nodes/formats/anthropic-messages/answer-out.ts';
import { readAnswerOf } from '../../support/answers.ts';
import { saying } from '../../support/json-law.ts';
import { anthropicAnswer, eventsOf } from './samples.ts';

const identity = { id: 'msg_ours', model: 'claude', created: 0 };

describe('An answer of Anthropic’s Messages API', () => {
  it('goes out whole as it came in whole', async () => {
    await fc.assert(
      fc.asyncProperty(anthropicAnswer, async (message) => {
        const { completion } = await readAnswerOf(readAnswer, message);
        assert.deepEqual(saying(writeAnswer(completion, identity)), saying(message));
      }),
      { numRuns: 500 },
    );
  });

  it('goes out whole as it came in as a stream', async () => {
    await fc.assert(
      fc.asyncProperty(anthropicAnswer, async (message) => {
        const { completion } = await readAnswerOf(readAnswer, textsOf(message));
        assert.deepEqual(saying(writeAnswer(completion, identity)), saying(message));
      }),
      { numRuns: 500 },
    );
  });

  it('goes out as a stream that the API’s own library puts together to what came in', async () => {
    await fc.assert(
      fc.asyncProperty(anthropicAnswer, async (message) => {
        const { pieces, completion } = await readAnswerOf(readAnswer, textsOf(message));
        const writer = new MessageStream(identity);
        const [first = [], ...others] = pieces;
        const stream = [writer.begin(first), writer.parts(first), ...others.map((parts) => writer.parts(parts)), writer.end(completion)].join('');
        assert.deepEqual(saying(await putTogether(stream)), saying(message));
      }),
      { numRuns: 200 },
    );
  });
});

function textsOf(message: Record<string, unknown>): string[] {
  return eventsOf(message).map((event) => `event: ${(event as { type: string }).type}\ndata: ${JSON.stringify(event)}\n\n`);
}

async function putTogether(stream: string): Promise<object> {
  const client = new Anthropic({ apiKey: 'none', maxRetries: 0, fetch: () => Promise.resolve(new Response(stream, { headers: { 'content-type': 'text/event-stream' } })) });
  const { parsed_output: _parsed, ...message } = (await client.messages
    .stream({ model: 'claude', max_tokens: 1, messages: [{ role: 'user', content: 'x' }] })
    .finalMessage()) as object & { parsed_output?: unknown };
  return message;
}
