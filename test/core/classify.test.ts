import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { classifyAnswer, type FailedAnswer } from '../../nodes/core/classify.ts';
import { type FailureKind, failureKinds, type LlmError } from '../../nodes/core/errors.ts';
import { hintFor } from '../../nodes/core/hints.ts';
import type { CompletionRequest } from '../../nodes/core/request.ts';
import { requestOf } from '../support/requests.ts';

const cloud = { id: 'openai', label: 'OpenAI', url: 'https://api.openai.test/v1', keyVariable: 'OPENAI_API_KEY' };
const local = { id: 'llamacpp', label: 'llama.cpp', url: 'http://localhost:8080' };

interface Case {
  from: string;
  status?: number;
  body: unknown;
  headers?: Record<string, string>;
  kind: FailureKind;
  /** What the hint has to say. */
  hint: RegExp;
}

const openai = (message: string, type: string, code: string | null, param: string | null = null) => ({ error: { message, type, param, code } });
const anthropic = (type: string, message: string) => ({ type: 'error', error: { type, message }, request_id: 'req_1' });
const llamacpp = (code: number, message: string, type: string) => ({ error: { code, message, type } });

const cases: Case[] = [
  // OpenAI
  { from: 'OpenAI, wrong key', status: 401, body: openai('Incorrect API key provided: sk-abc***xyz.', 'invalid_request_error', 'invalid_api_key'), kind: 'auth', hint: /API key/ },
  { from: 'OpenAI, no key', status: 401, body: openai("You didn't provide an API key. You need to provide it in an Authorization header.", 'invalid_request_error', null), kind: 'auth', hint: /OPENAI_API_KEY/ },
  { from: 'OpenAI, country', status: 403, body: openai('Country, region, or territory not supported', 'request_forbidden', 'unsupported_country_region_territory'), kind: 'auth', hint: /key/ },
  { from: 'OpenAI, quota', status: 429, body: openai('You exceeded your current quota, please check your plan and billing details.', 'insufficient_quota', 'insufficient_quota'), kind: 'quota', hint: /credit/ },
  { from: 'OpenAI, hard limit', status: 400, body: openai('Billing hard limit has been reached', 'invalid_request_error', 'billing_hard_limit_reached'), kind: 'quota', hint: /credit/ },
  { from: 'OpenAI, rate limit', status: 429, body: openai('Rate limit reached for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000, Used 29000.', 'tokens', 'rate_limit_exceeded'), kind: 'rate_limit', hint: /fewer requests/ },
  { from: 'OpenAI, rate limit of the free tier', status: 429, body: openai('Rate limit reached for requests. Limit: 3 / min. Visit https://platform.openai.com/account/billing to add a payment method.', 'requests', 'rate_limit_exceeded'), kind: 'rate_limit', hint: /fewer requests/ },
  { from: 'OpenAI, slow down', status: 503, body: openai('Slow down.', 'server_error', 'slow_down'), kind: 'overloaded', hint: /moment/ },
  { from: 'OpenAI, overloaded in a stream', body: openai('The server is overloaded.', 'server_error', 'server_is_overloaded'), kind: 'overloaded', hint: /moment/ },
  { from: 'OpenAI, too long', status: 400, body: openai("This model's maximum context length is 8192 tokens.", 'invalid_request_error', 'context_length_exceeded', 'messages'), kind: 'context_length', hint: /Shorten/ },
  { from: 'OpenAI, unknown model', status: 404, body: openai('The model `gpt-9` does not exist or you do not have access to it.', 'invalid_request_error', 'model_not_found'), kind: 'not_found', hint: /model’s name/ },
  { from: 'OpenAI, unknown path', status: 404, body: openai('Unknown request URL: POST /v1/chat/completion.', 'invalid_request_error', null), kind: 'not_found', hint: /address/ },
  { from: 'OpenAI, no embeddings', status: 403, body: openai('You are not allowed to generate embeddings from this model', 'invalid_request_error', null), kind: 'not_found', hint: /gives embeddings/ },
  { from: 'OpenAI, bad parameter', status: 400, body: openai("Unrecognized request argument supplied: top_z", 'invalid_request_error', null), kind: 'invalid_request', hint: /settings/ },
  { from: 'OpenAI, server error', status: 500, body: openai('The server had an error while processing your request.', 'server_error', null), kind: 'server', hint: /log of OpenAI/ },
  { from: 'OpenAI, server error in a stream', body: openai('The server had an error while processing your request.', 'server_error', null), kind: 'server', hint: /log/ },
  { from: 'Azure, content filter', status: 400, body: { error: { code: 'content_filter', message: "The response was filtered due to Azure OpenAI's content management policy.", innererror: { code: 'ResponsibleAIPolicyViolation' } } }, kind: 'content_filter', hint: /Rephrase/ },
  // Anthropic
  { from: 'Anthropic, bad request', status: 400, body: anthropic('invalid_request_error', 'max_tokens: Field required'), kind: 'invalid_request', hint: /settings/ },
  { from: 'Anthropic, too long', status: 400, body: anthropic('invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum'), kind: 'context_length', hint: /Shorten/ },
  { from: 'Anthropic, too large', status: 413, body: anthropic('request_too_large', 'Request exceeds the maximum size'), kind: 'context_length', hint: /Shorten/ },
  { from: 'Anthropic, no credit', status: 400, body: anthropic('invalid_request_error', 'Your credit balance is too low to access the Anthropic API.'), kind: 'quota', hint: /credit/ },
  { from: 'Anthropic, billing', status: 402, body: anthropic('billing_error', 'There is an issue with your payment.'), kind: 'quota', hint: /credit/ },
  { from: 'Anthropic, key', status: 401, body: anthropic('authentication_error', 'invalid x-api-key'), kind: 'auth', hint: /API key/ },
  { from: 'Anthropic, permission', status: 403, body: anthropic('permission_error', 'Your API key may not use this.'), kind: 'auth', hint: /API key/ },
  { from: 'Anthropic, unknown model', status: 404, body: anthropic('not_found_error', 'model: claude-9'), kind: 'not_found', hint: /model’s name/ },
  { from: 'Anthropic, rate limit', status: 429, body: anthropic('rate_limit_error', 'This request would exceed the rate limit for your organization.'), kind: 'rate_limit', hint: /fewer requests/ },
  { from: 'Anthropic, error', status: 500, body: anthropic('api_error', 'Internal server error'), kind: 'server', hint: /log/ },
  { from: 'Anthropic, overloaded', status: 529, body: anthropic('overloaded_error', 'Overloaded'), kind: 'overloaded', hint: /moment/ },
  { from: 'Anthropic, overloaded in a stream', body: anthropic('overloaded_error', 'Overloaded'), kind: 'overloaded', hint: /moment/ },
  // llama.cpp
  { from: 'llama.cpp, loading', status: 503, body: llamacpp(503, 'Loading model', 'unavailable_error'), kind: 'overloaded', hint: /still loading/ },
  { from: 'llama.cpp, no slot', status: 503, body: llamacpp(503, 'no slot available', 'unavailable_error'), kind: 'overloaded', hint: /moment/ },
  { from: 'llama.cpp, too long', status: 400, body: llamacpp(400, 'request (4802 tokens) exceeds the available context size (2048 tokens), try increasing it', 'exceed_context_size_error'), kind: 'context_length', hint: /larger context/ },
  { from: 'llama.cpp, too long, older', status: 500, body: llamacpp(500, 'Context size has been exceeded.', 'server_error'), kind: 'context_length', hint: /larger context/ },
  { from: 'llama.cpp, input over the batch', status: 500, body: llamacpp(500, 'input is too large to process. increase the physical batch size', 'server_error'), kind: 'context_length', hint: /larger context/ },
  { from: 'llama.cpp, no JSON', status: 500, body: llamacpp(500, '[json.exception.parse_error.101] parse error at line 1', 'server_error'), kind: 'invalid_request', hint: /settings/ },
  { from: 'llama.cpp, no role', status: 500, body: llamacpp(500, "Failed to parse messages: Missing 'role' in message", 'server_error'), kind: 'invalid_request', hint: /message/ },
  { from: 'llama.cpp, missing field', status: 400, body: llamacpp(400, "'messages' is required", 'invalid_request_error'), kind: 'invalid_request', hint: /message/ },
  { from: 'llama.cpp, key', status: 401, body: llamacpp(401, 'Invalid API Key', 'authentication_error'), kind: 'auth', hint: /key/ },
  { from: 'llama.cpp, unknown path', status: 404, body: llamacpp(404, 'File Not Found', 'not_found_error'), kind: 'not_found', hint: /address/ },
  { from: 'llama.cpp, not supported', status: 501, body: llamacpp(501, 'This server does not support metrics endpoint.', 'not_supported_error'), kind: 'not_found', hint: /address/ },
  { from: 'llama.cpp, no embeddings', status: 501, body: llamacpp(501, 'This server does not support embeddings. Start it with `--embeddings`', 'not_supported_error'), kind: 'not_found', hint: /--embeddings/ },
  { from: 'llama.cpp, no images', status: 500, body: llamacpp(500, 'image input is not supported - hint: if this is unexpected, you may need to provide the mmproj', 'server_error'), kind: 'not_found', hint: /takes images/ },
  { from: 'llama.cpp, no pooling', status: 400, body: llamacpp(400, "Pooling type 'none' is not OAI compatible. Please use a different pooling type", 'invalid_request_error'), kind: 'not_found', hint: /--pooling mean/ },
  { from: 'llama.cpp, no memory', status: 500, body: llamacpp(500, 'ggml_backend_cuda_buffer_type_alloc_buffer: allocating 512 MiB on device 0: cudaMalloc failed: out of memory', 'server_error'), kind: 'out_of_memory', hint: /smaller/ },
  // vLLM
  { from: 'vLLM, too long', status: 400, body: { error: { message: "This model's maximum context length is 2048 tokens. However, you requested 4000.", type: 'BadRequestError', param: 'input_tokens', code: 400 } }, kind: 'context_length', hint: /Shorten/ },
  { from: 'vLLM, too long, un-nested', status: 400, body: { object: 'error', message: "This model's maximum context length is 2048 tokens.", type: 'BadRequestError', param: null, code: 400 }, kind: 'context_length', hint: /Shorten/ },
  { from: 'vLLM, too long, newer', status: 400, body: { error: { message: 'The decoder prompt (length 5000) is longer than the maximum model length of 2048.', type: 'BadRequestError', param: null, code: 400 } }, kind: 'context_length', hint: /Shorten/ },
  { from: 'vLLM, unknown model', status: 404, body: { error: { message: 'The model `llama` does not exist.', type: 'NotFoundError', param: 'model', code: 404 } }, kind: 'not_found', hint: /model’s name/ },
  { from: 'vLLM, unknown model, un-nested', status: 404, body: { object: 'error', message: 'The model `llama` does not exist.', type: 'NotFoundError', param: 'model', code: 404 }, kind: 'not_found', hint: /model’s name/ },
  { from: 'vLLM, no embeddings', status: 400, body: { object: 'error', message: 'The model does not support Embeddings API', type: 'BadRequestError', param: null, code: 400 }, kind: 'not_found', hint: /gives embeddings/ },
  { from: 'vLLM, no such dimensions', status: 400, body: { object: 'error', message: 'Model "bge-m3" does not support matryoshka representation, changing output dimensions will lead to poor results.', type: 'BadRequestError', param: null, code: 400 }, kind: 'invalid_request', hint: /settings/ },
  { from: 'vLLM, bad request', status: 400, body: { object: 'error', message: 'temperature must be non-negative, got -1.', type: 'BadRequestError', param: null, code: 400 }, kind: 'invalid_request', hint: /settings/ },
  { from: 'vLLM, no memory in a stream', body: { error: { message: 'CUDA out of memory. Tried to allocate 20.00 MiB.', type: 'InternalServerError', param: null, code: 500 } }, kind: 'out_of_memory', hint: /smaller/ },
  { from: 'vLLM, status only in the body of an event', body: { error: { message: 'Nope.', type: 'Unauthorized', param: null, code: 401 } }, kind: 'auth', hint: /key/ },
  // Others
  { from: 'Ollama, unknown model', status: 404, body: { error: "model 'llama9' not found" }, kind: 'not_found', hint: /model’s name/ },
  { from: 'Ollama, no memory', status: 500, body: { error: 'model requires more system memory (5.6 GiB) than is available (3.1 GiB)' }, kind: 'out_of_memory', hint: /smaller/ },
  { from: 'Ollama, error', status: 500, body: { error: 'llama runner process has terminated' }, kind: 'server', hint: /log/ },
  { from: 'FastAPI, path', status: 404, body: { detail: 'Not Found' }, kind: 'not_found', hint: /address/ },
  { from: 'FastAPI, fields', status: 422, body: { detail: [{ loc: ['body', 'prompt'], msg: 'field required', type: 'value_error.missing' }] }, kind: 'invalid_request', hint: /settings/ },
  { from: 'FastAPI, key', status: 401, body: { detail: 'Not authenticated' }, kind: 'auth', hint: /key/ },
  { from: 'nginx, bad gateway', status: 502, body: '<html><head><title>502 Bad Gateway</title></head></html>', kind: 'server', hint: /log/ },
  { from: 'nginx, unavailable', status: 503, body: '<html><head><title>503 Service Temporarily Unavailable</title></head></html>', kind: 'overloaded', hint: /moment/ },
  { from: 'nginx, not found', status: 404, body: '<html><head><title>404 Not Found</title></head></html>', kind: 'not_found', hint: /address/ },
  { from: 'nginx, too large', status: 413, body: '<html><head><title>413 Request Entity Too Large</title></head></html>', kind: 'context_length', hint: /Shorten/ },
  { from: 'Cloudflare, rate limit', status: 429, body: '<html>Error 1015: You are being rate limited</html>', kind: 'rate_limit', hint: /fewer requests/ },
  { from: 'an empty body', status: 503, body: '', kind: 'overloaded', hint: /moment/ },
  { from: 'an empty body', status: 401, body: '', kind: 'auth', hint: /key/ },
  { from: 'an empty body', status: 402, body: '', kind: 'quota', hint: /credit/ },
  { from: 'an empty body', status: 408, body: '', kind: 'overloaded', hint: /moment/ },
  { from: 'an empty body', status: 409, body: '', kind: 'overloaded', hint: /moment/ },
  { from: 'an empty body', status: 418, body: '', kind: 'invalid_request', hint: /settings/ },
  { from: 'an empty body', status: 504, body: '', kind: 'server', hint: /log/ },
  { from: 'an empty event', body: {}, kind: 'server', hint: /log/ },
  { from: 'an odd body', status: 500, body: [null], kind: 'server', hint: /log/ },
  { from: 'an odd body', status: 400, body: { error: { message: { text: 'x' }, type: 7, code: [] } }, kind: 'invalid_request', hint: /settings/ },
];

describe('A failed answer', () => {
  for (const { from, status, body, headers, kind, hint } of cases) {
    test(`of ${from}${status === undefined ? '' : ` (${status})`} is ${kind}`, () => {
      const failure = classifyAnswer({ status, headers, body, provider: cloud, request: requestOf('Hello', { model: 'gpt-9' }) });
      assert.equal(failure.kind, kind, failure.message);
      assert.match(failure.hint ?? '', hint);
      assert.equal(failure.status, status);
      assert.equal(failure.provider, 'openai');
    });
  }

  test('of a server without an account sends people to the node, not to the environment', () => {
    const { hint } = classifyAnswer({ status: 401, body: '', provider: local });
    assert.equal(hint, "Check the API key in the node's server.");
  });

  test('carries how long to wait', () => {
    const body = openai('Rate limit reached', 'requests', 'rate_limit_exceeded');
    assert.equal(classifyAnswer({ status: 429, headers: { 'retry-after': '7' }, body, provider: cloud }).retryAfterMs, 7000);
    assert.equal(classifyAnswer({ status: 429, body, provider: cloud }).retryAfterMs, undefined);
  });

  test("is retried as the provider's header says, else as its kind says", () => {
    const retryable = (status: number, value?: string) =>
      classifyAnswer({ status, body: '', provider: cloud, ...(value && { headers: { 'x-should-retry': value } }) }).retryable;
    assert.equal(retryable(503), true);
    assert.equal(retryable(503, 'false'), false);
    assert.equal(retryable(400), false);
    assert.equal(retryable(400, 'true'), true);
    assert.equal(retryable(503, 'perhaps'), true);
  });

  test("quotes the provider's sentence where it helps", () => {
    const { message } = classifyAnswer({ status: 400, body: { detail: 'temperature  must\nbe positive' }, provider: local, request: requestOf('Hello') });
    assert.match(message, /^llama\.cpp refused the request \(400\): temperature must be positive Check /);
  });

  test('quotes no page, and no more than a sentence or two', () => {
    const page = classifyAnswer({ status: 400, body: '<html>Bad request</html>', provider: local });
    assert.doesNotMatch(page.message, /html/);
    const long = classifyAnswer({ status: 400, body: { detail: 'x'.repeat(1_000_000) }, provider: local });
    assert.ok(long.message.length < 600);
  });

  test('is read in no time, however long it is', () => {
    // Without a bound a search over this takes minutes; the test run's own time limit catches it.
    const long = 'model '.repeat(2_000_000);
    for (const body of [long, { error: long }]) assert.equal(classifyAnswer({ status: 500, body, provider: local }).kind, 'server');
  });
});

describe('A failure repeats', () => {
  const shown = (failure: LlmError) => [failure.message, failure.hint, failure.stack, String(failure), JSON.stringify(failure.cause)].join('\n');
  const statuses = [undefined, 400, 401, 402, 404, 413, 422, 429, 500, 501, 503];

  function classifyAll(message: string, given: Omit<FailedAnswer, 'status' | 'body'>): string {
    const bodies = [
      { error: { message, type: 'invalid_request_error', param: message, code: message } },
      { error: { message, type: message } },
      { object: 'error', message, param: message },
      { error: message },
      { detail: message },
      message,
    ];
    return bodies.flatMap((body) => statuses.map((status) => shown(classifyAnswer({ ...given, status, body })))).join('\n');
  }

  test('no prompt, however the provider quotes it', () => {
    const asPython = (text: string) => JSON.stringify(text).replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
    const quotations: Array<[string, string, RegExp]> = [
      ['The canary sings', 'The canary sings', /canary/],
      ['The canary sings', 'canary sings', /canary/],
      ['The  canary\n sings', 'The canary sings', /canary/],
      ['The canary sings', 'THE CANARY SINGS', /canary/i],
      ['PIN\n4711\tkey\n0815', JSON.stringify('PIN\n4711\tkey\n0815'), /4711/],
      ['"a" "b" "c" 4711', JSON.stringify('"a" "b" "c" 4711'), /4711/],
      ['鍵は秘密の言葉です今日', asPython('鍵は秘密の言葉です今日'), /9375/],
      ['Sesame opens it', `${'x'.repeat(220)} Sesame opens it`, /Sesame/],
    ];
    for (const [prompt, quotation, canary] of quotations) {
      assert.doesNotMatch(classifyAll(`Cannot read ${quotation}`, { provider: cloud, request: requestOf(prompt) }), canary);
      const conversation = requestOf([{ role: 'system', content: 'Be kind.' }, { role: 'user', content: [{ type: 'text', text: prompt }] }]);
      assert.doesNotMatch(classifyAll(`Cannot read ${quotation}`, { provider: cloud, request: conversation }), canary);
    }
  });

  test('no prompt that is only a word', () => {
    assert.doesNotMatch(classifyAll('I cannot read {"content":"4711"}', { provider: cloud, request: requestOf('4711') }), /4711/);
    const { message } = classifyAnswer({ status: 400, body: { detail: 'top_p is high' }, provider: cloud, request: requestOf('hi') });
    assert.match(message, /top_p is high/, 'a word that only contains the prompt is no quotation');
  });

  test("no tool's argument or result, no image's address and nothing of the extra fields", () => {
    const url = 'https://images.test/canary?sig=1';
    const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{"who":"canary one"}' } } as const;
    const quoted: Array<[string, CompletionRequest]> = [
      [url, requestOf([{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }])],
      ['canary one', requestOf([{ role: 'assistant', content: null, tool_calls: [call] }])],
      ['canary two', requestOf([{ role: 'tool', tool_call_id: 'c1', content: 'canary two' }])],
      ['canary three', requestOf('Hello', { extra: { user: 'canary three' } })],
      ['canary four', requestOf('Hello', { tools: [{ type: 'function', function: { name: 'look', description: 'canary four' } }] })],
    ];
    for (const [canary, request] of quoted) assert.doesNotMatch(classifyAll(`Cannot use ${canary}`, { provider: cloud, request }), /canary/, canary);
  });

  test('no key', () => {
    const key = 'canary/key+1';
    const provider = { ...local, holdsKey: (text: string) => text.includes(key) };
    assert.doesNotMatch(classifyAll(`No such key: ${key}`, { provider, request: requestOf('Hello') }), /canary/);
    for (const quoted of ['sk-canary1234', 'Bearer canary1234', 'bearer canary1234']) {
      assert.doesNotMatch(classifyAll(`No such key: ${quoted}`, { provider: cloud }), /canary/);
    }
  });

  test('nothing of a conversation that is too long to be searched', () => {
    const request = requestOf(`${'word '.repeat(30_000)}4711`);
    assert.doesNotMatch(classifyAll('Cannot read 4711', { provider: cloud, request }), /4711/);
  });

  test('no eight characters in a row of any prompt', () => {
    const words = fc.string({ unit: 'grapheme-ascii', minLength: 12, maxLength: 80 }).filter((prompt) => /[a-z0-9]{9}/i.test(prompt));
    fc.assert(
      fc.property(words, fc.string({ maxLength: 40 }), (prompt, around) => {
        const { message } = classifyAnswer({ status: 400, body: { detail: `${around}${prompt}${around}` }, provider: cloud, request: requestOf(prompt) });
        const sentence = message.slice(0, message.lastIndexOf('Check the message'));
        for (const [run] of prompt.matchAll(/[a-z0-9]{9,}/gi)) assert.ok(!sentence.includes(run), sentence);
      }),
    );
  });
});

test('every kind but a cancel has a hint', () => {
  for (const kind of failureKinds) {
    const hint = hintFor(kind, { provider: cloud });
    if (kind === 'cancelled') assert.equal(hint, undefined);
    else assert.match(hint ?? '', /^[A-Z].*\.$/, kind);
  }
});
