import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { joinKeys, splitKeys } from '../../nodes/endpoint/key-lines.ts';
import { readKeys } from '../../nodes/endpoint/keys.ts';

describe('The lines of an endpoint’s keys', () => {
  test('are taken apart and put together again', () => {
    const keys = [{ name: 'laptop', key: 'sk-1' }, { name: 'Open WebUI', key: 'a:b' }];
    assert.deepEqual(splitKeys(' laptop :sk-1\r\n\n  Open WebUI: a:b  '), keys);
    assert.deepEqual(readKeys(joinKeys(keys)), keys);
    assert.deepEqual(readKeys(undefined), []);
  });

  test('show what stands in them, even where it is no key', () => {
    assert.deepEqual(splitKeys('sk-nameless'), [{ name: '', key: 'sk-nameless' }]);
    assert.deepEqual(splitKeys('phone:'), [{ name: 'phone', key: '' }]);
    assert.deepEqual(splitKeys(joinKeys([{ name: 'phone', key: '' }])), [{ name: 'phone', key: '' }]);
  });

  for (const text of ['sk-nameless', 'phone:', ': sk-1', 'phone: sk 1', 'phone: schlüssel', 'phone: sk-1\nphone: sk-2']) {
    test(`${JSON.stringify(text)} lets nobody in`, () => assert.throws(() => readKeys(text), RangeError));
  }
});
