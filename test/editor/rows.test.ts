import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { type FlowNode, startNodeRed, type TestNodeRed } from '../support/node-red.ts';
import { EditorPage, launchBrowser, skipWithoutBrowser } from './browser.ts';
import { flowOf, pool, poolWiring, RowsPage, settingsOf, targets, type Wiring } from './rows-page.ts';

describe('The wires of a stage’s rows', { skip: skipWithoutBrowser }, () => {
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

  beforeEach(async () => {
    await nodeRed.deploy(flowOf(pool));
    await editor.load(nodeRed.url);
  });

  test('stay as they are when nothing is changed', async () => {
    await rows.edit('stage', async () => {});
    assert.deepEqual(await rows.wiring('stage'), poolWiring);
  });

  test('follow a row that is dragged with the mouse', async () => {
    await rows.edit('stage', async () => {
      await rows.drag(2, 0);
      assert.deepEqual(await rows.names(), ['C', 'A', 'B']);
    });
    assert.deepEqual(await rows.wiring('stage'), poolWiring);
    assert.deepEqual(Object.keys(await rows.wiring('stage')), ['answer', 'C', 'A', 'B', 'tokens']);
  });

  test('go with a row that is removed, and a new row has none', async () => {
    await rows.edit('stage', async () => {
      await rows.remove(1);
      await rows.add();
      await rows.add('last');
      assert.deepEqual(await rows.names(), ['A', 'C', 'D', 'last']);
    });
    assert.deepEqual(await rows.wiring('stage'), { answer: ['answers'], A: ['one'], C: ['three'], D: [], last: [], tokens: ['tokens'] });
  });

  test('come back with undo and go again with redo', async () => {
    const change = async () => {
      await rows.drag(2, 0);
      await rows.remove(1);
      await rows.add();
      await rows.drag(2, 0);
    };
    await rows.edit('stage', change);
    const changed = await rows.wiring('stage');
    assert.deepEqual(changed, { answer: ['answers'], D: [], C: ['three'], B: ['two'], tokens: ['tokens'] });
    for (let round = 0; round < 2; round++) {
      await rows.action('core:undo');
      assert.deepEqual(await rows.wiring('stage'), poolWiring);
      assert.equal(await editor.property('stage', 'outputs'), 5);
      await rows.action('core:redo');
      assert.deepEqual(await rows.wiring('stage'), changed);
    }
  });

  test('of the token port go when Stream is switched off, in the same edit as rows', async () => {
    await rows.edit('stage', async () => {
      await rows.remove(0);
      await editor.page.locator('#node-input-stream').uncheck();
    });
    assert.deepEqual(await rows.wiring('stage'), { answer: ['answers'], B: ['two'], C: ['three'] });
    await rows.action('core:undo');
    assert.deepEqual(await rows.wiring('stage'), poolWiring);
  });

  test('stay right over many edits in a row, and all the way back', async () => {
    const seen: Wiring[] = [await rows.wiring('stage')];
    const edits: Array<() => Promise<void>> = [
      () => editor.page.locator('#node-input-stream').uncheck(),
      () => rows.drag(0, 2),
      () => editor.page.locator('#node-input-stream').check(),
      () => rows.remove(0),
      () => rows.add('E'),
    ];
    for (const edit of edits) {
      await rows.edit('stage', edit);
      seen.push(await rows.wiring('stage'));
    }
    assert.deepEqual(seen.at(-1), { answer: ['answers'], C: ['three'], A: ['one'], E: [], tokens: [] });
    for (const expected of seen.toReversed().slice(1)) {
      await rows.action('core:undo');
      assert.deepEqual(await rows.wiring('stage'), expected);
    }
  });

  test('are those of the row that was wired, when its name changes', async () => {
    await rows.edit('stage', () => rows.field(1, 'name').fill('Berlin'));
    assert.deepEqual(await rows.wiring('stage'), { answer: ['answers'], A: ['one'], Berlin: ['two'], C: ['three'], tokens: ['tokens'] });
  });

  test('are the same after Cancel', async () => {
    await editor.openDialog('stage');
    await rows.remove(0);
    await editor.page.locator('#node-dialog-cancel').click();
    await editor.page.locator('.red-ui-tray').waitFor({ state: 'detached' });
    assert.deepEqual(await rows.wiring('stage'), poolWiring);
  });

  test('survive a deploy, and an export and import', async () => {
    await rows.edit('stage', () => rows.drag(2, 0));
    const nodes = await rows.exported(['stage', ...targets]);
    assert.deepEqual(nodes[0]?.['wires'], [['answers'], ['three'], ['one'], ['two'], ['tokens']]);
    const ids = await rows.import(nodes);
    const copy = ids['stage'] as string;
    assert.deepEqual(await rows.wiring(copy), poolWiring);
    const [again] = await rows.exported([copy]);
    assert.deepEqual(settingsOf(again), settingsOf(nodes[0]));

    await nodeRed.deploy([{ id: 'tab', type: 'tab', label: 'Rows' }, ...(nodes as FlowNode[])]);
    await editor.load(nodeRed.url);
    assert.deepEqual(await rows.wiring('stage'), poolWiring);
  });

  test('leave the console free of errors', () => assert.deepEqual(editor.errors, []));
});
