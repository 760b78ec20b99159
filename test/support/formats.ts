/** Answers written in a client's format and read back, as its own library would. */
import { Answer, type Completion, type StreamPart } from '../../nodes/core/completion.ts';
import type { JsonObject } from '../../nodes/core/json.ts';
import { completeUsage } from '../../nodes/core/tokens.ts';
import { readAnswer as readAnthropicAnswer } from '../../nodes/formats/anthropic-messages/answer-in.ts';
import type { AnswerIdentity, ClientRequest, Format } from '../../nodes/formats/format.ts';
import { readAnswer as readOpenAiAnswer } from '../../nodes/formats/openai-chat/answer-in.ts';
import { requestOf } from './requests.ts';
import { flatten, piecesOf } from './splits.ts';

export const identity: AnswerIdentity = { id: 'id-1', model: 'small', created: 1_767_225_600 };

/** A request for a stream, as a format reads it. */
export const streamed: ClientRequest = { prompt: 'Hi', llm: {}, stream: true, includeUsage: true };

/** What a backend makes of the parts of a stream. */
export function completionOf(parts: readonly StreamPart[]): Completion {
  const answer = answerOf(parts);
  const { text, message, finishReason = 'unknown', model = '', logprobs } = answer;
  return {
    text,
    message,
    finishReason,
    provider: 'test',
    model,
    backend: { id: 'b', name: 'Backend', type: 'llm-test' },
    usage: completeUsage(answer, []),
    timing: { queuedMs: 0, totalMs: 1 },
    attempts: [],
    ...(logprobs.length > 0 && { logprobs }),
  };
}

export function answerOf(parts: readonly StreamPart[]): Answer {
  const answer = new Answer();
  for (const part of parts) answer.add(part);
  return answer;
}

/** All of a stream in the format; each batch is what came at once. */
export function written(format: Format, batches: ReadonlyArray<readonly StreamPart[]>, request: ClientRequest = streamed): string {
  const writer = format.stream(request, identity);
  return writer.begin() + batches.map((parts) => writer.parts(parts)).join('') + writer.end(completionOf(batches.flat()));
}

/** The objects in a stream of events, and `[DONE]`. */
export function eventsIn(stream: string): unknown[] {
  const data = stream.split('\n').filter((line) => line.startsWith('data: '));
  return data.map((line) => (line === 'data: [DONE]' ? '[DONE]' : JSON.parse(line.slice('data: '.length)) as unknown));
}

const provider = { id: 'test', label: 'The endpoint', url: 'http://localhost' };
const readers = { openai: readOpenAiAnswer, anthropic: readAnthropicAnswer };

/** The parts that a backend of ours reads from a stream, or from a whole answer. */
export function readBack(api: keyof typeof readers, answer: string | JsonObject): Promise<StreamPart[]> {
  const [type, text] = typeof answer === 'string' ? ['text/event-stream', answer] : ['application/json', JSON.stringify(answer)];
  return flatten(readers[api]({ headers: { 'content-type': type }, body: piecesOf(Buffer.from(text), []), provider, request: requestOf('Hi') }));
}
