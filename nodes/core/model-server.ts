/** A model server that we speak HTTP to ourselves: its address, key and connections. */
import { maxPlainBytes, parseJson, readErrorText, readText } from './answer-bound.ts';
import { classifyAnswer, classifyNetworkError, redirected } from './classify.ts';
import type { AttemptContext } from './client.ts';
import { type Connections, destroyConnections } from './connections.ts';
import { LlmError } from './errors.ts';
import { createConnections, type HttpResponse, openHttp } from './http.ts';
import type { JsonObject } from './json.ts';
import type { Provider } from './provider.ts';
import type { CompletionRequest } from './request.ts';

/** What opens an exchange that no model request stands behind: a test, a list, a health check. */
export type PlainContext = Pick<AttemptContext, 'signal'> & Partial<AttemptContext>;

export class ModelServer {
  readonly provider: Provider;
  readonly #headers: Record<string, string>;
  readonly #connections: Connections = createConnections();
  #heardAt = -Infinity;

  /** @throws LlmError `misconfigured` for an address or a key that cannot be one */
  constructor(provider: Provider, apiKey: string | undefined) {
    const key = readKey(apiKey);
    this.provider = { ...provider, url: readUrl(provider.url), ...(key && { holdsKey: (text: string) => text.includes(key) }) };
    this.#headers = { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) };
  }

  /** When it sent something last, whatever it was, by `performance.now()`; -Infinity where it never has. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Posts a body and resolves with a successful answer's head. @throws LlmError for every other */
  post(path: string, body: JsonObject, context: PlainContext, request?: CompletionRequest): Promise<HttpResponse> {
    return this.#open('POST', path, context, JSON.stringify(body), request);
  }

  get(path: string, context: PlainContext): Promise<HttpResponse> {
    return this.#open('GET', path, context);
  }

  async getJson(path: string, context: PlainContext): Promise<unknown> {
    const { body } = await this.get(path, context);
    return parseJson(await readText(body, this.provider, maxPlainBytes));
  }

  close(): Promise<void> {
    return destroyConnections(this.#connections);
  }

  async #open(method: 'GET' | 'POST', path: string, context: PlainContext, body?: string, request?: CompletionRequest): Promise<HttpResponse> {
    const response = await openHttp({
      connections: this.#connections,
      method,
      url: this.provider.url + path,
      headers: context.traceparent === undefined ? this.#headers : { ...this.#headers, traceparent: context.traceparent },
      signal: context.signal,
      onConnected: context.onConnected,
      onReconnecting: context.onReconnecting,
      onHeard: () => (this.#heardAt = performance.now()),
      explain: (error) => classifyNetworkError(error, this.provider),
      ...(body !== undefined && { body }),
    });
    const { status, headers } = response;
    if (status >= 200 && status < 300) return response;
    const failed = parseJson(await readErrorText(response.body));
    if (status < 400) throw redirected(this.provider, status);
    throw classifyAnswer({ status, headers, body: failed, provider: this.provider, request });
  }
}

/** The address without a trailing slash. @throws LlmError `misconfigured` */
export function readUrl(url: string): string {
  const trimmed = url.trim();
  const parsed = URL.canParse(trimmed) ? new URL(trimmed) : undefined;
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol)) {
    throw new LlmError('misconfigured', 'The address is no URL.', { hint: 'It starts with http:// or https://, such as http://localhost:8080.' });
  }
  if (parsed.username || parsed.password) {
    throw new LlmError('misconfigured', 'The address holds a user or password.', { hint: 'Put the key into the field for it.' });
  }
  return (parsed.origin + parsed.pathname).replace(/\/+$/, '');
}

/** The key without the blanks around it. @throws LlmError `misconfigured` for one that no header can carry */
export function readKey(apiKey: string | undefined): string | undefined {
  const key = apiKey?.trim();
  if (!key) return undefined;
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new LlmError('misconfigured', 'The API key holds a line break, a blank or another character that no key has.', {
      hint: 'Copy the key once more, without anything around it.',
    });
  }
  return key;
}
