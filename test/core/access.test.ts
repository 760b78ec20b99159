import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Access, type AccessChoice, accessFor, isUnsetVariable } from '../../nodes/core/access.ts';

const cases: Array<[AccessChoice, { hasKeys: boolean; hadKeys: boolean }, Access]> = [
  ['everybody', { hasKeys: false, hadKeys: false }, 'everybody'],
  ['everybody', { hasKeys: true, hadKeys: true }, 'everybody'],
  ['everybody', { hasKeys: false, hadKeys: true }, 'everybody'],
  ['keys', { hasKeys: true, hadKeys: false }, 'keys'],
  ['keys', { hasKeys: true, hadKeys: true }, 'keys'],
  ['keys', { hasKeys: false, hadKeys: false }, 'closed'],
  ['keys', { hasKeys: false, hadKeys: true }, 'closed'],
  ['', { hasKeys: true, hadKeys: false }, 'keys'],
  ['', { hasKeys: true, hadKeys: true }, 'keys'],
  ['', { hasKeys: false, hadKeys: true }, 'closed'],
  ['', { hasKeys: false, hadKeys: false }, 'everybody'],
];

for (const [choice, evidence, access] of cases) {
  test(`Of '${choice}' with ${JSON.stringify(evidence)} comes ${access}`, () => assert.equal(accessFor(choice, evidence), access));
}

test('A variable that Node-RED has not replaced is no secret', () => {
  for (const text of ['${LLM_KEY}', '$(LLM_KEY)', '${}', '${not set}']) assert.ok(isUnsetVariable(text), text);
  for (const text of ['sk-${x}', '$LLM_KEY', '${LLM_KEY}x', '$$', '']) assert.ok(!isUnsetVariable(text), text);
});
