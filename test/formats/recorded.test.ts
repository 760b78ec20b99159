/** Recorded streams of the providers go in through a backend and come out in each format: a client sees the same. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelClient } from '../../nodes/core/client.ts';
import type { Completion, StreamPart } from '../../nodes/core/completion.ts';
import { calledIn } from '../../nodes/core/conversation/calls.ts';
import { readAnswer as readAnthropicAnswer } from '../../nodes/formats/anthropic-messages/answer-in.ts';
import { anthropicMessages } from '../../nodes/formats/anthropic-messages/format.ts';
import { readAnswer as readOpenAiAnswer } from '../../nodes/formats/openai-chat/answer-in.ts';
import { openAiChat } from '../../nodes/formats/openai-chat/format.ts';
import { openAiCompletions } from '../../nodes/formats/openai-completions/format.ts';
import { fixture } from '../support/fixtures.ts';
import { answerOf, identity, readBack, streamed } from '../support/formats.ts';
import { recorded } from '../support/recorded.ts';
import { backendOf, requestOf } from '../support/requests.ts';
import { scriptedProvider } from '../support/scripted-client.ts';
import { piecesOf } from '../support/splits.ts';

const recordings: Array<[name: string, read: typeof readOpenAiAnswer, stream: string | Buffer]> = [
  ['Anthropic’s text', readAnthropicAnswer, fixture('anthropic/text.txt')],
  ['Anthropic’s thinking and tools', readAnthropicAnswer, fixture('anthropic/thinking-tools.txt')],
  ['OpenAI’s chat', readOpenAiAnswer, fixture('openai/chat.txt')],
  ['OpenAI’s tools', readOpenAiAnswer, fixture('openai/chat-tools.txt')],
  ['OpenAI’s completions', readOpenAiAnswer, fixture('openai/completions.txt')],
  ['llama.cpp’s chat', readOpenAiAnswer, recorded('v1_chat_stream_usage').body],
  ['llama.cpp’s completions', readOpenAiAnswer, recorded('v1_completions_stream_usage').body],
];

const outputs = [['openai', openAiChat], ['anthropic', anthropicMessages], ['openai', openAiCompletions]] as const;

/** The answer of a backend, and what it gave to a reader, as it came. */
async function complete(read: typeof readOpenAiAnswer, recording: Buffer, cuts: readonly number[]): Promise<{ batches: StreamPart[][]; completion: Completion }> {
  const client: ModelClient = {
    provider: scriptedProvider,
    stream: (request) => read({ headers: { 'content-type': 'text/event-stream' }, body: piecesOf(recording, cuts), provider: scriptedProvider, request }),
  };
  const batches: StreamPart[][] = [];
  const completion = await backendOf(client).complete(requestOf('Hi'), { sink: { write: (parts) => void batches.push([...parts]) } });
  return { batches, completion };
}

describe('A recorded stream', () => {
  for (const [name, read, stream] of recordings) {
    for (const [api, format] of outputs) {
      it(`of ${name} reaches a client of ${format.idPrefix} with the same text, calls, reason and usage`, async () => {
        const bytes = Buffer.from(stream);
        for (const cuts of [[], [bytes.length >> 1], Array.from({ length: bytes.length / 7 }, (_, at) => at * 7)]) {
          const { batches, completion } = await complete(read, bytes, cuts);
          const writer = format.stream(streamed, identity);
          const written = writer.begin() + batches.map((parts) => writer.parts(parts)).join('') + writer.end(completion);
          for (const answer of [written, format.writeAnswer(completion, identity)]) {
            const back = answerOf(await readBack(api, answer));
            assert.equal(back.text, completion.text);
            assert.equal(back.finishReason, completion.finishReason);
            assert.deepEqual([back.usage.inputTokens, back.usage.outputTokens], [completion.usage.inputTokens, completion.usage.outputTokens]);
            if (format !== openAiCompletions) assert.deepEqual(callsIn(back.message), callsIn(completion.message));
          }
        }
      });
    }
  }
});

function callsIn({ tool_calls: calls = [] }: Completion['message']): unknown[] {
  return calls.map((call) => [call.id, calledIn(call).name, JSON.parse(calledIn(call).input)]);
}
