/** Shorthands for asking a client or a backend in tests. */
import assert from 'node:assert/strict';
import { Backend } from '../../nodes/core/backend.ts';
import type { ModelClient } from '../../nodes/core/client.ts';
import { Answer, type StreamPart } from '../../nodes/core/completion.ts';
import { isLlmError, type LlmError } from '../../nodes/core/errors.ts';
import { defaultLimits, type Limits } from '../../nodes/core/limits.ts';
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

/** A backend that tries once, so that a test sees the first failure. */
export function backendOf(client: ModelClient, limits: Partial<Limits> = {}): Backend {
  return new Backend({
    identity: { id: 'test', name: 'test', type: 'llm-test' },
    client,
    limits: { ...defaultLimits, retries: 0, ...limits },
    model: '',
  });
}

/** What a request fails with; a success fails the test. */
export async function failureOf(answer: Promise<unknown>): Promise<LlmError> {
  const failure: unknown = await answer.then(
    () => assert.fail('A failure was expected.'),
    (error: unknown) => error,
  );
  assert.ok(isLlmError(failure), `No LlmError: ${String(failure)}`);
  return failure;
}
