/**
 * Carries the requests that a provider's SDK builds. The SDK knows addresses, headers and versions; sending is ours, for its
 * own retries, time limits, logs and errors would each hide something, and it takes twice the time.
 */
import { maxPlainBytes, parseJson, readErrorText, readText } from './answer-bound.ts';
import { classifyAnswer, classifyNetworkError, redirected } from './classify.ts';
import { type Connections, destroyConnections } from './connections.ts';
import type { LlmError } from './errors.ts';
import { type HttpResponse, openHttp } from './http.ts';
import type { PlainContext } from './model-server.ts';
import type { Provider } from './provider.ts';
import { createProxyConnections, proxyVariable } from './proxy.ts';
import type { CompletionRequest } from './request.ts';

/** What `client.buildRequest(…)` of both SDKs resolves with, as far as it matters here. */
export interface BuiltRequest {
  readonly url: string;
  readonly req: { readonly headers: globalThis.Headers; readonly body?: unknown };
}

export interface SdkContext extends PlainContext {
  request?: CompletionRequest | undefined;
  /** Sees the text of an answer that failed, for what the failure itself does not keep. */
  onRefused?: (status: number, text: string) => void;
}

export class SdkTransport {
  readonly #provider: Provider;
  readonly #connections: Connections;

  /** @throws LlmError `misconfigured` for a proxy in the environment that cannot be one */
  constructor(provider: Provider) {
    this.#provider = provider;
    this.#connections = createProxyConnections(provider.url);
  }

  /** Resolves with a successful answer's head. @throws LlmError for every other */
  async send(built: Promise<BuiltRequest>, context: SdkContext): Promise<HttpResponse> {
    const { url, req } = await built;
    const response = await openHttp({
      connections: this.#connections,
      url,
      headers: Object.fromEntries(req.headers),
      ...(typeof req.body === 'string' ? { method: 'POST', body: req.body } : { method: 'GET' }),
      signal: context.signal,
      onConnected: context.onConnected,
      onReconnecting: context.onReconnecting,
      explain: (error) => this.#explain(error),
    });
    const { status } = response;
    if (status >= 200 && status < 300) return response;
    throw await this.#failure(response, context);
  }

  async getJson(built: Promise<BuiltRequest>, context: SdkContext): Promise<unknown> {
    const { body } = await this.send(built, context);
    return parseJson(await readText(body, this.#provider, maxPlainBytes));
  }

  close(): Promise<void> {
    return destroyConnections(this.#connections);
  }

  async #failure({ status, headers, body }: HttpResponse, { request, onRefused }: SdkContext): Promise<LlmError> {
    const text = await readErrorText(body);
    onRefused?.(status, text);
    if (status < 400) return redirected(this.#provider, status);
    return classifyAnswer({ status, headers, body: parseJson(text), provider: this.#provider, request });
  }

  #explain(error: Error): LlmError {
    const failure = classifyNetworkError(error, this.#provider);
    const proxy = proxyVariable(this.#provider.url);
    return proxy ? failure.with({ hint: `${failure.hint} Check the proxy as well: ${proxy} is set in the environment.` }) : failure;
  }
}
