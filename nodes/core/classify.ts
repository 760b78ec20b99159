/**
 * From what a provider answered, or why it did not, to a kind of failure with its hint.
 * The body decides before the status: servers send wrong statuses.
 */
import { calledIn } from './conversation/calls.ts';
import { imagesOf, textOf } from './conversation/text.ts';
import { type FailureKind, LlmError } from './errors.ts';
import { hintFor } from './hints.ts';
import { isRecord } from './json.ts';
import type { Provider } from './provider.ts';
import type { CompletionRequest } from './request.ts';
import { type Headers, readRetryAfter } from './retry-after.ts';

export interface FailedAnswer {
  /** Absent for an error event within a stream. */
  status?: number | undefined;
  headers?: Headers | undefined;
  /** Parsed JSON, or the text where it is none. */
  body: unknown;
  provider: Provider;
  /** The request that failed; without one (a test of the address) there is nothing that could leak. */
  request?: CompletionRequest | undefined;
}

/** The facts that the error bodies of OpenAI, Anthropic, llama.cpp, vLLM, Ollama and FastAPI have in common. */
interface ErrorBody {
  type: string;
  code: string;
  param: string;
  message: string;
  /** vLLM, llama.cpp and OpenRouter repeat the status as a number in `code`: within a stream it is the only one. */
  status?: number;
}

/** A failed HTTP answer, or an error event in a stream, as a failure. */
export function classifyAnswer(answer: FailedAnswer): LlmError {
  const { status, headers, provider, request } = answer;
  const body = readErrorBody(answer.body);
  const kind = kindOf(body, status ?? body.status);
  const retryAfterMs = readRetryAfter(headers);
  return new LlmError(kind, sentence(kind, answer, body), {
    status,
    provider: provider.id,
    retryAfterMs,
    retryable: readShouldRetry(headers),
    hint: hintFor(kind, { provider, model: request?.model, task: request?.task, status, detail: body.message }),
  });
}

/** A redirect, which is not followed: the key would go with it. */
export function redirected({ id: provider, label }: Provider, status: number): LlmError {
  return new LlmError('not_found', `${label} sends to another address (${status}).`, {
    status,
    provider,
    hint: 'Correct the address: often it must begin with https://.',
  });
}

/** A failure below HTTP (refused, DNS, TLS, reset) as a failure. */
export function classifyNetworkError(error: unknown, provider: Provider): LlmError {
  const code = networkCode(error);
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return garbage(provider, 'a head that is too large');
  const kind: FailureKind = code === 'UND_ERR_CONNECT_TIMEOUT' ? 'timeout' : 'unavailable';
  const hint = hintFor(kind, { provider, networkCode: code });
  return new LlmError(kind, `${provider.label} cannot be reached (${code}).`, { provider: provider.id, hint });
}

/** Something in a stream that is not what the provider's protocol allows. */
export function garbage(provider: Provider, what: string): LlmError {
  return new LlmError('server', `${provider.label} sent ${what}.`, { provider: provider.id, hint: hintFor('server', { provider }) });
}

const quotaWords = /insufficient_quota|credit_balance|billing_|spend_limit_reached|exceeded your current quota|credit balance is too low/;
const contextWords =
  /context_length_exceeded|exceed_context_size|maximum context length|context length is only|context size has been exceeded|exceeds the available context|prompt is too long|is too large to process|longer than the maximum model length|cannot be greater than max_model_len|input is too long/;
const memoryWords = /out of memory|outofmemory|cudamalloc|failed to allocate|insufficient memory|not enough memory|requires more system memory|bad_alloc|alloc_failed/;
const filterWords = /content_filter|content_policy|responsible_?ai|content management policy/;
const overloadedWords = /overloaded|slow_down|loading model|unavailable_error|server is busy|no slot available/;
const authWords = /invalid_api_key|invalid api key|incorrect api key|authentication|permission_error|permission_denied/;
const notFoundWords = /model_not_found|not_found|notfounderror|not_supported_error|model .* does not exist|model .* not found/;
/** Called an invalid request by some, or one without a permission, but another server may well give them. */
const embeddingWords = /does not support (the )?embeddings|not allowed to generate embeddings|pooling type .* not oai compatible/;
/** Called an invalid request by vLLM and a failure by llama.cpp; another server may well take them. */
const imageWords = /is not a multimodal model|image input is not supported|does not support image/;
const toolWords = /requires --(enable-auto-tool-choice|tool-call-parser)/;
const malformedWords = /json\.exception|failed to parse messages|invalid_request|badrequesterror|unprocessable/;

/** Ordered: an earlier row is more particular than a later one. */
const bodyRules: ReadonlyArray<readonly [RegExp, FailureKind]> = [
  [quotaWords, 'quota'],
  [contextWords, 'context_length'],
  [memoryWords, 'out_of_memory'],
  [filterWords, 'content_filter'],
  [overloadedWords, 'overloaded'],
  [/rate_limit|too many requests/, 'rate_limit'],
  [embeddingWords, 'not_found'],
  [imageWords, 'not_found'],
  [toolWords, 'not_found'],
  [authWords, 'auth'],
  [notFoundWords, 'not_found'],
];

function kindOf({ type, code, message }: ErrorBody, status: number | undefined): FailureKind {
  const text = `${type} ${code} ${message}`.toLowerCase();
  const named = bodyRules.find(([words]) => words.test(text))?.[1];
  if (named) return named;
  const byStatus = kindOfStatus(status);
  // A missing key and an unknown path are called invalid requests too; only where the status tells less do the words count.
  return byStatus === 'server' && malformedWords.test(text) ? 'invalid_request' : byStatus;
}

function kindOfStatus(status: number | undefined): FailureKind {
  switch (status) {
    case undefined:
      return 'server';
    case 401:
    case 403:
      return 'auth';
    case 402:
      return 'quota';
    case 404:
    case 501:
      return 'not_found';
    case 408:
    case 409:
    case 503:
    case 529:
      return 'overloaded';
    case 413:
      return 'context_length';
    case 429:
      return 'rate_limit';
    default:
      return status >= 400 && status < 500 ? 'invalid_request' : 'server';
  }
}

/** How much of a message is read: whole pages come back, and whole prompts. */
const maxRead = 2_000;
const maxName = 300;

function readErrorBody(body: unknown): ErrorBody {
  if (typeof body === 'string') return { type: '', code: '', param: '', message: body.slice(0, maxRead) };
  if (!isRecord(body)) return { type: '', code: '', param: '', message: '' };
  const error = isRecord(body['error']) ? body['error'] : body;
  const message = error['message'] ?? body['error'] ?? body['detail'];
  const code = error['code'];
  return {
    type: asName(error['type']),
    // Anthropic puts its codes one level deeper.
    code: asName(code) || asName(isRecord(error['details']) ? error['details']['error_code'] : undefined),
    param: asName(error['param']),
    message: asText(message).slice(0, maxRead),
    ...(typeof code === 'number' && code >= 400 && { status: code }),
  };
}

/** Names are short; what is longer is none, and patterns run over it. */
function asName(value: unknown): string {
  return asText(value).slice(0, maxName);
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function sentence(kind: FailureKind, answer: FailedAnswer, error: ErrorBody): string {
  const { provider, status } = answer;
  const base = `${provider.label} ${verdicts[kind]}${status === undefined ? '' : ` (${status})`}`;
  const detail = quotable(kind, answer, error);
  return detail ? `${base}: ${detail}` : `${base}.`;
}

const verdicts: Record<FailureKind, string> = {
  auth: 'refused the key',
  quota: 'says that the quota is used up',
  rate_limit: 'limits the rate of requests',
  overloaded: 'is overloaded or still loading',
  unavailable: 'cannot be reached',
  timeout: 'took too long',
  server: 'failed',
  out_of_memory: 'ran out of memory',
  interrupted: 'broke off the answer',
  context_length: 'found the prompt too long',
  not_found: 'does not know the model or the path',
  invalid_request: 'refused the request',
  content_filter: 'refused the content',
  shed: 'turned the request away',
  circuit_open: 'is left alone for a while',
  budget: 'is over its budget',
  misconfigured: 'is not set up',
  cancelled: 'was cancelled',
};

const quotedKinds: ReadonlySet<FailureKind> = new Set(['invalid_request', 'not_found', 'server', 'context_length']);
const maxQuoted = 240;
/** llama.cpp quotes what the model wrote where it cannot read it. */
const quotesAnswer = /failed to parse input/i;

/**
 * The provider's own sentence, where it helps and repeats neither the conversation nor a key: servers like to quote what they
 * refuse.
 */
function quotable(kind: FailureKind, { body, provider, request }: FailedAnswer, { message, param }: ErrorBody): string {
  if (!quotedKinds.has(kind) || typeof body === 'string') return '';
  const isSecret = (text: string) =>
    /\bsk-|bearer/i.test(text) || quotesAnswer.test(text) || provider.holdsKey?.(text) === true || repeatsConversation(text, request);
  const words = message.replace(/\s+/g, ' ').trim();
  // Twice what is shown: a quotation may begin just before its end.
  if (!isSecret(words.slice(0, 2 * maxQuoted))) return words.slice(0, maxQuoted);
  return isSecret(param) ? '' : param.slice(0, maxQuoted);
}

/** This many characters in a row are no accident. */
const windowSize = 8;
/** A longer conversation is not searched: nothing is quoted then. */
const maxSearched = 100_000;

function repeatsConversation(quoted: string, request: CompletionRequest | undefined): boolean {
  if (!request) return false;
  const said = plain(quoted);
  let left = maxSearched;
  for (const text of conversationTexts(request)) {
    left -= text.length;
    if (left < 0 || repeats(said, plain(text))) return true;
  }
  return false;
}

function repeats(said: string, text: string): boolean {
  if (text === '') return false;
  if (text.length <= windowSize) return ` ${said} `.includes(` ${text} `);
  for (let at = 0; at + windowSize <= said.length; at++) {
    if (text.includes(said.slice(at, at + windowSize))) return true;
  }
  return false;
}

/** Without what quoting changes: escapes, quotation marks, blanks, case. */
function plain(text: string): string {
  return text
    .replace(/\\u([0-9a-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\[bfnrt]/g, ' ')
    .replace(/[\s!-/:-@[-`{-~]+/g, ' ')
    .trim()
    .toLowerCase();
}

function* conversationTexts({ messages, tools, extra }: CompletionRequest): Generator<string> {
  for (const { content, tool_calls: toolCalls } of messages) {
    yield textOf(content);
    // An image is quoted from its beginning, if at all.
    for (const url of imagesOf(content)) yield url.slice(0, maxRead);
    for (const call of toolCalls ?? []) yield calledIn(call).input;
  }
  if (tools) yield JSON.stringify(tools);
  if (extra) yield JSON.stringify(extra);
}

/** `x-should-retry`, which OpenAI's and Anthropic's SDKs obey, wins over the status. */
function readShouldRetry(headers: Headers | undefined): boolean | undefined {
  const value = headers?.['x-should-retry'];
  return value === 'true' ? true : value === 'false' ? false : undefined;
}

/** The first system or TLS code in an error, its causes, and the errors of an aggregate. */
export function networkCode(error: unknown): string {
  for (let current: unknown = error, depth = 0; isErrorLike(current) && depth < 8; depth++) {
    if (typeof current.code === 'string' && current.code !== '') return current.code;
    const [first] = Array.isArray(current.errors) ? (current.errors as unknown[]) : [];
    current = first ?? current.cause;
  }
  return 'connection failed';
}

function isErrorLike(value: unknown): value is { code?: unknown; cause?: unknown; errors?: unknown } {
  return typeof value === 'object' && value !== null;
}
