/** Who comes in: named keys, and bounds on how many are open. */
import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isLlmError } from '../../nodes/core/errors.ts';
import { Cors } from '../../nodes/endpoint/cors.ts';
import { Gate } from '../../nodes/endpoint/gate.ts';
import { Keys, readKeys } from '../../nodes/endpoint/keys.ts';
import { Refusal } from '../../nodes/endpoint/status.ts';

const named = [{ name: 'ann', key: 'sk-a' }, { name: 'bob', key: 'sk-b' }];
const keys = new Keys(named);

describe('A list of keys', () => {
  it('has one a line, whatever stands around it', () => {
    assert.deepEqual(readKeys('ann: sk-a\n\n  bob :sk-b  \r\n'), named);
    assert.deepEqual(readKeys('a team: sk:with:colons'), [{ name: 'a team', key: 'sk:with:colons' }]);
    for (const none of [undefined, '', ' \n ']) assert.deepEqual(readKeys(none), []);
  });

  it('is refused for a line that is none and for two of one name, without saying a key', () => {
    for (const [text, problem] of [['sk-secret', /not of the form/], [': sk-secret', /not of the form/], ['ann:', /not of the form/], ['ann: sk secret', /not of the form/], ['ann: sk-1\nann: sk-secret', /Two keys have the name ann/]] as const) {
      assert.throws(() => readKeys(text), (error: Error) => error instanceof RangeError && problem.test(error.message) && !error.message.includes('secret'));
    }
  });
});

describe('A key', () => {
  it('is known from either header', () => {
    assert.equal(keys.nameOf({ authorization: 'Bearer sk-a' }), 'ann');
    assert.equal(keys.nameOf({ authorization: 'bearer  sk-b' }), 'bob');
    assert.equal(keys.nameOf({ 'x-api-key': 'sk-b' }), 'bob');
    assert.equal(keys.nameOf({ authorization: 'Basic eDp5', 'x-api-key': 'sk-b' }), 'bob');
  });

  it('is nobody’s where it is missing, wrong or nearly right', () => {
    for (const headers of [{}, { authorization: '' }, { authorization: 'Bearer ' }, { authorization: 'sk-a' }, { authorization: 'Basic sk-a' }, { 'x-api-key': '' }]) assert.equal(keys.nameOf(headers), undefined);
    fc.assert(fc.property(fc.string(), (key) => {
      const expected = named.find((one) => one.key === key)?.name;
      assert.equal(keys.nameOf({ 'x-api-key': key }), expected);
    }));
  });
});

describe('A gate', () => {
  const refusalOf = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      if (isLlmError(error)) return error;
    }
    return assert.fail('It was let in.');
  };

  const noPages = new Cors([]);
  const bounds = { maxOpen: 0, maxOpenPerKey: 0 };
  const request = (headers: IncomingHttpHeaders, method = 'POST') => ({ headers: { host: '127.0.0.1:1880', ...headers }, method });

  it('asks for a key where only those with one may come in', () => {
    const gate = new Gate({ access: 'keys', keys, cors: noPages, ...bounds });
    assert.equal(gate.admit(request({ 'x-api-key': 'sk-a' })), 'ann');
    for (const headers of [{ 'x-api-key': 'sk-secret' }, { 'x-api-key': '' }, { authorization: 'Bearer ' }, {}]) {
      const refusal = refusalOf(() => gate.admit(request(headers)));
      assert.deepEqual([refusal instanceof Refusal && refusal.httpStatus, refusal.kind], [401, 'auth']);
      assert.doesNotMatch(refusal.message, /sk-/);
    }
  });

  it('knows those who have a key also where nobody needs one', () => {
    const gate = new Gate({ access: 'everybody', keys, cors: noPages, ...bounds });
    assert.equal(gate.admit(request({ 'x-api-key': 'sk-a' })), 'ann');
    assert.equal(gate.admit(request({ 'x-api-key': 'sk-other' })), undefined);
    assert.equal(gate.admit(request({})), undefined);
  });

  it('that is closed lets nobody in, whatever they have', () => {
    const gate = new Gate({ access: 'closed', keys, cors: new Cors(['*']), ...bounds });
    for (const headers of [{}, { 'x-api-key': 'sk-a' }]) {
      const refusal = refusalOf(() => gate.admit(request(headers)));
      assert.equal(refusal instanceof Refusal && refusal.httpStatus, 503);
    }
  });

  describe('where nobody needs a key', () => {
    const gate = (...origins: string[]) => new Gate({ access: 'everybody', keys, cors: new Cors(origins), ...bounds });
    const statusOf = (headers: IncomingHttpHeaders, ...origins: string[]) => {
      try {
        gate(...origins).admit(request(headers));
        return 200;
      } catch (error) {
        return error instanceof Refusal ? error.httpStatus : error;
      }
    };

    it('keeps out pages of other sites, but for those that are named', () => {
      const origin = 'https://evil.example';
      assert.equal(statusOf({ origin }), 403);
      assert.equal(statusOf({ origin: 'null' }), 403);
      assert.equal(statusOf({ origin: 'null' }, '*'), 200);
      assert.equal(statusOf({ origin }, 'https://chat.example.com'), 403);
      assert.equal(statusOf({ origin }, 'https://chat.example.com', origin), 200);
      assert.equal(statusOf({ origin }, '*'), 200);
      assert.equal(statusOf({ origin, 'x-api-key': 'sk-a' }), 200, 'a key is no cookie: a page must have been given it');
    });

    it('keeps out a page whose name was led here, but for the names that are its own', () => {
      const rebound = { host: 'evil.example:1880', origin: 'http://evil.example:1880' };
      assert.equal(statusOf(rebound), 403);
      assert.equal(statusOf({ ...rebound, 'x-forwarded-host': '127.0.0.1:1880' }), 403, 'such a page may set any header');
      assert.equal(statusOf(rebound, 'https://evil.example'), 200);
    });
  });

  it('lets in so many at once, and the next when one has left', () => {
    const gate = new Gate({ access: 'keys', keys, cors: noPages, maxOpen: 2, maxOpenPerKey: 0 });
    const [leave] = [gate.enter('ann'), gate.enter('bob')];
    const refusal = refusalOf(() => gate.enter('ann'));
    assert.deepEqual([refusal.kind, refusal.retryAfterMs], ['shed', 1000]);
    leave();
    gate.enter();
    assert.equal(refusalOf(() => gate.enter()).kind, 'shed');
  });

  it('lets in so many of one key, and others all the same', () => {
    const gate = new Gate({ access: 'keys', keys, cors: noPages, maxOpen: 0, maxOpenPerKey: 1 });
    const leave = gate.enter('ann');
    refusalOf(() => gate.enter('ann'));
    gate.enter('bob');
    leave();
    gate.enter('ann');
    refusalOf(() => gate.enter('ann'));
  });

  it('counts each request of a key by itself', () => {
    const gate = new Gate({ access: 'keys', keys, cors: noPages, maxOpen: 0, maxOpenPerKey: 2 });
    const [leave] = [gate.enter('ann'), gate.enter('ann')];
    leave();
    gate.enter('ann');
    refusalOf(() => gate.enter('ann'));
  });

  it('has no bounds where they are 0', () => {
    const gate = new Gate({ access: 'keys', keys, cors: noPages, maxOpen: 0, maxOpenPerKey: 0 });
    for (let times = 0; times < 10_000; times++) gate.enter('ann');
  });
});
