/** A model that does what the test says, attempt by attempt. */
import type { AttemptContext, ModelClient } from '../../nodes/core/client.ts';
import type { StreamPart } from '../../nodes/core/completion.ts';
import { type FailureDetails, type FailureKind, LlmError } from '../../nodes/core/errors.ts';
import type { CompletionRequest } from '../../nodes/core/request.ts';

/** What one attempt does. */
export type Script = (context: AttemptContext, request: CompletionRequest) => AsyncIterable<readonly StreamPart[]>;

export const scriptedProvider = { id: 'scripted', label: 'Scripted', url: 'http://scripted.test' };

export class ScriptedClient implements ModelClient {
  readonly provider = scriptedProvider;
  /** The requests that have arrived, one for each attempt. */
  readonly requests: CompletionRequest[] = [];
  readonly #scripts: readonly Script[];

  /** The last script goes for all further attempts too. */
  constructor(...scripts: readonly Script[]) {
    this.#scripts = scripts;
  }

  get attempts(): number {
    return this.requests.length;
  }

  stream(request: CompletionRequest, context: AttemptContext): AsyncIterable<readonly StreamPart[]> {
    const script = this.#scripts[this.requests.length] ?? this.#scripts.at(-1);
    this.requests.push(request);
    if (!script) throw new Error('The test has no script for this attempt.');
    return script(context, request);
  }
}

export function text(words: string): StreamPart {
  return { type: 'text', text: words };
}

export const finish: StreamPart = { type: 'finish', reason: 'stop' };

/** Connects and streams the pieces. */
export function answers(...pieces: ReadonlyArray<readonly StreamPart[]>): Script {
  return async function* ({ onConnected }) {
    onConnected();
    yield* pieces;
  };
}

/** Fails before the first token, at once or after a while. */
export function fails(kind: FailureKind, details: FailureDetails = {}, after?: () => Promise<unknown>): Script {
  // oxlint-disable-next-line require-yield
  return async function* ({ onConnected }) {
    onConnected();
    await after?.();
    throw new LlmError(kind, `The script failed (${kind}).`, { provider: scriptedProvider.id, ...details });
  };
}

/** Connects, streams the pieces, and then fails. */
export function breaks(kind: FailureKind, ...pieces: ReadonlyArray<readonly StreamPart[]>): Script {
  return async function* ({ onConnected }) {
    onConnected();
    yield* pieces;
    throw new LlmError(kind, `The script broke off (${kind}).`, { provider: scriptedProvider.id });
  };
}

/** Connects, streams the pieces, and then says nothing more until it is cancelled. */
export function hangs(...pieces: ReadonlyArray<readonly StreamPart[]>): Script {
  return async function* ({ onConnected, signal }) {
    onConnected();
    yield* pieces;
    await cancelled(signal);
  };
}

/** Rejects when the signal aborts. */
export function cancelled(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
