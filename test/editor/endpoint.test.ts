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

type List = 'models' | 'keys' | 'client-keys';

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

  /** Presses Done, and deploys as a person would; the editor asks once more where a node is marked. */
  async function deploy({ isMarked = false } = {}): Promise<void> {
    await editor.closeDialog();
    const from = nodeRed.log().length;
    await editor.page.locator('#red-ui-header-button-deploy').click();
    if (isMarked) await editor.page.locator('.red-ui-notification').getByRole('button', { name: 'Confirm deploy' }).click();
    while (!nodeRed.log().slice(from).includes('Started')) await delay(20);
  }

  const row = (list: List, index: number) => tray.locator(`#llm-endpoint-${list} ol > li`).nth(index);
  const field = (list: List, index: number, column: string) => row(list, index).locator(`.llm-col-${column} input`);
  const complaint = async (list: List) => (await tray.locator(`#llm-endpoint-${list} .llm-rows-complaint`).innerText()).trim();
  const add = (list: List) => tray.locator(`#llm-endpoint-${list} .red-ui-editableList-addButton`).click();

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

  test('says who may ask, and what it means that nobody has chosen', async () => {
    await open('Access');
    const note = tray.locator('.llm-access-note');
    assert.match(await note.innerText(), /As long as nobody chooses: everybody/);
    assert.equal(await editor.read('access'), '', 'a flow of 0.1 says nothing');
    await editor.write('access', 'keys');
    assert.match((await editor.complaint('endpoint', 'access')) ?? '', /there is none/);
    await editor.write('access', 'everybody');
    assert.equal(await editor.complaint('endpoint', 'access'), undefined);
    assert.ok(!(await tray.locator('.llm-access-keys').isVisible()));
    await deploy();
    assert.equal(await editor.property('endpoint', 'access'), 'everybody');
    assert.equal(await statusWith(), 200);
  });

  test('makes a key that is shown once: the flow has its hash, also after an export', async () => {
    await show({ access: 'keys' });
    assert.equal(await statusWith(), 503);
    // The node is marked before it is opened.
    await editor.page.waitForFunction(`/there is none/.test(String(RED.nodes.node('endpoint').validationErrors))`);
    await open('Access');
    await add('client-keys');
    const key = await field('client-keys', 0, 'key').inputValue();
    assert.match(key, /^sk-[A-Za-z0-9]{43}$/);
    await add('client-keys');
    const other = await field('client-keys', 1, 'key').inputValue();
    assert.notEqual(other, key);
    await field('client-keys', 1, 'name').fill('phone');
    assert.equal(await editor.complaint('endpoint', 'access'), undefined);
    await deploy();
    assert.deepEqual([await statusWith(), await statusWith(key), await statusWith(other), await statusWith('sk-other')], [401, 200, 200, 401]);
    const exported = JSON.stringify(await editor.page.evaluate(`RED.nodes.createExportableNodeSet([RED.nodes.node('endpoint')], { credentials: false })`));
    assert.ok(!exported.includes(key) && !exported.includes(other));

    const [node] = JSON.parse(exported) as [FlowNode];
    const rows = node['clientKeys'] as Array<{ name: string; sha256: string }>;
    assert.deepEqual(rows.map(({ name }) => name), ['client 1', 'phone']);
    // As somebody imports it who has no credentials of ours.
    await nodeRed.deploy([{ id: 'tab', type: 'tab', label: 'Endpoint' }, { ...node, id: 'imported', z: 'tab', wires: [['echo']] }, echo]);
    assert.deepEqual([await statusWith(), await statusWith(key)], [401, 200]);

    await show({ access: 'keys', clientKeys: rows });
    await open('Access');
    assert.match(await row('client-keys', 0).innerText(), /known by its hash/);
    assert.equal(await field('client-keys', 0, 'key').count(), 0, 'nobody can read it any more');
    await row('client-keys', 0).locator('.red-ui-editableList-item-remove').click();
    await editor.page.waitForFunction(`$('#llm-endpoint-client-keys ol > li').length === 1`);
    await deploy();
    assert.deepEqual([await statusWith(key), await statusWith(other)], [401, 200]);
  });

  test('keeps typed keys as credentials, and never shows them again', async () => {
    await show({ credentials: { keys: '' } });
    await open('Access');
    await addKey(0, 'laptop', 'sk-laptop');
    await addKey(1, 'Open WebUI', 'sk-webui');
    await deploy();
    const exported: unknown = await editor.page.evaluate(`RED.nodes.createExportableNodeSet([RED.nodes.node('endpoint')], { credentials: false })`);
    assert.doesNotMatch(JSON.stringify(exported), /sk-/, 'no key stands in the flow');
    assert.deepEqual([await statusWith(), await statusWith('sk-laptop'), await statusWith('sk-webui'), await statusWith('sk-other')], [401, 200, 200, 401]);
    assert.deepEqual(await (await fetch(`${nodeRed.url}/credentials/llm-endpoint/endpoint`)).json(), { has_keys: true });

    await editor.load(nodeRed.url);
    await editor.page.waitForFunction(`RED.nodes.node('endpoint').access === 'keys'`);
    await open('Access');
    const kept = tray.locator('#llm-endpoint-typed-keys');
    assert.match(await kept.innerText(), /They are kept, and not shown/);
    assert.ok(!(await tray.locator('#llm-endpoint-keys').isVisible()));
    assert.doesNotMatch(await editor.page.content(), /sk-laptop/);
    await editor.closeDialog();

    await open('Access');
    await kept.getByRole('button', { name: 'Replace' }).click();
    await addKey(0, 'phone', 'sk-phone');
    await deploy();
    assert.deepEqual([await statusWith('sk-laptop'), await statusWith('sk-phone')], [401, 200]);

    await editor.load(nodeRed.url);
    await open('Access');
    await kept.getByRole('button', { name: 'Remove' }).click();
    assert.match((await editor.complaint('endpoint', 'access')) ?? '', /there is none/);
    await kept.getByRole('button', { name: 'Keep what was' }).click();
    assert.equal(await editor.complaint('endpoint', 'access'), undefined);
    await kept.getByRole('button', { name: 'Remove' }).click();
    await deploy({ isMarked: true });
    assert.deepEqual([await statusWith(), await statusWith('sk-phone')], [503, 503]);
  });

  test('of a flow of 0.1 says `keys` with the next deploy where there are some, so that a copy is closed', async () => {
    await show({ credentials: { keys: 'laptop: sk-1' } });
    await editor.page.waitForFunction(`RED.nodes.node('endpoint').access === 'keys'`);
    assert.deepEqual(await problems(), []);
    const copy = await editor.page.evaluate(`RED.nodes.createExportableNodeSet([RED.nodes.node('endpoint')], { credentials: false })[0].access`);
    assert.equal(copy, 'keys');
    await editor.page.evaluate(`RED.nodes.import([{ id: 'copied', type: 'llm-endpoint', z: 'tab', x: 200, y: 300, path: '/copied', access: 'keys', wires: [[]] }], { generateIds: false })`);
    const marked: string[] = await editor.page.evaluate(`(() => { const node = RED.nodes.node('copied'); RED.editor.validateNode(node); return node.validationErrors; })()`);
    assert.match(marked.join(), /there is none/);
  });

  test('refuses keys of one name, without a name or without a key', async () => {
    await show({ credentials: { keys: '' } });
    await open('Access');
    await addKey(0, 'laptop', 'sk-1');
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
    await add('client-keys');
    await add('client-keys');
    await field('client-keys', 1, 'name').fill('client 1');
    assert.equal(await complaint('client-keys'), 'The name client 1 stands twice.');
    await field('client-keys', 1, 'name').fill('');
    assert.equal(await complaint('client-keys'), 'A key needs a name.');
    await deploy({ isMarked: true });
    assert.match(nodeRed.log(), /not of the form name: key/);
    assert.equal(await statusWith('sk-1'), 503, 'an endpoint with bad keys lets nobody in');
  });

  test('changes nothing when nothing is changed', async () => {
    await show({ models: [{ name: 'a', model: '' }], credentials: { keys: 'laptop : sk-1\n\n phone:sk-2' } });
    await open();
    await editor.closeDialog();
    assert.equal(await editor.page.evaluate('RED.nodes.dirty()'), true, 'defaults that the flow file lacks are filled in');
    assert.equal(await editor.page.evaluate(`RED.nodes.node('endpoint').credentials.keys`), undefined);
    assert.equal(await statusWith('sk-2'), 200);
    assert.deepEqual(await problems(), []);
  });

  for (const odd of [{ models: 'a,b', path: 7, cors: [], maxOpen: {}, access: 5, clientKeys: 'x' }, { models: [null, 5, { name: 3 }], chat: 'x', clientKeys: [null, 7, { name: 3 }] }]) {
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
      await nodeRed.deploy(flowOf({ models, access: 'keys', clientKeys: [{ name: 'laptop', sha256: 'ab'.repeat(32) }], credentials: { keys: 'Open WebUI: sk-2' } }));
      const themed = await EditorPage.open(browser, nodeRed.url, theme);
      tray = await themed.openDialog('endpoint');
      await themed.screenshot('endpoint-filled');
      for (const tab of ['Models', 'Access', 'Limits']) {
        await themed.showTab(tray, tab);
        if (tab === 'Access') await add('client-keys');
        await themed.screenshot(`endpoint-filled-${tab.toLowerCase()}`);
      }
      await themed.closeDialog();
      await themed.screenshot('endpoint-canvas');
      await themed.close();
    });
  }
});
