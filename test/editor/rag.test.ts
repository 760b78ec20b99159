import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Locator } from 'playwright-core';
import { defaultTemplate } from '../../nodes/rag/prompt/default-template.ts';
import { type FlowNode, startNodeRed, type TestNodeRed } from '../support/node-red.ts';
import { EditorPage, launchBrowser, skipWithoutBrowser, type Theme } from './browser.ts';
import { RowsPage, settingsOf } from './rows-page.ts';

const own = 'Q: {{question}}\n\n{{context}}';

function flowOf(settings: Record<string, unknown> = {}, ...more: FlowNode[]): FlowNode[] {
  return [
    { id: 'tab', type: 'tab', label: 'RAG' },
    { id: 'rag', type: 'llm-rag', z: 'tab', x: 200, y: 80, knowledge: 'knowledge', wires: [['found']], ...settings },
    { id: 'found', type: 'debug', name: 'found', z: 'tab', x: 400, y: 60, active: false, wires: [] },
    { id: 'none', type: 'debug', name: 'none', z: 'tab', x: 400, y: 120, active: false, wires: [] },
    { id: 'knowledge', type: 'llm-knowledge' },
    { id: 'llama', type: 'llm-llamacpp-server', url: 'http://127.0.0.1:1', healthIntervalMs: 0 },
    ...more,
  ];
}

describe('The dialog of a RAG node', { skip: skipWithoutBrowser }, () => {
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

  async function show(settings?: Record<string, unknown>, ...more: FlowNode[]): Promise<void> {
    await nodeRed.deploy(flowOf(settings, ...more));
    await editor.load(nodeRed.url);
  }

  async function open(tab?: string): Promise<void> {
    tray = await editor.openDialog('rag');
    if (tab !== undefined) await editor.showTab(tray, tab);
  }

  const field = (name: string) => tray.locator(`#node-input-${name}`);
  const templateState = () => tray.locator('.llm-rag-template-state > span');
  const templateText = (): Promise<string> => editor.page.evaluate(`monaco.editor.getModels().at(-1).getValue()`);

  /** Replaces all of the template, as by typing. */
  async function typeTemplate(text: string): Promise<void> {
    await tray.locator('.llm-rag-template').click();
    await editor.page.keyboard.press('Control+A');
    await editor.page.keyboard.insertText(text);
  }

  test('has a second port where messages without evidence leave by one, and its wires go with it', async () => {
    await show();
    assert.deepEqual(await nodes.wiring('rag'), { 'with passages': ['found'] });
    await open('No evidence');
    await field('noEvidence').selectOption('port');
    await editor.closeDialog();
    assert.deepEqual(await nodes.wiring('rag'), { 'with passages': ['found'], 'no evidence': [] });

    await show({ noEvidence: 'port', outputs: 2, wires: [['found'], ['none']] });
    await open();
    await editor.closeDialog();
    assert.deepEqual(await nodes.wiring('rag'), { 'with passages': ['found'], 'no evidence': ['none'] });
    await open('No evidence');
    await field('noEvidence').selectOption('continue');
    await editor.closeDialog();
    assert.deepEqual(await nodes.wiring('rag'), { 'with passages': ['found'] });
    assert.equal(await editor.page.evaluate(`RED.nodes.filterLinks({ source: RED.nodes.node('rag') }).length`), 1);
  });

  test('shows the default template where none is set, and does not store it', async () => {
    await show();
    await open('Prompt');
    assert.equal(await templateText(), defaultTemplate);
    assert.ok(await tray.locator('.llm-rag-template-state button').isDisabled());
    await editor.closeDialog();
    assert.equal(await editor.property('rag', 'template'), '');
  });

  test('keeps a template of its own, and finds back to the default one', async () => {
    await show();
    await open('Prompt');
    await typeTemplate(own);
    await editor.closeDialog();
    assert.equal(await editor.property('rag', 'template'), own);
    await open('Prompt');
    assert.equal(await templateText(), own);
    await tray.locator('.llm-rag-template-state button').click();
    assert.equal(await templateText(), defaultTemplate);
    await editor.closeDialog();
    assert.equal(await editor.property('rag', 'template'), '');
  });

  test('says what is wrong with a template', async () => {
    await show();
    await open('Prompt');
    assert.match(await templateState().innerText(), /^Mustache, with \{\{question\}\}/);
    await typeTemplate('{{qestion}}');
    assert.match(await templateState().innerText(), /names \{\{qestion\}\}, which there is not\. Use question, context/);
    await typeTemplate('{{question');
    assert.match(await templateState().innerText(), /cannot be read/);
    await editor.closeDialog();
    assert.equal((await nodes.problems('rag')).length, 1);
    await show({ template: '{{qestion}}', assemble: false });
    assert.deepEqual(await nodes.problems('rag'), [], 'a template that is not used may be anything');
  });

  test('hides the template where no prompt is made', async () => {
    await show();
    await open('Prompt');
    await field('assemble').uncheck();
    assert.ok(!(await tray.locator('.llm-rag-template').isVisible()));
    assert.ok(await tray.locator('.llm-rag-unassembled').isVisible());
    await editor.closeDialog();
    assert.equal(await editor.property('rag', 'assemble'), false);
  });

  test('says what the least score is held against', async () => {
    await show();
    await open();
    const note = () => tray.locator('.llm-rag-score').innerText();
    assert.match(await note(), /The higher of two/);
    await field('mode').selectOption('lexical');
    assert.match(await note(), /share of the question's words.*About 0\.3/);
    await field('mode').selectOption('vector');
    assert.match(await note(), /cosine/);
    await editor.write('rerankWith', 'llamacpp');
    assert.match(await note(), /reranker's score/);
    await editor.closeDialog();
  });

  test('needs vectors to search by meaning', async () => {
    await show({ mode: 'vector' });
    assert.deepEqual(await nodes.problems('rag'), ['needs an embedding model: choose one in the knowledge node']);
  });

  test('asks for the server of the chosen kind alone', async () => {
    await show();
    await open('Rerank');
    const visible = async () => Promise.all(['llamacpp', 'vllm', 'rerankModel', 'rerankCandidates'].map((name) => field(name).isVisible()));
    assert.deepEqual(await visible(), [false, false, false, false]);
    await field('rerankWith').selectOption('llamacpp');
    assert.deepEqual(await visible(), [true, false, true, true]);
    await field('rerankWith').selectOption('vllm');
    assert.deepEqual(await visible(), [false, true, true, true]);
    await editor.closeDialog();
    assert.deepEqual(await nodes.problems('rag'), ['choose one, or add one']);
    await show({ rerankWith: '', vllm: 'gone' });
    assert.deepEqual(await nodes.problems('rag'), []);
  });

  test('takes a filter from anywhere', async () => {
    const filters = [
      ['json', '', true],
      ['json', '{"a":[1,null]}', true],
      ['json', '[1]', false],
      ['json', '{', false],
      ['msg', 'filter', true],
      ['jsonata', '{"user": llm.client}', true],
      ['jsonata', '{"user": ', false],
      ['env', 'FILTER', true],
    ] as const;
    const others = filters.map(([filterType, filter], at) => ({ id: `rag${at}`, type: 'llm-rag', z: 'tab', x: 600, y: 60 * at, knowledge: 'knowledge', filterType, filter, wires: [[]] }));
    await show({ filterType: 'env', filter: 'FILTER' }, ...others);
    for (const [at, [filterType, filter, good]] of filters.entries()) {
      assert.equal((await nodes.problems(`rag${at}`)).length === 0, good, `${filterType} ${filter}`);
    }
    await open();
    assert.equal(await editor.page.evaluate(`$('#node-input-filter').typedInput('type')`), 'env');
    await editor.page.evaluate(`$('#node-input-filter').typedInput('type', 'msg').typedInput('value', 'req.filter')`);
    await editor.closeDialog();
    assert.deepEqual([await editor.property('rag', 'filterType'), await editor.property('rag', 'filter')], ['msg', 'req.filter']);
  });

  test('keeps all that it is given through export and import', async () => {
    const settings = { name: 'R', knowledge: 'knowledge', mode: 'lexical', maxPassages: 3, maxTokens: 99, minScore: 0.3, candidates: 9, rerankCandidates: 5, widen: 1, filter: '{"a":1}', filterType: 'json', assemble: true, template: own, noEvidence: 'port', rerankWith: 'llamacpp', llamacpp: 'llama', rerankModel: 'bge', outputs: 2 };
    await show({ ...settings, wires: [[], []] });
    const [exported] = await nodes.exported(['rag']);
    assert.deepEqual(settingsOf(exported), { type: 'llm-rag', ...settings });
    const ids = await nodes.import([exported ?? {}]);
    const [copy] = await nodes.exported([ids['rag'] ?? '']);
    assert.deepEqual(settingsOf(copy), { type: 'llm-rag', ...settings });
  });

  test('leaves the console free of errors', () => assert.deepEqual(editor.errors, []));

  for (const theme of ['light', 'dark'] satisfies Theme[]) {
    test(`looks right in ${theme}`, async () => {
      await nodeRed.deploy(flowOf({ noEvidence: 'port', outputs: 2, wires: [['found'], ['none']], rerankWith: 'llamacpp', llamacpp: 'llama' }));
      const themed = await EditorPage.open(browser, nodeRed.url, theme);
      tray = await themed.openDialog('rag');
      await themed.screenshot('rag-search');
      for (const tab of ['Prompt', 'Rerank', 'No evidence']) {
        await themed.showTab(tray, tab);
        await themed.screenshot(`rag-${tab.toLowerCase().replace(' ', '-')}`);
      }
      await themed.closeDialog();
      await themed.screenshot('rag-canvas');
      await themed.close();
    });
  }
});
