/** One try of a request at a provider: its timers, its stream, its tokens to the sink. */
import { tooLarge } from './answer-bound.ts';
import type { ModelClient } from './client.ts';
import type { Answer, StreamPart, TokenSink } from './completion.ts';
import { LlmError, toLlmError } from './errors.ts';
import type { Limits } from './limits.ts';
import type { CompletionRequest } from './request.ts';
import { AttemptTimers } from './timers.ts';

export interface AttemptOptions {
  client: ModelClient;
  request: CompletionRequest;
  limits: Limits;
  /** The request's own: a timer that runs out aborts all of it, for a timeout is never retried at the same place. */
  controller: AbortController;
  /** Filled as tokens come, so that a failed attempt shows how far it got. */
  answer: Answer;
  sink: TokenSink | undefined;
  onFirstToken: () => void;
  traceparent?: string | undefined;
}

/** Resolves when the answer is whole. @throws LlmError, with the partial text where tokens have come. */
export async function runAttempt(options: AttemptOptions): Promise<void> {
  const { client, request, limits, controller, answer, traceparent } = options;
  const { signal } = controller;
  const timers = new AttemptTimers(limits, (error) => controller.abort(error.with({ provider: client.provider.id })));
  try {
    const context = { signal, onConnected: () => timers.connected(), onReconnecting: () => timers.connecting(), traceparent, maxAnswerBytes: limits.maxAnswerKb * 1024 };
    const early: StreamPart[] = [];
    for await (const parts of client.stream(request, context)) {
      signal.throwIfAborted();
      await take(parts, early, options, timers);
    }
    signal.throwIfAborted();
    checkWhole(answer, client);
  } catch (error) {
    throw explain(signal.aborted ? signal.reason : error, answer, client);
  } finally {
    timers.stop();
  }
}

async function take(parts: readonly StreamPart[], early: StreamPart[], options: AttemptOptions, timers: AttemptTimers): Promise<void> {
  const { answer, sink, controller, onFirstToken, client, limits } = options;
  if (parts.length === 0) return;
  const wasStarted = answer.started;
  for (const part of parts) answer.add(part);
  if (answer.size > limits.maxAnswerKb * 1024) throw tooLarge(client.provider, limits.maxAnswerKb * 1024);
  if (!answer.started) {
    // What is said before the first token, such as the count of the input, leaves with it.
    early.push(...parts);
    return;
  }
  timers.token(!wasStarted);
  if (!wasStarted) onFirstToken();
  const written = sink?.write(early.length > 0 ? [...early.splice(0), ...parts] : parts);
  if (written === undefined) return;
  timers.pause();
  await orAborted(written, controller.signal);
  timers.resume();
}

function checkWhole(answer: Answer, { provider }: ModelClient): void {
  if (answer.finishReason === undefined) {
    const hint = 'The server may have crashed or been restarted: look into its log.';
    throw answer.started
      ? new LlmError('interrupted', `${provider.label} broke off in the middle of the answer.`, { provider: provider.id, hint })
      : new LlmError('server', `${provider.label} ended the stream without an answer.`, { provider: provider.id, hint });
  }
  if (answer.finishReason === 'content_filter' && !answer.started) {
    throw new LlmError('content_filter', `${provider.label} refused to answer.`, { provider: provider.id, hint: 'Rephrase the prompt.' });
  }
}

function explain(error: unknown, answer: Answer, { provider }: ModelClient): LlmError {
  const failure = toLlmError(error, provider.id);
  if (!answer.started) return failure;
  // A connection that breaks after the first token is a broken answer, not a server that cannot be reached.
  if (failure.kind === 'unavailable') {
    return new LlmError('interrupted', `${provider.label} broke off in the middle of the answer.`, {
      provider: provider.id,
      hint: 'The server may have crashed or been restarted: look into its log.',
      partial: answer.text,
    });
  }
  return failure.with({ partial: answer.text });
}

/** Waits for the sink, but not longer than the request lives. */
function orAborted(written: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    // Who writes may have cancelled the request as well.
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    written.then(resolve, (error: unknown) => reject(toLlmError(error))).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });
}
