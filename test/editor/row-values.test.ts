import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { type FlowNode, startNodeRed, type TestNodeRed } from '../support/node-red.ts';
import { EditorPage, launchBrowser, skipWithoutBrowser, type Theme } from './browser.ts';
import { flowOf, pool, RowsPage, settingsOf, wired } from './rows-page.ts';

describe('The rows of a stage', { skip: skipWithoutBrowser }, () => {
  let nodeRed: TestNodeRed;
  let browser: Browser;
  let editor: EditorPage;
  let rows: RowsPage;

  before(async () => {
    nodeRed = await startNodeRed({ flows: flowOf(pool) });
    browser = await launchBrowser();
    editor = await EditorPage.open(browser, nodeRed.url, 'light');
    rows = new RowsPage(editor);
  });

  after(async () => {
    await browser?.close();
    await nodeRed?.stop();
  });

  /** Deploys one stage and shows it. */
  async function show(stage: FlowNode): Promise<void> {
    await nodeRed.deploy(flowOf(stage));
    await editor.load(nodeRed.url);
  }

  describe('and what may stand in them', () => {
    test('a name that stands twice is refused', async () => {
      await show(pool);
      await rows.edit('stage', async () => {
        await rows.field(1, 'name').fill('A');
        assert.equal(await rows.state(), 'The name A stands twice.');
        await editor.screenshot('rows-twice');
      });
      assert.deepEqual(await rows.problems('stage'), ['The name A stands twice.']);
      await rows.edit('stage', async () => {
        await rows.field(1, 'name').fill('');
        assert.equal(await rows.state(), '');
      });
      assert.deepEqual(await rows.problems('stage'), []);
      assert.deepEqual(Object.keys(await rows.wiring('stage')), ['answer', 'A', 'B', 'C', 'tokens']);
    });

    test('a number out of bounds is refused, with the row’s name', async () => {
      await show(pool);
      await rows.edit('stage', async () => {
        await rows.field(2, 'places').fill('-1');
        assert.match(await rows.state(), /^C: Most at once .* whole number from 0 to 100000$/);
      });
      assert.match((await rows.problems('stage')).join(), /^C: Most at once/);
    });

    test('no row at all is refused', async () => {
      await show(pool);
      await rows.edit('stage', async () => {
        for (let left = 3; left > 0; left--) await rows.remove(0);
        assert.match(await rows.state(), /1 to 50 rows/);
      });
      assert.match((await rows.problems('stage')).join(), /1 to 50 rows/);
      assert.deepEqual(await rows.wiring('stage'), { answer: ['answers'], tokens: ['tokens'] });
    });

    test('there is no adding beyond 50', async () => {
      await show({ ...pool, members: Array.from({ length: 49 }, (_, row) => ({ name: `m${row}` })), outputs: 51 });
      await rows.edit('stage', async () => {
        await rows.add();
        assert.ok(await rows.addButton().isDisabled());
        assert.equal((await rows.names()).at(-1), 'AX');
      });
      assert.deepEqual(await rows.problems('stage'), []);
    });

    for (const [type, property, odd] of [
      ['llm-pool', 'members', { strategy: 'best', attempts: 'x', stickyByType: 7 }],
      ['llm-fallback', 'branches', { afterFirstToken: null }],
      ['llm-router', 'branches', { mode: 'odd', stickyByType: 'env', timeoutMs: {} }],
    ] as const) {
      test(`${type} opens whatever a flow file holds, and shows the defaults`, async () => {
        const fresh = { id: 'stage', type, z: 'tab', x: 300, y: 200, wires: [[], [], []] };
        const given: unknown[] = [undefined, 'A,B', [null, 5, 'x'], [{ name: 7, weight: 'many', percent: [], rule: 3, on: 'all', timeoutMs: {} }]];
        for (const value of given) {
          await show({ ...fresh, ...odd, ...(value !== undefined && { [property]: value }) });
          await rows.edit('stage', async () => {});
          const saved = (await editor.property('stage', property)) as unknown[];
          assert.equal(saved.length, Array.isArray(value) ? value.length : 2);
          const problems = (await rows.problems('stage')).filter((problem) => !/add up/.test(problem));
          assert.deepEqual(problems, []);
        }
      });

      test(`${type} is in order without a property in its flow file`, async () => {
        await show({ id: 'stage', type, z: 'tab', x: 300, y: 200, wires: [['answers'], ['one'], ['two']] });
        assert.deepEqual(await rows.problems('stage'), []);
        assert.deepEqual(await rows.wiring('stage'), { answer: ['answers'], A: ['one'], B: ['two'] });
      });

      test(`${type} out of the palette is in order, with two rows`, async () => {
        await show(pool);
        const id = await rows.create(type);
        assert.deepEqual(await rows.problems(id), []);
        assert.deepEqual(await rows.wiring(id), { answer: [], A: [], B: [] });
        const [fresh] = await rows.exported([id]);
        await rows.edit(id, async () => {});
        const [edited] = await rows.exported([id]);
        assert.deepEqual(settingsOf(edited), settingsOf(fresh), 'the dialog changes nothing');
      });
    }
  });

  test('of a pool show their weight where the strategy looks at it', async () => {
    await show(pool);
    await editor.openDialog('stage');
    const strategy = editor.page.locator('#node-input-strategy');
    for (const [name, weighs] of Object.entries({ 'round-robin': false, weighted: true, 'least-busy': true, fastest: false, random: true, sticky: true })) {
      await strategy.selectOption(name);
      assert.equal(await rows.field(0, 'weight').isVisible(), weighs, name);
      assert.equal(await editor.page.locator('.llm-sticky').isVisible(), name === 'sticky');
    }
    await rows.field(1, 'weight').fill('2.5');
    await editor.closeDialog();
    assert.deepEqual(await editor.property('stage', 'members'), [
      { name: 'A', weight: 1, maxConcurrent: 0 },
      { name: 'B', weight: 2.5, maxConcurrent: 0 },
      { name: 'C', weight: 1, maxConcurrent: 0 },
    ]);
  });

  test('of a fallback keep the failures that lead on', async () => {
    await show(wired('llm-fallback', 'branches', [{ name: 'A' }, { name: 'B', on: ['timeout'] }, { name: 'C' }]));
    const button = (index: number) => rows.row(index).locator('.llm-kinds-button');
    const box = (index: number, kind: string) => rows.row(index).getByLabel(kind, { exact: true });
    await rows.edit('stage', async () => {
      assert.deepEqual([await button(0).innerText(), await button(1).innerText()].map((text) => text.trim()), ['default failures', '1 kind']);
      assert.ok(!(await button(2).isVisible()), 'the last row has none to go on to');
      await button(0).click();
      assert.ok(await box(0, 'rate limited').isChecked());
      assert.ok(!(await box(0, 'content refused').isChecked()));
      await box(0, 'content refused').check();
      await rows.field(1, 'time').fill('1500');
    });
    const saved = (await editor.property('stage', 'branches')) as Array<{ on?: string[] }>;
    assert.ok(saved[0]?.on?.includes('content_filter') && saved[0].on.includes('rate_limit'));
    assert.deepEqual(saved.slice(1), [
      { name: 'B', on: ['timeout'], timeoutMs: 1500 },
      { name: 'C', timeoutMs: 600_000 },
    ]);
    await rows.edit('stage', async () => {
      await button(0).click();
      assert.ok(await box(0, 'content refused').isChecked(), 'it is shown again');
      await rows.row(0).getByRole('button', { name: 'Default' }).click();
      await rows.drag(1, 2);
      assert.ok(!(await button(2).isVisible()));
    });
    assert.deepEqual(await editor.property('stage', 'branches'), [
      { name: 'A', timeoutMs: 600_000 },
      { name: 'C', timeoutMs: 600_000 },
      { name: 'B', on: ['timeout'], timeoutMs: 1500 },
    ]);
  });

  describe('of a router', () => {
    const branches = [{ name: 'A', percent: 50 }, { name: 'B', percent: 30 }, { name: 'C', percent: 20 }];
    const percents = async () => ((await editor.property('stage', 'branches')) as Array<{ percent: number }>).map(({ percent }) => percent);

    beforeEach(() => show(wired('llm-router', 'branches', branches)));

    test('must share all of the requests', async () => {
      await rows.edit('stage', async () => {
        assert.equal(await rows.state(), 'The shares add up to 100 %.');
        await rows.field(0, 'percent').fill('30');
        assert.match(await rows.state(), /add up to 80 %\. They must add up to 100 %/);
      });
      assert.match((await rows.problems('stage')).join(), /add up to 80 %/);
      await rows.edit('stage', async () => {
        await editor.page.locator('#llm-shares-scale').click();
        assert.equal(await rows.state(), 'The shares add up to 100 %.');
      });
      assert.deepEqual(await percents(), [38, 37, 25]);
      await rows.edit('stage', () => editor.page.locator('#llm-shares-equal').click());
      assert.deepEqual(await percents(), [34, 33, 33]);
      assert.deepEqual(await rows.problems('stage'), []);
    });

    test('share without a shadow, and a new one gets what is left', async () => {
      await rows.edit('stage', async () => {
        await rows.field(2, 'shadow').check();
        assert.match(await rows.state(), /add up to 80 %/);
        assert.ok(!(await rows.field(2, 'failure').isVisible()), 'what a shadow fails with matters to nobody');
        await rows.field(0, 'failure').selectOption('next');
        await rows.add('D');
        assert.equal(await rows.state(), 'The shares add up to 100 %.');
      });
      const saved = (await editor.property('stage', 'branches')) as Array<Record<string, unknown>>;
      assert.deepEqual(
        saved.map(({ name, percent, shadow, onFailure }) => [name, percent, shadow, onFailure]),
        [['A', 50, false, 'next'], ['B', 30, false, 'fail'], ['C', 20, true, 'fail'], ['D', 20, false, 'fail']],
      );
    });

    test('have rules as in the switch node', async () => {
      const rule = (index: number) => rows.row(index).locator('.llm-rule');
      const typed = (index: number, field: number) => rule(index).locator('.llm-col-typed').nth(field);
      await rows.edit('stage', async () => {
        await editor.page.locator('#node-input-mode').selectOption('rules');
        assert.equal(await rows.state(), '');
        assert.ok(!(await rows.field(0, 'percent').isVisible()));
        await typed(0, 0).locator('.red-ui-typedInput-input').fill('llm.session');
        await rule(0).locator('.llm-col-operator select').selectOption('regex');
        await typed(0, 1).locator('.red-ui-typedInput-input').fill('^(vip');
        assert.match(await rows.state(), /A: .*regular expression/);
        await typed(0, 1).locator('.red-ui-typedInput-input').fill('^vip');
        const note = rule(0).locator('.llm-pattern-note');
        assert.ok(!(await note.isVisible()));
        await typed(0, 1).locator('.red-ui-typedInput-input').fill('^(?!vip)');
        assert.match(await note.innerText(), /look-around.* 50 ms/);
        assert.equal(await rows.state(), '', 'it may be so');
        await typed(0, 1).locator('.red-ui-typedInput-input').fill('^vip');
        assert.ok(!(await note.isVisible()));
        await rule(0).getByLabel('ignore case').check();
        await rule(1).locator('.llm-col-operator select').selectOption('btwn');
        await typed(1, 1).locator('.red-ui-typedInput-input').fill('1');
        await typed(1, 2).locator('.red-ui-typedInput-input').fill('9');
        await rule(2).locator('.llm-col-operator select').selectOption('else');
        assert.ok(!(await typed(2, 0).isVisible()));
        assert.equal(await rows.state(), '');
      });
      const rules = ((await editor.property('stage', 'branches')) as Array<{ rule: unknown }>).map(({ rule }) => rule);
      assert.deepEqual(rules, [
        { property: 'llm.session', propertyType: 'msg', operator: 'regex', value: '^vip', valueType: 'str', case: true },
        { property: 'payload', propertyType: 'msg', operator: 'btwn', value: '1', valueType: 'str', value2: '9', value2Type: 'num' },
        { property: 'payload', propertyType: 'msg', operator: 'else', value: '', valueType: 'str' },
      ]);
      assert.deepEqual(await rows.problems('stage'), []);
      await rows.edit('stage', async () => {
        assert.ok(await rule(0).getByLabel('ignore case').isChecked());
        await rule(1).locator('.llm-col-operator select').selectOption('istype');
        await rule(2).locator('.llm-col-operator select').selectOption('jsonata_exp');
        assert.match(await rows.state(), /C: /);
        await typed(2, 1).locator('.red-ui-typedInput-input').fill('$length(payload) > 4000');
        assert.equal(await rows.state(), '');
      });
      const again = ((await editor.property('stage', 'branches')) as Array<{ rule: Record<string, unknown> }>).map(({ rule }) => rule);
      assert.deepEqual(again[0], rules[0]);
      assert.deepEqual(again[1], { property: 'payload', propertyType: 'msg', operator: 'istype', value: 'string', valueType: 'str' });
      assert.deepEqual([again[2]?.['value'], again[2]?.['valueType']], ['$length(payload) > 4000', 'jsonata']);
    });
  });

  for (const theme of ['light', 'dark'] satisfies Theme[]) {
    test(`can be looked at in ${theme}`, async () => {
      const themed = await EditorPage.open(browser, nodeRed.url, theme);
      await picture(themed, nodeRed);
      assert.deepEqual(themed.errors, []);
      await themed.close();
    });
  }

  test('leave the console free of errors', () => assert.deepEqual(editor.errors, []));
});

/** The dialogs with all that they can show. */
async function picture(editor: EditorPage, nodeRed: TestNodeRed): Promise<void> {
  const rows = new RowsPage(editor);
  const show = async (stage: FlowNode) => {
    await nodeRed.deploy(flowOf(stage));
    await editor.load(nodeRed.url);
    await editor.openDialog('stage');
  };
  await show({ ...pool, strategy: 'sticky' });
  await editor.screenshot('rows-pool');

  await show(wired('llm-fallback', 'branches', [{ name: 'Local llama' }, { name: 'OpenAI', on: ['timeout', 'rate_limit'] }, { name: 'Last resort' }]));
  await rows.row(0).locator('.llm-kinds-button').click();
  await editor.screenshot('rows-fallback');

  const rule = { property: 'llm.session', propertyType: 'msg', operator: 'regex', value: '^vip(?!-trial)', valueType: 're', case: true };
  const branches = [
    { name: 'Large', percent: 70, rule, onFailure: 'next' },
    { name: 'Between', percent: 20, rule: { property: 'payload.length', operator: 'btwn', value: '10', valueType: 'num', value2: '100' } },
    { name: 'Trial', percent: 5, shadow: true, rule: { operator: 'istype', value: 'array' } },
    { name: 'Expression', percent: 0, rule: { operator: 'jsonata_exp', value: '$length(payload) > 4000', valueType: 'jsonata' } },
    { name: 'Others', percent: 0, rule: { operator: 'else' } },
  ];
  const router = { ...wired('llm-router', 'branches', branches), outputs: 6, stream: false };
  await show(router);
  await editor.screenshot('rows-router-split');
  await show({ ...router, mode: 'rules' });
  await editor.screenshot('rows-router-rules');
  await editor.closeDialog();
  await editor.screenshot('rows-canvas');
}
