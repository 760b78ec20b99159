import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Locator } from 'playwright-core';
import { type FlowNode, startNodeRed, type TestNodeRed } from '../support/node-red.ts';
import { EditorPage, launchBrowser, skipWithoutBrowser, type Theme } from './browser.ts';

const endpoint: FlowNode = { id: 'endpoint', type: 'llm-endpoint', z: 'tab', x: 200, y: 80, wires: [['echo']] };
const echo: FlowNode = { id: 'echo', type: 'llm-echo', z: 'tab', x: 400, y: 80, tokensPerSecond: 0, wires: [[]] };

function flowOf(settings: Record<string, unknown> = {}, ...more: FlowNode[]): FlowNode[] {
  return [{ id: 'tab', type: 'tab', label: 'Endpoint' }, { ...endpoint, ...settings }, echo, ...more];
}

describe('The dialog of an endpoint', { skip: skipWithoutBrowser }, () => {
  let nodeRed: TestNodeRed;
  let browser: Browser;
  let editor: EditorPage;
  let tray: Locator;

  before(async () => {
    nodeRed = await startNodeRed({ flows: flowOf(), settings: { httpNodeRoot: '/api' } });
    browser = await launchBrowser();
    editor = await EditorPage.open(browser, nodeRed.url, 'light');
  });

  after(async () => {
    await browser?.close();
    await nodeRed?.stop();
  });

  beforeEach(() => show());

  /** Deploys an endpoint and shows it. */
  async function show(settings?: Record<string, unknown>, ...more: FlowNode[]): Promise<void> {
    await nodeRed.deploy(flowOf(settings, ...more));
    await editor.load(nodeRed.url);
  }

  async function open(tab?: string): Promise<void> {
    tray = await editor.openDialog('endpoint');
    if (tab !== undefined) await editor.showTab(tray, tab);
  }

  /** Presses Done, and deploys as a person would. */
  async function deploy(): Promise<void> {
    await editor.closeDialog();
    const from = nodeRed.log().length;
    await editor.page.locator('#red-ui-header-button-deploy').click();
    while (!nodeRed.log().slice(from).includes('Started')) await delay(20);
  }

  const row = (list: 'models' | 'keys', index: number) => tray.locator(`#llm-endpoint-${list} ol > li`).nth(index);
  const field = (list: 'models' | 'keys', index: number, column: string) => row(list, index).locator(`.llm-col-${column} input`);
  const complaint = async (list: 'models' | 'keys') => (await tray.locator(`#llm-endpoint-${list} .llm-rows-complaint`).innerText()).trim();
  const add = (list: 'models' | 'keys') => tray.locator(`#llm-endpoint-${list} .red-ui-editableList-addButton`).click();

  async function addKey(index: number, name: string, key: string): Promise<void> {
    await add('keys');
    await field('keys', index, 'name').fill(name);
    await field('keys', index, 'key').fill(key);
  }

  /** What a client with this key is told. */
  async function statusWith(key?: string): Promise<number> {
    const response = await fetch(`${nodeRed.url}/api/v1/models`, { headers: key === undefined ? {} : { authorization: `Bearer ${key}` } });
    return response.status;
  }

  test('shows where clients find it', async () => {
    await open();
    const address = (client: string) => tray.locator(`.llm-endpoint-${client} code`);
    assert.equal(await address('openai').innerText(), `${nodeRed.url}/api/v1`);
    assert.equal(await address('anthropic').innerText(), `${nodeRed.url}/api`);
    const chat = tray.locator('.llm-endpoint-chat');
    assert.equal(await chat.getAttribute('href'), `${nodeRed.url}/api/v1/chat`);

    await tray.locator('#node-input-path').fill('team/v1/');
    assert.equal(await address('openai').innerText(), `${nodeRed.url}/api/team/v1`);
    assert.equal(await address('anthropic').innerText(), `${nodeRed.url}/api/team`);
    assert.equal(await chat.getAttribute('href'), `${nodeRed.url}/api/team/v1/chat`);

    await tray.locator('#node-input-path').fill('/team');
    assert.ok(!(await address('anthropic').isVisible()));
    assert.ok(await tray.locator('.llm-endpoint-no-anthropic').isVisible());

    await tray.locator('#node-input-path').fill('/te am');
    assert.ok(!(await address('openai').isVisible()), 'a bad path has no address');
    assert.ok(!(await chat.isVisible()));

    await tray.locator('#node-input-path').fill('/v1');
    await tray.locator('#node-input-chat').uncheck();
    assert.ok(!(await chat.isVisible()));
    await editor.closeDialog();
  });

  test('copies an address', async () => {
    await editor.page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: nodeRed.url });
    await open();
    await tray.locator('.llm-endpoint-openai button').click();
    assert.equal(await editor.page.evaluate('navigator.clipboard.readText()'), `${nodeRed.url}/api/v1`);
    await editor.closeDialog();
  });

  test('says that another endpoint has the path', async () => {
    await show({}, { ...endpoint, id: 'other', path: '/other', y: 200 });
    await open();
    await editor.write('path', 'other');
    assert.match((await editor.complaint('endpoint', 'path')) ?? '', /another endpoint has the path \/other/);
    await editor.write('path', 'mine');
    assert.equal(await editor.complaint('endpoint', 'path'), undefined);
    await editor.closeDialog();
  });

  test('keeps the switches', async () => {
    await open();
    assert.ok(await tray.locator('#node-input-chat').isChecked(), 'a flow file without it has a chat page');
    await tray.locator('#node-input-chat').uncheck();
    await tray.locator('#node-input-tellBackend').uncheck();
    await editor.closeDialog();
    assert.deepEqual([await editor.property('endpoint', 'chat'), await editor.property('endpoint', 'tellBackend')], [false, false]);
    await open();
    assert.ok(!(await tray.locator('#node-input-chat').isChecked()));
    await editor.closeDialog();
  });

  test('keeps its models in their order', async () => {
    await open('Models');
    for (const [index, [name, model]] of [['fast', 'llama-3.2-3b'], ['smart', ''], ['', '']].entries()) {
      await add('models');
      await field('models', index, 'name').fill(name as string);
      await field('models', index, 'model').fill(model as string);
    }
    assert.equal(await complaint('models'), '');
    await editor.closeDialog();
    assert.deepEqual(await editor.property('endpoint', 'models'), [{ name: 'fast', model: 'llama-3.2-3b' }, { name: 'smart', model: '' }]);
    assert.equal(await editor.property('endpoint', 'outputs'), 1, 'models are no ports');

    await open('Models');
    assert.equal(await field('models', 1, 'name').inputValue(), 'smart');
    await row('models', 0).locator('.red-ui-editableList-item-remove').click();
    await editor.page.waitForFunction(`$('#llm-endpoint-models ol > li').length === 1`);
    await editor.closeDialog();
    assert.deepEqual(await editor.property('endpoint', 'models'), [{ name: 'smart', model: '' }]);
  });

  test('refuses a model that stands twice, or has no name', async () => {
    await show({ models: [{ name: 'fast', model: 'a' }, { name: 'smart', model: 'b' }] });
    await open('Models');
    await field('models', 1, 'name').fill('fast');
    assert.equal(await complaint('models'), 'The name fast stands twice.');
    await field('models', 1, 'name').fill('');
    assert.match(await complaint('models'), /row for b needs the name/);
    await editor.closeDialog();
    assert.match((await problems()).join(), /row for b needs the name/);
  });

  /** Why the node is marked as wrong on the canvas. */
  function problems(): Promise<string[]> {
    return editor.page.evaluate(`(() => { const node = RED.nodes.node('endpoint'); RED.editor.validateNode(node); return node.validationErrors; })()`);
  }

  test('keeps its keys as credentials, and shows them again', async () => {
    assert.equal(await statusWith(), 200);
    await open('Keys');
    assert.ok(await tray.locator('.llm-endpoint-open').isVisible(), 'it warns where everybody may ask');
    await addKey(0, 'laptop', 'sk-laptop');
    await addKey(1, 'Open WebUI', 'sk-webui');
    assert.ok(!(await tray.locator('.llm-endpoint-open').isVisible()));
    await deploy();
    const exported: unknown = await editor.page.evaluate(`RED.nodes.createExportableNodeSet([RED.nodes.node('endpoint')], { credentials: false })`);
    assert.doesNotMatch(JSON.stringify(exported), /sk-/, 'no key stands in the flow');
    assert.deepEqual([await statusWith(), await statusWith('sk-laptop'), await statusWith('sk-webui'), await statusWith('sk-other')], [401, 200, 200, 401]);

    await editor.load(nodeRed.url);
    await open('Keys');
    assert.equal(await field('keys', 1, 'name').inputValue(), 'Open WebUI');
    assert.equal(await field('keys', 1, 'key').inputValue(), 'sk-webui');
    assert.equal(await field('keys', 1, 'key').getAttribute('type'), 'password');
    assert.ok(!(await tray.locator('#node-input-keys').isVisible()), 'nor can the field with all keys be read');
    await row('keys', 1).getByRole('button', { name: 'Show the key' }).click();
    assert.equal(await field('keys', 1, 'key').getAttribute('type'), 'text');
    await row('keys', 0).locator('.red-ui-editableList-item-remove').click();
    await editor.page.waitForFunction(`$('#llm-endpoint-keys ol > li').length === 1`);
    await deploy();
    assert.deepEqual([await statusWith('sk-laptop'), await statusWith('sk-webui')], [401, 200]);
  });

  test('makes a new key that nobody guesses', async () => {
    await show({ credentials: { keys: 'laptop: sk-old' } });
    await open('Keys');
    const generate = row('keys', 0).getByRole('button', { name: 'Generate a new key' });
    await generate.click();
    const key = await field('keys', 0, 'key').inputValue();
    assert.match(key, /^sk-[A-Za-z0-9]{40}$/);
    assert.equal(await field('keys', 0, 'key').getAttribute('type'), 'text', 'it can be read now');
    await generate.click();
    assert.notEqual(await field('keys', 0, 'key').inputValue(), key);
    const latest = await field('keys', 0, 'key').inputValue();
    await deploy();
    assert.deepEqual([await statusWith('sk-old'), await statusWith(latest)], [401, 200]);
  });

  test('refuses keys of one name, without a name or without a key', async () => {
    await show({ credentials: { keys: 'laptop: sk-1' } });
    await open('Keys');
    await addKey(1, 'laptop', 'sk-2');
    assert.equal(await complaint('keys'), 'The name laptop stands twice.');
    assert.match(String(await editor.complaint('endpoint', 'keys')), /laptop stands twice/);
    await field('keys', 1, 'name').fill('');
    assert.equal(await complaint('keys'), 'A key needs a name.');
    await field('keys', 1, 'name').fill('a:b');
    assert.equal(await complaint('keys'), 'a:b: a name must hold no colon');
    await field('keys', 1, 'name').fill('phone');
    await field('keys', 1, 'key').fill('');
    assert.equal(await complaint('keys'), 'phone: the key is missing');
    await deploy();
    assert.match(nodeRed.log(), /not of the form name: key/);
    assert.equal(await statusWith('sk-1'), 404, 'an endpoint with bad keys lets nobody in');
    await open('Keys');
    assert.equal(await field('keys', 1, 'name').inputValue(), 'phone', 'what is missing can still be given');
    await editor.closeDialog();
  });

  test('changes nothing when nothing is changed', async () => {
    await show({ models: [{ name: 'a', model: '' }], credentials: { keys: 'laptop : sk-1\n\n phone:sk-2' } });
    await open();
    await editor.closeDialog();
    assert.equal(await editor.page.evaluate('RED.nodes.dirty()'), true, 'defaults that the flow file lacks are filled in');
    assert.equal(await editor.page.evaluate(`RED.nodes.node('endpoint').credentials.keys`), 'laptop : sk-1\n\n phone:sk-2');
    assert.deepEqual(await problems(), []);
  });

  for (const odd of [{ models: 'a,b', path: 7, cors: [], maxOpen: {} }, { models: [null, 5, { name: 3 }], chat: 'x' }]) {
    test(`opens whatever a flow file holds: ${JSON.stringify(odd)}`, async () => {
      await show(odd);
      await open('Models');
      await editor.closeDialog();
      assert.ok(Array.isArray(await editor.property('endpoint', 'models')));
    });
  }

  test('names its port', async () => {
    assert.equal(await editor.page.evaluate(`(() => { const node = RED.nodes.node('endpoint'); return node._def.outputLabels.call(node, 0); })()`), 'request');
  });

  test('leaves the console free of errors', () => assert.deepEqual(editor.errors, []));

  for (const theme of ['light', 'dark'] satisfies Theme[]) {
    test(`looks right in ${theme}`, async () => {
      const models = [{ name: 'fast', model: 'llama-3.2-3b' }, { name: 'smart', model: '' }, { name: 'gpt-4o-mini', model: '' }];
      await nodeRed.deploy(flowOf({ models, credentials: { keys: 'laptop: sk-1\nOpen WebUI: sk-2' } }));
      const themed = await EditorPage.open(browser, nodeRed.url, theme);
      tray = await themed.openDialog('endpoint');
      await themed.screenshot('endpoint-filled');
      for (const tab of ['Models', 'Keys', 'Limits']) {
        await themed.showTab(tray, tab);
        if (tab === 'Keys') await row('keys', 1).getByRole('button', { name: 'Generate a new key' }).click();
        await themed.screenshot(`endpoint-filled-${tab.toLowerCase()}`);
      }
      await themed.closeDialog();
      await themed.screenshot('endpoint-canvas');
      await themed.close();
    });
  }
});
