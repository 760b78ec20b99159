import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Locator } from 'playwright-core';
import { defaultIgnore, defaultInclude } from '../../nodes/rag/folder/default-patterns.ts';
import { type FlowNode, startNodeRed, type TestNodeRed } from '../support/node-red.ts';
import { EditorPage, launchBrowser, skipWithoutBrowser, type Theme } from './browser.ts';
import { RowsPage, settingsOf } from './rows-page.ts';

function flowOf(settings: Record<string, unknown> = {}): FlowNode[] {
  const index = { id: 'index', type: 'llm-index', z: 'tab', x: 200, y: 80, knowledge: 'knowledge', wires: [[], []] };
  return [{ id: 'tab', type: 'tab', label: 'Index' }, { ...index, ...settings }, { id: 'knowledge', type: 'llm-knowledge' }];
}

describe('The dialog of an index node', { skip: skipWithoutBrowser }, () => {
  let nodeRed: TestNodeRed;
  let browser: Browser;
  let editor: EditorPage;
  let nodes: RowsPage;
  let tray: Locator;

  before(async () => {
    nodeRed = await startNodeRed({ flows: flowOf() });
    browser = await launchBrowser();
    editor = await EditorPage.open(browser, nodeRed.url, 'light');
    nodes = new RowsPage(editor);
  });

  after(async () => {
    await browser?.close();
    await nodeRed?.stop();
  });

  async function show(settings?: Record<string, unknown>): Promise<void> {
    await nodeRed.deploy(flowOf(settings));
    await editor.load(nodeRed.url);
  }

  const field = (name: string) => tray.locator(`#node-input-${name}`);

  test('is complete with a knowledge node alone', async () => {
    await show();
    assert.deepEqual(await nodes.problems('index'), []);
    await show({ knowledge: '' });
    assert.deepEqual((await nodes.problems('index')).length, 1);
  });

  test('wants a folder where it is to watch one', async () => {
    await show();
    tray = await editor.openDialog('index');
    assert.equal(await editor.complaint('index', 'folder'), undefined);
    await field('watch').check();
    assert.match((await editor.complaint('index', 'folder')) ?? '', /the folder to watch/);
    await field('folder').fill('/srv/manuals');
    await field('folder').blur();
    assert.equal(await editor.complaint('index', 'folder'), undefined);
    await editor.closeDialog();
    assert.equal(await editor.property('index', 'watch'), true);
    await show({ watch: true });
    assert.deepEqual(await nodes.problems('index'), ['must name the folder to watch']);
  });

  test('lets passages repeat at most half of themselves, whatever is changed first', async () => {
    await show();
    tray = await editor.openDialog('index');
    await editor.showTab(tray, 'Passages');
    await editor.write('maxTokens', '40');
    assert.match((await editor.complaint('index', 'overlapTokens')) ?? '', /at most half of a passage, which is 20/);
    await editor.write('overlapTokens', '20');
    assert.equal(await editor.complaint('index', 'overlapTokens'), undefined);
    await editor.write('overlapTokens', '');
    assert.equal(await editor.complaint('index', 'overlapTokens'), undefined);
    await editor.closeDialog();
    await show({ maxTokens: 30, overlapTokens: 16 });
    assert.deepEqual(await nodes.problems('index'), ['must be at most half of a passage, which is 15']);
  });

  test('shows the patterns that hold where none are given', async () => {
    tray = await editor.openDialog('index');
    assert.equal(await field('include').getAttribute('placeholder'), defaultInclude.join('\n'));
    assert.equal(await field('ignore').getAttribute('placeholder'), defaultIgnore.join('\n'));
    await editor.closeDialog();
  });

  test('names its ports', async () => {
    assert.deepEqual(Object.keys(await nodes.wiring('index')), ['result', 'progress']);
  });

  test('keeps all that it is given through export and import', async () => {
    const settings = { name: 'M', knowledge: 'knowledge', folder: '/srv', watch: true, include: 'a\nb', ignore: 'c', maxTokens: 99, overlapTokens: 9, timeoutMs: 5000, maxFileMb: 7 };
    await show(settings);
    const [exported] = await nodes.exported(['index']);
    assert.deepEqual(settingsOf(exported), { type: 'llm-index', ...settings });
    const ids = await nodes.import([exported ?? {}]);
    const [copy] = await nodes.exported([ids['index'] ?? '']);
    assert.deepEqual(settingsOf(copy), { type: 'llm-index', ...settings });
  });

  test('leaves the console free of errors', () => assert.deepEqual(editor.errors, []));

  for (const theme of ['light', 'dark'] satisfies Theme[]) {
    test(`looks right in ${theme}`, async () => {
      const themed = await EditorPage.open(browser, nodeRed.url, theme);
      tray = await themed.openDialog('index');
      await field('watch').check();
      await themed.screenshot('index-documents');
      await themed.showTab(tray, 'Passages');
      await themed.screenshot('index-passages');
      await themed.close();
    });
  }
});
