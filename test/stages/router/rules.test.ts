import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { RuleConfig } from '../../../nodes/core/stage-settings.ts';
import { echo, held, StageFlow, tried } from '../../support/policies.ts';

/** A router by rules with an echo behind each; a rule of its own stands for a row with it. */
function routerOf(t: TestContext, ...rows: Array<RuleConfig & { name?: string }>): Promise<StageFlow> {
  const branches = rows.map(({ name, ...rule }) => ({ name, rule }));
  return StageFlow.start(t, { type: 'llm-router', mode: 'rules', branches }, branches.map(() => echo));
}

async function routeOf(stage: StageFlow, msg: object = {}): Promise<string | undefined> {
  const { completion, error } = await stage.ask(msg);
  return completion?.route ?? error?.code;
}

const otherwise = { operator: 'else' };

describe('A router by rules', () => {
  test('sends a request by the first rule that fits', async (t) => {
    const long = { property: '$length(payload)', propertyType: 'jsonata', operator: 'gt', value: '10', valueType: 'num' };
    const stage = await routerOf(t, { name: 'code', operator: 'cont', value: 'function' }, { name: 'long', ...long }, { name: 'other', ...otherwise }, { name: 'never', ...otherwise });
    for (const [payload, route] of [['function f() {}', 'code'], ['a long question', 'long'], ['short', 'other']] as const) {
      const msg = await stage.ask({ payload });
      assert.deepEqual([msg.payload, msg.completion?.route, tried(msg)], [payload, route, [`${route} ok`]]);
    }
  });

  test('fails where no rule fits, and asks nobody', async (t) => {
    const stage = await routerOf(t, { operator: 'eq', value: 'this' }, { operator: 'eq', value: 'that' });
    const { error } = await stage.ask();
    assert.deepEqual([error?.code, error?.cause.attempts], ['not_found', []]);
    assert.match(error?.message ?? '', /No rule of the router fits this request\. Add a row for all others\./);
  });

  test('goes by what the request asks for, its caller or its session', async (t) => {
    const stage = await routerOf(
      t,
      { name: 'model', property: 'llm.model', operator: 'eq', value: 'large' },
      { name: 'expression', operator: 'jsonata_exp', value: 'user.plan = "pro" and $count(tags) > 1' },
      { name: 'other', ...otherwise },
    );
    assert.equal(await routeOf(stage, { llm: { model: 'large' } }), 'model');
    assert.equal(await routeOf(stage, { user: { plan: 'pro' }, tags: ['a', 'b'] }), 'expression');
    assert.equal(await routeOf(stage, { user: { plan: 'pro' }, tags: ['a'] }), 'other');
    assert.equal(await routeOf(stage), 'other', 'what a message lacks is no failure');
  });

  test('finds words in a conversation', async (t) => {
    const stage = await routerOf(t, { name: 'code', operator: 'cont', value: 'function' }, { name: 'loud', operator: 'regex', value: 'HELP|now', case: true }, { name: 'other', ...otherwise });
    const conversation = (content: string) => ({ payload: [{ role: 'system', content: 'Be kind' }, { role: 'user', content }] });
    assert.equal(await routeOf(stage, conversation('What does this function do?')), 'code');
    assert.equal(await routeOf(stage, conversation('help me')), 'loud');
    assert.equal(await routeOf(stage, conversation('Hello')), 'other');
  });

  test('takes values as a hand-written flow may have them', async (t) => {
    const stage = await routerOf(
      t,
      { name: 'flag', property: 'flag', operator: 'eq', value: true },
      { name: 'number', property: 'size', operator: 'lt', value: 10 },
      { name: 'range', property: 'size', operator: 'btwn', value: 20, value2: '30' },
      { name: 'text', property: 'topic', value: 'x' },
      { name: 'other', ...otherwise },
    );
    assert.equal(await routeOf(stage, { flag: true }), 'flag');
    assert.equal(await routeOf(stage, { size: '9' }), 'number');
    assert.equal(await routeOf(stage, { size: 25 }), 'range');
    assert.equal(await routeOf(stage, { topic: 'x' }), 'text');
    for (const size of [15, '100']) assert.equal(await routeOf(stage, { size }), 'other');
  });

  test('reads the context anew for each request', async (t) => {
    const stage = await routerOf(t, { name: 'cheap', property: 'mode', propertyType: 'global', operator: 'eq', value: 'cheap' }, { name: 'other', ...otherwise });
    const { global } = stage.flow.node('stage').context();
    assert.equal(await routeOf(stage), 'other');
    global.set('mode', 'cheap');
    assert.equal(await routeOf(stage), 'cheap');
  });
});

describe('A rule that fails', () => {
  const failing: Array<[string, RuleConfig]> = [
    ['by its expression', { operator: 'jsonata_exp', value: '$number(payload) > 5' }],
    ['by the expression that it goes by', { property: '$error(payload)', propertyType: 'jsonata', operator: 'null' }],
    ['by a pattern that is none', { operator: 'regex', value: '(' }],
    ["by the message's pattern, which is none", { operator: 'regex', value: 'payload', valueType: 'msg' }],
    ['by a constant that is none', { operator: 'eq', value: '{', valueType: 'json' }],
  ];
  for (const [how, rule] of failing) {
    test(`${how} fails the request by the name of its row, and repeats nothing of the message`, async (t) => {
      const stage = await routerOf(t, { name: 'tricky', ...rule }, { name: 'other', ...otherwise });
      for (let count = 0; count < 2; count++) {
        const { error } = await stage.ask({ payload: 'canary(' });
        assert.deepEqual([error?.code, error?.cause.attempts], ['misconfigured', []]);
        assert.match(error?.message ?? '', /The rule of the row tricky failed\./);
        assert.doesNotMatch(JSON.stringify(error), /canary/);
      }
    });
  }

  test('is not asked where an earlier one fits', async (t) => {
    const stage = await routerOf(t, { name: 'first', operator: 'nempty' }, { operator: 'jsonata_exp', value: '$error("no")' });
    assert.equal(await routeOf(stage), 'first');
  });
});

test('Rules of an inner router see the message that the outer one got', async (t) => {
  const rows = [{ name: 'x', rule: { property: 'topic', operator: 'eq', value: 'stories' } }, { name: 'y', rule: otherwise }];
  const more = [
    { id: 'inner', type: 'llm-router', mode: 'rules', branches: rows, wires: [[], ['echo'], ['echo']] },
    { ...echo, id: 'echo', wires: [] },
  ];
  const branches = [{ name: 'outer', rule: { property: 'topic', operator: 'nnull' } }, { name: 'other', rule: otherwise }];
  const stage = await StageFlow.start(t, { type: 'llm-router', mode: 'rules', branches }, ['inner', held], { more });
  const msg = await stage.ask({ topic: 'stories' });
  assert.deepEqual([msg.completion?.route, tried(msg)], ['outer / x', ['outer / x ok']]);
});

describe('A pattern', () => {
  const bait = `${'a'.repeat(70)}!`;

  test('over a text that would take for ever is answered, and so are the others meanwhile', async (t) => {
    const stage = await routerOf(t, { name: 'words', operator: 'regex', value: String.raw`^(\w+\s?)*$` }, { name: 'shape', operator: 'regex', value: '^(a|aa)+!$', case: true }, { name: 'other', ...otherwise });
    assert.deepEqual(await Promise.all([bait, 'some words', 'Héllo'].map((payload) => routeOf(stage, { payload }))), ['shape', 'words', 'other']);
  });

  test('that RE2 cannot say fails its rule for such a text, and says so without a word of that', async (t) => {
    const stage = await routerOf(t, { name: 'tricky', operator: 'regex', value: String.raw`^(?=(\w+\s?)*$)` }, { name: 'other', ...otherwise });
    const { error } = await stage.ask({ payload: bait });
    assert.match(error?.message ?? '', /The rule of the row tricky failed for the text of this request\. The pattern took longer than 50 ms\./);
    assert.ok(!JSON.stringify(error).includes('aaa'));
    assert.deepEqual([await routeOf(stage, { payload: 'words' }), await routeOf(stage, { payload: '!' })], ['tricky', 'other']);
  });

  test('that a message brings is another each time', async (t) => {
    const stage = await routerOf(t, { name: 'fits', operator: 'regex', value: 'pattern', valueType: 'msg' }, { name: 'other', ...otherwise });
    const routes = [];
    for (const pattern of ['^b', 'a', '^(b|bb)+$']) routes.push(await routeOf(stage, { payload: 'ba', pattern }));
    assert.deepEqual(routes, ['fits', 'fits', 'other']);
  });
});
