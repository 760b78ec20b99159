/** Shorthands for asking a client or a backend in tests. */
import type { ModelClient } from '../../nodes/core/client.ts';
import { Answer, type StreamPart } from '../../nodes/core/completion.ts';
import { type CompletionRequest, readRequest, type RequestSettings } from '../../nodes/core/request.ts';

export function requestOf(payload: unknown, settings: RequestSettings = {}): CompletionRequest {
  return readRequest(payload, undefined, settings);
}

/** All parts that a client streams for a request, and the answer that they add up to. */
export async function collect(
  client: ModelClient,
  request: CompletionRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<{ parts: StreamPart[]; answer: Answer }> {
  const parts: StreamPart[] = [];
  const answer = new Answer();
  for await (const piece of client.stream(request, { signal, onConnected: () => undefined })) {
    for (const part of piece) {
      parts.push(part);
      answer.add(part);
    }
  }
  return { parts, answer };
}
