import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refuseUnset, variableIn } from '../../nodes/core/variables.ts';

describe('A setting', () => {
  it('is a variable where it is nothing else, as Node-RED has it', () => {
    for (const [text, name] of [['${RETRIES}', 'RETRIES'], ['$(RETRIES)', 'RETRIES'], ['${a.b-c}', 'a.b-c']] as const) assert.equal(variableIn(text), name);
    for (const none of ['RETRIES', '$RETRIES', '${}', '${A} ', ' ${A}', '${A B}', 'x${A}', '', 3, null, undefined, {}, ['${A}']]) assert.equal(variableIn(none), undefined);
  });

  for (const [where, config] of [
    ['retries', { retries: '${NOT_SET}' }],
    ['apiKey', { url: 'http://127.0.0.1', apiKey: '$(NOT_SET)' }],
    ['branches[1].timeoutMs', { branches: [{ timeoutMs: 5 }, { timeoutMs: '${NOT_SET}' }] }],
    ['branches[0].rule.value', { branches: [{ rule: { value: '${NOT_SET}' } }] }],
    ['stop[0]', { stop: ['${NOT_SET}'] }],
  ] as const) {
    it(`whose variable is not set is named: ${where}`, () => {
      assert.throws(() => refuseUnset(config), {
        kind: 'misconfigured',
        message: `The environment variable NOT_SET, which ${where} names, is not set. Set it where Node-RED is started, or open the node and correct it.`,
      });
    });
  }

  it('that only looks like one is left alone, and so is what is no setting', () => {
    refuseUnset({ id: '${X}', name: '${X}', wires: [['${X}']], info: '${X}', system: 'Costs ${X}', extra: '{"a":"${X}"}', live: new (class { x = '${X}'; })(), nothing: null });
  });
});
