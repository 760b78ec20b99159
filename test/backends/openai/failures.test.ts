import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cleanEnvironment } from '../../support/environment.ts';
import { type OpenClient, request, testFailures, testRetryAfter, testSecrets } from '../../support/failure-cases.ts';
import { backendOf, failureOf } from '../../support/requests.ts';
import { openAt } from './subject.ts';

cleanEnvironment();

const open: OpenClient = (t, handle, apiKey = 'sk-test') => openAt(t, handle, { apiKey });
const error = (message: string, code: string | null, type = 'invalid_request_error') => ({ error: { message, type, param: null, code } });
const rateLimit = error('Rate limit reached for gpt-4o in organization org-1 on tokens per min (TPM).', 'rate_limit_exceeded', 'tokens');

describe('An answer with an error', () => {
  testFailures(open, [
    { what: 'an unknown key', status: 401, body: error('Incorrect API key provided: sk-a***b.', 'invalid_api_key'), kind: 'auth', retryable: false, says: /API key/ },
    { what: 'a key without a permission', status: 403, body: error('Country not supported', 'unsupported_country_region_territory'), kind: 'auth', retryable: false },
    { what: 'a rate limit', status: 429, body: rateLimit, kind: 'rate_limit', retryable: true },
    { what: 'an empty account', status: 429, body: error('You exceeded your current quota, please check your plan.', 'insufficient_quota', 'insufficient_quota'), kind: 'quota', retryable: false, says: /billing/ },
    { what: 'a payment due', status: 402, body: error('Insufficient credits', null), kind: 'quota', retryable: false },
    { what: 'an unknown model', status: 404, body: error('The model `some-model` does not exist or you do not have access to it.', 'model_not_found'), kind: 'not_found', retryable: false, says: /Check the model/ },
    { what: 'an unknown path', status: 404, body: '<html>nginx</html>', kind: 'not_found', retryable: false, says: /Check the address/ },
    { what: 'a long prompt', status: 400, body: error("This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.", 'context_length_exceeded'), kind: 'context_length', retryable: false, says: /9001/ },
    { what: 'a wrong value', status: 400, body: error("Unsupported value: 'temperature' does not support 0.2 with this model.", 'unsupported_value'), kind: 'invalid_request', retryable: false, says: /'temperature' does not support 0\.2/ },
    { what: 'a filtered prompt', status: 400, body: error('The response was filtered', 'content_filter'), kind: 'content_filter', retryable: false },
    { what: 'a defect of the server', status: 500, body: error('The server had an error', null, 'server_error'), kind: 'server', retryable: true },
    { what: 'a gateway without its server', status: 502, body: '<html>502 Bad Gateway</html>', kind: 'server', retryable: true },
    { what: 'an overloaded server', status: 503, body: error('The engine is currently overloaded', 'server_is_overloaded'), kind: 'overloaded', retryable: true },
    { what: 'a server that says nothing', status: 503, body: '', kind: 'overloaded', retryable: true },
    { what: 'a GPU without memory', status: 500, body: error('CUDA out of memory. Tried to allocate 2.00 GiB', null), kind: 'out_of_memory', retryable: false },
    // What is not nested in "error", as the SDK expects it, counts as well.
    { what: 'an error of older vLLM', status: 400, body: { object: 'error', message: 'maximum context length is 2048 tokens', code: 400 }, kind: 'context_length', retryable: false },
    { what: 'an error of FastAPI', status: 404, body: { detail: 'Model some-model not found' }, kind: 'not_found', retryable: false },
    { what: 'an error of Ollama', status: 404, body: { error: 'model "some-model" not found, try pulling it first' }, kind: 'not_found', retryable: false },
  ]);
  testRetryAfter(open, rateLimit);
  testSecrets(open, 'canarykey-0123456789', (message) => error(message, null));
});

describe('An error in the middle of a stream', () => {
  const text = { choices: [{ index: 0, delta: { content: 'Hel' } }] };

  it('is the failure of its kind, with the text so far', async (t) => {
    const { client } = await openAt(t, (exchange) => exchange.events([text, error('The server is overloaded', 'server_is_overloaded')]));
    const failure = await failureOf(backendOf(client).complete(request));
    assert.equal(failure.kind, 'overloaded');
    assert.equal(failure.partial, 'Hel');
  });

  it('counts before the first token too, although the status was 200', async (t) => {
    const { client } = await openAt(t, (exchange) => exchange.events([error('Rate limit reached', 'rate_limit_exceeded')]));
    const failure = await failureOf(backendOf(client).complete(request));
    assert.equal(failure.kind, 'rate_limit');
    assert.equal(failure.partial, undefined);
  });

  it('is a refusal where the provider cut the answer off by its filter before it began', async (t) => {
    const { client } = await openAt(t, (exchange) => exchange.events([{ choices: [{ index: 0, delta: {}, finish_reason: 'content_filter' }] }]));
    assert.equal((await failureOf(backendOf(client).complete(request))).kind, 'content_filter');
  });
});
