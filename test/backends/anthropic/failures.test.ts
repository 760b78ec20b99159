import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cleanEnvironment } from '../../support/environment.ts';
import { type OpenClient, request, testFailures, testRetryAfter, testSecrets } from '../../support/failure-cases.ts';
import { backendOf, failureOf } from '../../support/requests.ts';
import { messageEnd, openAt, textDelta } from './subject.ts';

cleanEnvironment();

const open: OpenClient = (t, handle, apiKey = 'sk-ant-test') => openAt(t, handle, { apiKey });
const error = (type: string, message: string, code?: string) => ({
  type: 'error',
  error: { type, message, ...(code && { details: { error_code: code } }) },
  request_id: 'req_011',
});
const rateLimit = error('rate_limit_error', 'This request would exceed your organization’s rate limit of 50 requests per minute.');

describe('An answer with an error', () => {
  testFailures(open, [
    { what: 'an unknown key', status: 401, body: error('authentication_error', 'invalid x-api-key'), kind: 'auth', retryable: false },
    { what: 'a key without a permission', status: 403, body: error('permission_error', 'Your API key does not have permission'), kind: 'auth', retryable: false },
    { what: 'a payment due', status: 402, body: error('billing_error', 'There is an issue with billing'), kind: 'quota', retryable: false },
    { what: 'an empty account', status: 400, body: error('invalid_request_error', 'Your credit balance is too low to access the Anthropic API.'), kind: 'quota', retryable: false },
    { what: 'a spend limit', status: 429, body: error('rate_limit_error', 'No more.', 'contract_spend_limit_reached'), kind: 'quota', retryable: false },
    { what: 'a rate limit', status: 429, body: rateLimit, kind: 'rate_limit', retryable: true },
    { what: 'an unknown model', status: 404, body: error('not_found_error', 'model: some-model'), kind: 'not_found', retryable: false, says: /Check the model/ },
    { what: 'a long prompt', status: 400, body: error('invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum'), kind: 'context_length', retryable: false, says: /210000/ },
    { what: 'a large request', status: 413, body: error('request_too_large', 'Request exceeds the maximum size'), kind: 'context_length', retryable: false },
    { what: 'a wrong value', status: 400, body: error('invalid_request_error', 'temperature: Extra inputs are not permitted'), kind: 'invalid_request', retryable: false, says: /temperature: Extra inputs/ },
    { what: 'a defect of the server', status: 500, body: error('api_error', 'Internal server error'), kind: 'server', retryable: true },
    { what: 'a timeout of the server', status: 504, body: error('timeout_error', 'The request timed out'), kind: 'server', retryable: true },
    { what: 'a server that is away', status: 503, body: '', kind: 'overloaded', retryable: true },
    { what: 'an overloaded server', status: 529, body: error('overloaded_error', 'Overloaded'), kind: 'overloaded', retryable: true },
  ]);
  testRetryAfter(open, rateLimit);
  testSecrets(open, 'canarykey-0123456789', (message) => error('invalid_request_error', message));
});

describe('An error in the middle of a stream', () => {
  it('is the failure of its kind, with the text so far', async (t) => {
    const { client } = await openAt(t, (exchange) => exchange.events([textDelta('Hel'), error('overloaded_error', 'Overloaded')]));
    const failure = await failureOf(backendOf(client).complete(request));
    assert.equal(failure.kind, 'overloaded');
    assert.equal(failure.partial, 'Hel');
  });

  it('counts before the first token too, although the status was 200', async (t) => {
    const { client } = await openAt(t, (exchange) => exchange.events([{ type: 'ping' }, error('api_error', 'Internal server error')]));
    const failure = await failureOf(backendOf(client).complete(request));
    assert.equal(failure.kind, 'server');
    assert.equal(failure.partial, undefined);
  });

  it('is a refusal where the model would not begin', async (t) => {
    const { client } = await openAt(t, (exchange) => exchange.events([messageEnd('refusal')]));
    assert.equal((await failureOf(backendOf(client).complete(request))).kind, 'content_filter');
  });
});
