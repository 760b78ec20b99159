import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Locator } from 'playwright-core';
import { languages } from '../../nodes/rag/text/languages.ts';
import { type FlowNode, startNodeRed, type TestNodeRed } from '../support/node-red.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { EditorPage, launchBrowser, skipWithoutBrowser, type Theme } from './browser.ts';
import { RowsPage, settingsOf } from './rows-page.ts';

const index: FlowNode = { id: 'index', type: 'llm-index', z: 'tab', x: 400, y: 80, knowledge: 'knowledge', wires: [[], []] };
const inject: FlowNode = { id: 'inject', type: 'inject', z: 'tab', x: 200, y: 80, once: true, payload: 'The gasket of the pump is green.', payloadType: 'str', wires: [['index']] };

describe('The dialog of a knowledge node', { skip: skipWithoutBrowser }, () => {
  let server: TestServer;
  let nodeRed: TestNodeRed;
  let browser: Browser;
  let editor: EditorPage;
  let nodes: RowsPage;
  let tray: Locator;

  before(async () => {
    server = await startServer((exchange) => exchange.json(200, { data: [{ id: 'nomic-embed-text' }, { id: 'bge-m3' }] }));
    nodeRed = await startNodeRed({ flows: flowOf() });
    browser = await launchBrowser();
    editor = await EditorPage.open(browser, nodeRed.url, 'light');
    nodes = new RowsPage(editor);
  });

  after(async () => {
    await browser?.close();
    await nodeRed?.stop();
    await server?.close();
  });

  function flowOf(settings: Record<string, unknown> = {}): FlowNode[] {
    const servers: FlowNode[] = [
      { id: 'llama', type: 'llm-llamacpp-server', url: server.url, healthIntervalMs: 0 },
      { id: 'openai', type: 'llm-openai-account', baseUrl: server.url },
    ];
    return [{ id: 'tab', type: 'tab', label: 'Knowledge' }, inject, index, { id: 'knowledge', type: 'llm-knowledge', ...settings }, ...servers];
  }

  async function show(settings?: Record<string, unknown>): Promise<void> {
    await nodeRed.deploy(flowOf(settings));
    await editor.load(nodeRed.url);
  }

  async function open(): Promise<void> {
    tray = await editor.openDialog('knowledge');
  }

  const field = (name: string) => tray.locator(`#node-config-input-${name}`);
  const visible = async (...names: string[]) => Promise.all(names.map((name) => field(name).isVisible()));
  const tested = async (reason: RegExp) => {
    await tray.locator('.llm-test').click();
    await tray.locator('.llm-test-result').filter({ hasText: reason }).waitFor();
  };

  test('asks for an address and a password where it is Postgres', async () => {
    await show();
    await open();
    assert.deepEqual(await visible('url', 'password'), [false, false]);
    assert.equal(await tray.locator('.llm-knowledge-place').innerText(), 'in the file llm-knowledge/knowledge.sqlite');
    await field('store').selectOption('postgres');
    assert.deepEqual(await visible('url', 'password'), [true, true]);
    await field('collection').fill('books');
    assert.equal(await tray.locator('.llm-knowledge-place').innerText(), 'in tables named llm_books_…');
    await editor.closeDialog();
  });

  test('says what is wrong with an address, where it counts', async () => {
    await show();
    await open();
    await editor.write('url', 'mysql://localhost/x');
    assert.equal(await editor.complaint('knowledge', 'url'), undefined, 'no address counts for an embedded store');
    await field('store').selectOption('postgres');
    assert.match((await editor.complaint('knowledge', 'url')) ?? '', /something like postgres:\/\/user@localhost/);
    await editor.write('url', 'postgres://me:secret@localhost/x');
    assert.match((await editor.complaint('knowledge', 'url')) ?? '', /use the password field/);
    for (const good of ['', 'postgres://me@localhost:5432/x', 'postgresql:///x']) {
      await editor.write('url', good);
      assert.equal(await editor.complaint('knowledge', 'url'), undefined, good);
    }
    await editor.closeDialog();
  });

  test('offers the languages that the runtime knows, by their names', async () => {
    await open();
    const offered = await field('language').locator('option').evaluateAll((options) => options.map((option) => [option.getAttribute('value'), option.textContent]));
    assert.equal(offered.length, Object.keys(languages).length + 1);
    assert.deepEqual(new Set(offered.map(([code]) => code)), new Set([...Object.keys(languages), 'none']));
    assert.deepEqual(offered.find(([code]) => code === 'de'), ['de', 'German']);
    assert.equal(await editor.read('language'), 'en');
    await editor.closeDialog();
  });

  test('shows the account or server of the chosen kind alone', async () => {
    await show();
    await open();
    const all = ['openai', 'llamacpp', 'vllm', 'embeddingModel', 'questionPrefix'];
    for (const [kind, expected] of [
      ['', [false, false, false, false, false]],
      ['openai', [true, false, false, true, true]],
      ['llamacpp', [false, true, false, true, true]],
      ['vllm', [false, false, true, true, true]],
    ] as const) {
      await field('embedWith').selectOption(kind);
      assert.deepEqual(await visible(...all), expected, kind);
    }
    await editor.closeDialog();
  });

  test('is complete without embeddings, and with them needs the server of the chosen kind alone', async () => {
    await show();
    assert.deepEqual(await nodes.problems('knowledge'), []);
    await show({ embedWith: 'llamacpp' });
    assert.deepEqual(await nodes.problems('knowledge'), ['choose one, or add one']);
    await show({ embedWith: 'llamacpp', llamacpp: 'llama', vllm: 'gone' });
    assert.deepEqual(await nodes.problems('knowledge'), []);
    await show({ embedWith: 'openai', openai: 'openai' });
    assert.match(String(await nodes.problems('knowledge')), /needs the name of an embedding model/);
  });

  test('lets go of a server that does not count any more', async () => {
    await show({ embedWith: 'llamacpp', llamacpp: 'llama' });
    await open();
    await field('embedWith').selectOption('');
    await editor.closeDialog();
    assert.equal(await editor.property('knowledge', 'llamacpp'), '');
    assert.equal(await editor.page.evaluate(`RED.nodes.node('llama').users.length`), 0);
  });

  test('offers the models of the chosen server', async () => {
    await show({ embedWith: 'llamacpp', llamacpp: 'llama' });
    await open();
    await field('embeddingModel').pressSequentially('nom');
    const choice = editor.page.locator('.red-ui-autoComplete-container, .red-ui-menu').getByText('nomic-embed-text').first();
    await choice.click();
    await editor.closeDialog();
    assert.equal(await editor.property('knowledge', 'embeddingModel'), 'nomic-embed-text');
  });

  test('folds away what hardly anybody changes, and shows what somebody has changed', async () => {
    await show({ embedWith: 'llamacpp', llamacpp: 'llama' });
    await open();
    assert.deepEqual(await visible('batchSize'), [false]);
    await tray.locator('.llm-more summary').click();
    assert.equal(await field('batchSize').inputValue(), '32');
    await field('batchSize').fill('8');
    await editor.closeDialog();
    await open();
    assert.deepEqual(await visible('batchSize', 'maxBatchTokens', 'concurrency'), [true, true, true]);
    await editor.closeDialog();
  });

  test('says by its Test button what the store holds, and what stands in the form, before anything is deployed', async () => {
    await show();
    await open();
    await tested(/^It holds 1 document in 1 passage, no vectors, and takes \d+ KiB\.$/);
    await field('language').selectOption('none');
    await field('collection').fill('elsewhere');
    await tested(/^It is new, and holds nothing yet\.$/);
    await field('collection').fill('Else where');
    await tested(/collection must begin with a small letter/);
    await field('collection').fill('books');
    await field('store').selectOption('postgres');
    await field('url').fill('postgres://me@127.0.0.1:1/x');
    await tested(/The database at 127\.0\.0\.1:1 cannot be reached\. Start it/);
    await editor.screenshot('knowledge-test-bad');
    await editor.closeDialog();
  });

  test('sends a password only where somebody has typed one', async () => {
    await show({ store: 'postgres', url: 'postgres://me@127.0.0.1:1/x', credentials: { password: 'saved' } });
    await open();
    const sent = async (): Promise<unknown> => {
      const asked = editor.page.waitForRequest(/llm\/test/);
      await tested(/cannot be reached/);
      return ((await asked).postDataJSON() as { fields: Record<string, unknown> }).fields['password'];
    };
    assert.equal(await sent(), undefined);
    await field('password').fill('typed');
    assert.equal(await sent(), 'typed');
    await editor.closeDialog();
  });

  test('keeps all that it is given through export and import', async () => {
    const settings = { name: 'M', store: 'postgres', collection: 'books', language: 'fr', url: 'postgres://me@db/x', embedWith: 'llamacpp', llamacpp: 'llama', embeddingModel: 'e5', questionPrefix: 'query: ', passagePrefix: 'passage: ', batchSize: 4, maxBatchTokens: 99, concurrency: 1 };
    await show(settings);
    const [exported] = await nodes.exported(['knowledge']);
    assert.deepEqual(settingsOf(exported), { type: 'llm-knowledge', ...settings });
    // The editor imports no second one that is the same.
    await nodes.import([{ ...exported, id: 'copy', name: 'Copy' }]);
    const id = await editor.page.evaluate(`(() => { let id; RED.nodes.eachConfig((node) => { if (node.name === 'Copy') id = node.id; }); return id; })()`);
    const [copy] = await nodes.exported([String(id)]);
    assert.deepEqual(settingsOf(copy), { type: 'llm-knowledge', ...settings, name: 'Copy' });
  });

  test('leaves the console free of errors', () => assert.deepEqual(editor.errors, []));

  for (const theme of ['light', 'dark'] satisfies Theme[]) {
    test(`looks right in ${theme}`, async () => {
      await nodeRed.deploy(flowOf({ embedWith: 'llamacpp', llamacpp: 'llama', embeddingModel: 'nomic-embed-text', concurrency: 4 }));
      const themed = await EditorPage.open(browser, nodeRed.url, theme);
      tray = await themed.openDialog('knowledge');
      await tested(/^It holds 1 document/);
      await themed.screenshot('knowledge-filled');
      await field('store').selectOption('postgres');
      await field('embedWith').selectOption('');
      assert.equal(await tray.locator('.llm-test-result').innerText(), '', 'what was tested is not what stands there now');
      await themed.screenshot('knowledge-postgres');
      await themed.close();
    });
  }
});
