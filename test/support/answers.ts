/** From a provider's bytes to a completion, as a backend makes it. */
import { Answer, type Completion, type StreamPart, type Usage } from '../../nodes/core/completion.ts';
import type { CompletionRequest } from '../../nodes/core/request.ts';
import type { ProviderAnswer } from '../../nodes/formats/provider-answer.ts';

type Read = (answer: ProviderAnswer) => AsyncIterable<readonly StreamPart[]>;

const provider = { id: 'test', label: 'The server', url: 'http://127.0.0.1' };

export interface ReadAnswer {
  readonly pieces: ReadonlyArray<readonly StreamPart[]>;
  readonly completion: Completion;
}

/** What a format's reader makes of an answer: of one JSON object, or of the text of a stream in these pieces. */
export async function readAnswerOf(read: Read, given: object | readonly string[], request: Partial<CompletionRequest> = {}): Promise<ReadAnswer> {
  const isStream = Array.isArray(given);
  const chunks = isStream ? (given as readonly string[]) : [JSON.stringify(given)];
  const headers = { 'content-type': isStream ? 'text/event-stream' : 'application/json' };
  const pieces: Array<readonly StreamPart[]> = [];
  for await (const parts of read({ headers, body: bytesOf(chunks), provider, request: { messages: [], priority: 0, ...request } })) pieces.push(parts);
  return { pieces, completion: completionOf(pieces.flat()) };
}

async function* bytesOf(chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

export function completionOf(parts: readonly StreamPart[]): Completion {
  const answer = new Answer();
  for (const part of parts) answer.add(part);
  const usage: Usage = { inputTokens: 0, outputTokens: 0, ...answer.usage, estimated: false };
  return {
    ...answer.about,
    text: answer.text,
    message: answer.message,
    finishReason: answer.finishReason ?? 'unknown',
    provider: 'test',
    model: answer.model ?? '',
    backend: { id: 'b', name: 'b', type: 'llm-echo' },
    usage,
    timing: { queuedMs: 0, totalMs: 1 },
    attempts: [],
    ...(answer.logprobs.length > 0 && { logprobs: answer.logprobs }),
  };
}
