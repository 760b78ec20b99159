/** What a backend's folder implements: one model API, spoken as a stream. */
import type { StreamPart } from './completion.ts';
import type { Provider } from './provider.ts';
import type { CompletionRequest } from './request.ts';

export interface AttemptContext {
  /** Aborts the provider's request. Its reason is the LlmError to fail with. */
  readonly signal: AbortSignal;
  /** To be called when the connection stands and the request goes out: the connect timer ends. */
  onConnected: () => void;
  /** To be called where another connection must be made after all: the connect timer starts again. */
  onReconnecting?: () => void;
  /** How large an answer may be that comes as a whole; what is streamed is counted by who takes it. */
  readonly maxAnswerBytes?: number;
  /** For a server that can trace, as W3C's header has it. */
  readonly traceparent?: string | undefined;
}

export interface ModelClient {
  readonly provider: Provider;
  /**
   * Where the server is not always there: waits until it is. What it gives is to be called when the attempt is over.
   * The timers of an attempt start afterwards, its deadline does not.
   * @throws LlmError where it cannot be had
   */
  acquire?(signal: AbortSignal): (() => void) | Promise<() => void>;
  /**
   * Sends the request and yields the answer as it comes, one array for each piece that the network delivers.
   * The answer is whole when a `finish` part has come and the iteration ends.
   * @throws LlmError of the kind that fits what the provider answered.
   */
  stream(request: CompletionRequest, context: AttemptContext): AsyncIterable<readonly StreamPart[]>;
}
