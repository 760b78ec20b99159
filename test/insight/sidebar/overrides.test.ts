import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOverrides } from '../../../nodes/insight/sidebar/view/overrides.ts';

const empty = { model: '', system: '', maxTokens: '', temperature: '', more: '' };

test('Empty fields override nothing', () => {
  assert.deepEqual(readOverrides({ ...empty, system: ' ', more: '\n' }), { llm: {} });
});

test('Fields become settings, numbers among them, and win over what is written as JSON', () => {
  const fields = { model: ' tiny ', system: 'Be short.', maxTokens: '20', temperature: '0', more: '{"model":"other","topP":0.5}' };
  assert.deepEqual(readOverrides(fields), { llm: { model: 'tiny', topP: 0.5, system: 'Be short.', maxTokens: 20, temperature: 0 } });
});

test('The field that is wrong is named', () => {
  assert.deepEqual(readOverrides({ ...empty, temperature: 'warm' }), { wrong: 'temperature' });
  for (const more of ['{', '[1]', 'null', '1']) assert.deepEqual(readOverrides({ ...empty, more }), { wrong: 'more' });
});
