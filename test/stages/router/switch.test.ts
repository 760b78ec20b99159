/** A rule fits exactly where the same rule of Node-RED's own switch node does. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { NodeAPI } from 'node-red';
import { operators, type RuleConfig } from '../../../nodes/core/stage-settings.ts';
import { Rule } from '../../../nodes/stages/router/rules.ts';
import { Flow, quiet, type Register } from '../../support/flow.ts';

const registerSwitch = createRequire(import.meta.url)('@node-red/nodes/core/function/10-switch.js') as Register;

type Operator = (typeof operators)[number];

const givens: unknown[] = [
  [undefined, null, true, false, 0, -1, 5, 10, NaN, Infinity],
  ['', '0', '5', '10', '9', 'abc', 'ABC', 'a\nb', 'true', 'null', 'undefined', '{"a":1}', '[1,2]', '{'],
  [[], [5], ['a', 'b'], [1, 2], {}, { a: 1 }, { a: undefined }, { length: 0 }, { '5,6': 0 }, Buffer.from(''), Buffer.from('abc')],
].flat();

const valuesByType: Record<string, unknown[]> = {
  num: [5, '5', '10', '', 'x'],
  str: ['', '5', '10', 'a', 'abc', 'B', 'null', '1,2'],
  msg: ['other', 'nothing', 'nothing.there', 'other.deep.down', 'a[', 'list[0]', 'list'],
  bool: ['true', 'false'],
  jsonata: ['other * 2', 'nothing'],
  env: ['LLM_TEST_FIVE'],
  flow: ['five'],
  global: ['five'],
};
const values = Object.entries(valuesByType).flatMap(([valueType, all]) => all.map((value) => ({ value, valueType })));

const ofTwo: Operator[] = ['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'cont', 'hask'];
const ofOne: Operator[] = ['true', 'false', 'null', 'nnull', 'empty', 'nempty', 'else'];
const types = ['string', 'number', 'boolean', 'array', 'buffer', 'object', 'json', 'undefined', 'null'];

const rules: RuleConfig[] = [
  ...ofTwo.flatMap((operator) => values.map((value) => ({ operator, ...value }))),
  ...ofOne.map((operator) => ({ operator })),
  ...types.map((value) => ({ operator: 'istype', value, valueType: 'str' })),
  ...[[0, 10], [10, 0], [5, 5], ['x', 10]].map(([value, value2]) => ({ operator: 'btwn', value, valueType: 'num', value2, value2Type: 'num' })),
  { operator: 'btwn', value: 'a', valueType: 'str', value2: 'b', value2Type: 'str' },
  { operator: 'btwn', value: 'other', valueType: 'msg', value2: 'nothing.there', value2Type: 'msg' },
  { operator: 'btwn', value: '1 - 1', valueType: 'jsonata', value2: 'other', value2Type: 'jsonata' },
  ...['^a', 'B$', '^$', '[0-9]+', 'a.b', 'null'].flatMap((value) => [true, false].map((ignoreCase) => ({ operator: 'regex', value, valueType: 'str', case: ignoreCase }))),
  { operator: 'regex', value: '^AB', valueType: 're' },
  { operator: 'regex', value: '^AB', valueType: 're', case: true },
  { operator: 'regex', value: 'other', valueType: 'msg' },
  ...['payload = 5', '$exists(payload)', 'other', 'payload', '"true"'].map((value) => ({ operator: 'jsonata_exp', value, valueType: 'jsonata' })),
  ...['nothing', 'nothing.there', 'list', 'list[1]'].map((property) => ({ property, operator: 'nnull' })),
  { property: 'other + 1', propertyType: 'jsonata', operator: 'eq', value: 6, valueType: 'num' },
  { property: 'five', propertyType: 'global', operator: 'eq', value: '5', valueType: 'str' },
  { property: 'LLM_TEST_FIVE', propertyType: 'env', operator: 'gte', value: '5', valueType: 'num' },
];

const messageOf = (payload: unknown) => ({ _msgid: '', payload, other: 5, list: [5, 6] });

/** Where a rule looks into a text, it sees objects and lists as JSON: to the switch node they are `[object Object]` and `5,6`. */
function isSearchedAsJson({ operator }: RuleConfig, given: unknown): boolean {
  return (operator === 'cont' || operator === 'regex') && typeof given === 'object' && given !== null && !Buffer.isBuffer(given);
}

/** In the words of the switch node. */
function switchRule({ operator: t, value: v, valueType: vt, value2: v2, value2Type: v2t, case: ignoreCase }: RuleConfig) {
  return { t, v, vt, v2, v2t, case: ignoreCase };
}

test('every operator, of all kinds of values', async (t) => {
  process.env['LLM_TEST_FIVE'] = '5';
  t.after(() => delete process.env['LLM_TEST_FIVE']);
  let RED: NodeAPI | undefined;
  const nodes = rules.flatMap((rule, index) => [
    { id: `switch${index}`, type: 'switch', property: 'payload', ...rule, rules: [switchRule(rule)], wires: [[`fits${index}`]] },
    { id: `fits${index}`, type: 'helper', wires: [] },
  ]);
  const flow = await Flow.start([registerSwitch, (api) => (RED = api)], nodes);
  t.after(() => flow.end());
  const node = flow.node('switch0');
  node.context().flow.set('five', 5);
  node.context().global.set('five', 5);
  for (const [number, given] of givens.entries()) {
    for (const index of rules.keys()) flow.send(`switch${index}`, { ...messageOf(given), number });
    await quiet();
  }
  const different: string[] = [];
  for (const [index, rule] of rules.entries()) {
    const fits = new Set((await flow.rest(`fits${index}`)).map(({ number }) => number));
    const own = new Rule(RED as NodeAPI, node, rule);
    for (const [number, given] of givens.entries()) {
      if (isSearchedAsJson(rule, given)) continue;
      const does = await own.matches(messageOf(given)).catch((error: Error) => error.message);
      if (does !== fits.has(number)) different.push(`${inspect(rule, { breakLength: Infinity })} of ${inspect(given)}: ${does}`);
    }
  }
  assert.deepEqual(different, []);
  assert.deepEqual(new Set(rules.map(({ operator }) => operator)), new Set(operators), 'no operator is left out');
});
