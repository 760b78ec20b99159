import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureKinds } from '../../nodes/core/errors.ts';
import { leadsOnByDefault, mostRows, readRows, readSetting, rowName, type StageField, stageFields } from '../../nodes/core/stage-settings.ts';

const fields = Object.keys(stageFields) as StageField[];

test('a setting that is missing or empty has its default', () => {
  for (const name of fields) {
    for (const given of [undefined, null, '']) assert.equal(readSetting(name, given), stageFields[name].value, name);
  }
});

test('a setting is a whole number or its text, and held to its bounds by its name', () => {
  for (const name of fields) {
    const { min, max, value } = stageFields[name];
    assert.ok(value >= min && value <= max, name);
    for (const given of [min, max]) assert.deepEqual([readSetting(name, given), readSetting(name, String(given))], [given, given]);
    for (const given of [min - 1, max + 1, min + 0.5, 'many', NaN, true, [min], {}]) {
      assert.throws(() => readSetting(name, given), { name: 'RangeError', message: `${name} must be a whole number from ${min} to ${max}.` });
    }
  }
});

test('no time limit is longer than a timer can be', () => {
  for (const name of ['timeoutMs', 'queueTimeoutMs', 'breakerOpenMs'] as const) assert.ok(stageFields[name].max < 2 ** 31, name);
});

test('rows have their output, their name, and what else is read from them', () => {
  const rows = readRows('branches', [{ name: 'cloud', size: 2 }, {}, null, 'x', ['y'], { name: ' edge ' }], ({ size = 1 }) => ({ size }));
  assert.deepEqual(rows, [
    { port: 1, name: 'cloud', size: 2 },
    { port: 2, name: 'B', size: 1 },
    { port: 3, name: 'C', size: 1 },
    { port: 4, name: 'D', size: 1 },
    { port: 5, name: 'E', size: 1 },
    { port: 6, name: 'edge', size: 1 },
  ]);
});

test('what is no list of one to fifty rows is refused', () => {
  const read = () => ({});
  for (const given of [undefined, null, [], {}, 'rows', 3]) {
    assert.throws(() => readRows('members', given, read), { name: 'RangeError', message: 'members must be a list of at least one row.' });
  }
  assert.equal(readRows('members', Array(mostRows).fill(null), read).length, 50);
  assert.throws(() => readRows('members', Array(mostRows + 1).fill(null), read), { name: 'RangeError', message: 'members must have at most 50 rows.' });
});

test('two rows of one name are refused, also where one of them has it for its letter', () => {
  const read = () => ({});
  for (const [rows, name] of [
    [[{ name: 'x' }, {}, { name: 'x ' }], 'x'],
    [[{ name: 'B' }, {}], 'B'],
    [[{}, { name: 'A' }], 'A'],
  ] as const) {
    assert.throws(() => readRows('branches', rows, read), { name: 'RangeError', message: `Two rows have the name ${name}.` });
  }
  assert.equal(readRows('branches', [{ name: 'b' }, {}], read).length, 2, 'a small letter is another name');
});

test('a row without a name has a letter', () => {
  for (const given of [undefined, null, '', '  ', 7, {}]) assert.equal(rowName(given, 2), 'C');
  assert.deepEqual([0, 25, 26, 27, 49, 51, 52, 701, 702].map((index) => rowName('', index)), ['A', 'Z', 'AA', 'AB', 'AX', 'AZ', 'BA', 'ZZ', 'AAA']);
  assert.equal(rowName(' edge ', 0), 'edge');
});

test('by default a row lets pass what another branch may do better', () => {
  const stays = failureKinds.filter((kind) => !leadsOnByDefault.includes(kind));
  assert.deepEqual(stays, ['invalid_request', 'content_filter', 'cancelled']);
});
