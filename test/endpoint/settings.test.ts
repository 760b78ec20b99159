/** Settings, and small things of HTTP. */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import { failureKinds } from '../../nodes/core/errors.ts';
import { statusFor } from '../../nodes/core/http-status.ts';
import { asHeader, flowHeaders, flowStatus, requestIdOf } from '../../nodes/endpoint/http.ts';
import { readEndpointField, readModels, readPath } from '../../nodes/endpoint/settings.ts';

describe('The settings of an endpoint', () => {
  it('have defaults for what a flow file lacks', () => {
    const fields = ['maxBodyKb', 'heartbeatMs', 'timeoutMs', 'readerStallMs', 'maxOpen', 'maxOpenPerKey'] as const;
    for (const nothing of [undefined, '']) assert.deepEqual(fields.map((name) => readEndpointField(name, nothing)), [20_480, 5_000, 600_000, 60_000, 1_000, 0]);
    assert.equal(readEndpointField('heartbeatMs', '0'), 0);
  });

  it('are refused by name', () => {
    for (const [name, value] of [['maxBodyKb', 0], ['heartbeatMs', -1], ['maxOpen', 1.5], ['maxOpenPerKey', 'many']] as const) {
      assert.throws(() => readEndpointField(name, value), (error: Error) => error instanceof RangeError && error.message.includes(name));
    }
  });

  it('have a path of one or more parts', () => {
    for (const [given, path] of [[undefined, '/v1'], ['', '/v1'], ['v1', '/v1'], ['/v1/', '/v1'], [' /llm/v1 ', '/llm/v1'], ['//a//b', '/a/b'], ['/a.b-c_d', '/a.b-c_d']]) assert.equal(readPath(given), path);
    for (const wrong of ['/a b', '/ä', '/a?b', '/:id', '/*', '/a%20', '/', '/<script>']) assert.throws(() => readPath(wrong), RangeError, wrong);
  });

  it('have models with names, each once', () => {
    assert.deepEqual(readModels([{ name: ' small ', model: 'm-1' }, { name: 'large' }, { name: '' }, 7, null]), [{ name: 'small', model: 'm-1' }, { name: 'large', model: '' }]);
    for (const none of [undefined, null, '', [], [{}], [{ name: '', model: '' }]]) assert.deepEqual(readModels(none), []);
    for (const broken of ['a,b', {}, 7, [{ model: 'm-1' }], [{ name: ' ', model: 'm-1' }]]) assert.throws(() => readModels(broken), RangeError, 'else every name would be let in');
    assert.throws(() => readModels([{ name: 'a' }, { name: 'a ' }]), /Two models have the name a/);
  });
});

describe('A request’s id', () => {
  const idOf = (id: unknown) => requestIdOf({ headers: { 'x-request-id': id } } as unknown as IncomingMessage);

  it('is the client’s own, as far as it may stand in a header', () => {
    for (const id of ['a', 'req_1', 'A-b.c:d', 'x'.repeat(128)]) assert.equal(idOf(id), id);
    for (const id of [undefined, '', 'a b', 'ä', 'a\tb', '<b>', 'x'.repeat(129), ['a', 'b']]) assert.match(idOf(id), /^req-[\w-]{36}$/);
  });
});

describe('What a flow sets for the answer', () => {
  it('is its headers, without those that are ours to say or could break it', () => {
    const own = ['Content-Length', 'content-type', 'Transfer-Encoding', 'connection', 'Keep-Alive', 'date', 'Server', 'set-cookie', 'Trailer', 'upgrade', 'X-Request-Id'];
    const headers = { ...Object.fromEntries(own.map((name) => [name, '1'])), 'x-mine': 7, 'cache-control': 'no-store', 'bad name': 'x', 'x-split': 'a\r\nb: c', 'x-wide': 'ä' };
    assert.deepEqual(flowHeaders(headers), { 'x-mine': '7', 'cache-control': 'no-store' });
    for (const none of [undefined, null, 'x', 7]) assert.deepEqual(flowHeaders(none), {});
  });

  it('is a status that an answer can have', () => {
    assert.deepEqual([200, 201, 404, 599].map(flowStatus), [200, 201, 404, 599]);
    for (const none of [undefined, '201', 100, 199, 600, 200.5, NaN, {}]) assert.equal(flowStatus(none), 200);
  });

  it('may have any name in a header', () => {
    assert.deepEqual(['a b', 'ä', 'a\nb'].map(asHeader), ['a b', '%C3%A4', 'a%0Ab']);
  });
});

describe('The status of a failure', () => {
  it('blames the client only for what it can change', () => {
    const blamed = failureKinds.filter((kind) => statusFor(kind) < 500);
    assert.deepEqual(blamed, ['rate_limit', 'context_length', 'not_found', 'invalid_request', 'content_filter', 'shed', 'budget']);
  });
});
