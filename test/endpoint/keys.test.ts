/** Who comes in: named keys, and bounds on how many are open. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isLlmError } from '../../nodes/core/errors.ts';
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

  it('asks for a key only where there are keys', () => {
    const open = new Gate({ keys: new Keys([]), maxOpen: 0, maxOpenPerKey: 0 });
    assert.equal(open.nameOf({}), undefined);
    const gate = new Gate({ keys, maxOpen: 0, maxOpenPerKey: 0 });
    assert.equal(gate.nameOf({ 'x-api-key': 'sk-a' }), 'ann');
    const refusal = refusalOf(() => gate.nameOf({ 'x-api-key': 'sk-secret' }));
    assert.deepEqual([refusal instanceof Refusal && refusal.httpStatus, refusal.kind], [401, 'auth']);
    assert.doesNotMatch(refusal.message, /sk-/);
  });

  it('lets in so many at once, and the next when one has left', () => {
    const gate = new Gate({ keys, maxOpen: 2, maxOpenPerKey: 0 });
    const [leave] = [gate.enter('ann'), gate.enter('bob')];
    const refusal = refusalOf(() => gate.enter('ann'));
    assert.deepEqual([refusal.kind, refusal.retryAfterMs], ['shed', 1000]);
    leave();
    gate.enter();
    assert.equal(refusalOf(() => gate.enter()).kind, 'shed');
  });

  it('lets in so many of one key, and others all the same', () => {
    const gate = new Gate({ keys, maxOpen: 0, maxOpenPerKey: 1 });
    const leave = gate.enter('ann');
    refusalOf(() => gate.enter('ann'));
    gate.enter('bob');
    leave();
    gate.enter('ann');
    refusalOf(() => gate.enter('ann'));
  });

  it('counts each request of a key by itself', () => {
    const gate = new Gate({ keys, maxOpen: 0, maxOpenPerKey: 2 });
    const [leave] = [gate.enter('ann'), gate.enter('ann')];
    leave();
    gate.enter('ann');
    refusalOf(() => gate.enter('ann'));
  });

  it('has no bounds where they are 0', () => {
    const gate = new Gate({ keys, maxOpen: 0, maxOpenPerKey: 0 });
    for (let times = 0; times < 10_000; times++) gate.enter('ann');
  });
});
