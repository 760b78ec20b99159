import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Browser, Locator } from 'playwright-core';
import { type FlowNode, startNodeRed, type TestNodeRed } from '../support/node-red.ts';
import { EditorPage, launchBrowser, skipWithoutBrowser, type Theme } from './browser.ts';

const monitor: FlowNode = { id: 'monitor', type: 'llm-monitor', z: 'tab', x: 200, y: 80, wires: [[], []] };

function flowOf(settings: Record<string, unknown> = {}): FlowNode[] {
  return [{ id: 'tab', type: 'tab', label: 'Monitor' }, { ...monitor, ...settings }];
}

describe('The dialog of a monitor', { skip: skipWithoutBrowser }, () => {
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

  async function show(settings?: Record<string, unknown>): Promise<void> {
    await nodeRed.deploy(flowOf(settings));
    await editor.load(nodeRed.url);
  }

  async function open(tab?: string): Promise<void> {
    tray = await editor.openDialog('monitor');
    if (tab !== undefined) await editor.showTab(tray, tab);
  }

  const row = (index: number) => tray.locator('#llm-monitor-alerts ol > li').nth(index);
  const complaint = async () => (await tray.locator('#llm-monitor-alerts .llm-rows-complaint').innerText()).trim();
  const add = () => tray.locator('#llm-monitor-alerts .red-ui-editableList-addButton').click();
  const measure = (index: number) => row(index).locator('.llm-col-measure select');
  const above = (index: number) => row(index).locator('.llm-col-bound input');
  const minutes = (index: number) => row(index).locator('.llm-col-lasting input');

  test('shows where Prometheus finds the metrics', async () => {
    await open();
    const address = tray.locator('.llm-monitor-address code');
    assert.equal(await address.innerText(), `${nodeRed.url}/api/llm/metrics`);
    const response = await fetch(await address.innerText());
    assert.equal(response.status, 200);
    await tray.locator('#node-input-path').fill('/a b');
    assert.ok(!(await address.isVisible()), 'a bad path has no address');
    await tray.locator('#node-input-path').fill('/llm/metrics');
    await tray.locator('#node-input-metrics').uncheck();
    assert.ok(!(await tray.locator('#node-input-token').isVisible()));
    await editor.closeDialog();
    assert.equal(await editor.property('monitor', 'metrics'), false);
  });

  test('keeps its alerts, each with what it needs', async () => {
    await open('Alerts');
    await add();
    assert.deepEqual([await measure(0).inputValue(), await above(0).inputValue(), await minutes(0).inputValue()], ['latency', '30', '5']);
    await row(0).locator('.llm-col-name input').fill('Slow');
    await row(0).locator('.llm-col-scope select').selectOption('backends');
    await above(0).fill('12.5');
    await add();
    await measure(1).selectOption('breaker');
    assert.ok(!(await above(1).isVisible()), 'a breaker has no bound');
    assert.ok(!(await row(1).locator('.llm-col-scope select').isVisible()));
    assert.equal(await minutes(1).inputValue(), '0');
    await measure(1).selectOption('costDay');
    assert.equal(await above(1).inputValue(), '10');
    assert.equal(await complaint(), '');
    await editor.closeDialog();
    assert.deepEqual(await editor.property('monitor', 'alerts'), [
      { name: 'Slow', measure: 'latency', scope: 'backends', above: 12.5, minutes: 5 },
      { name: '', measure: 'costDay', scope: 'front', above: 10, minutes: 0 },
    ]);
    await open('Alerts');
    assert.deepEqual([await measure(0).inputValue(), await above(0).inputValue(), await measure(1).inputValue()], ['latency', '12.5', 'costDay']);
    await editor.closeDialog();
  });

  test('says what is wrong with an alert', async () => {
    await show({ alerts: [{ name: 'Slow', measure: 'latency', above: 5, minutes: 5 }] });
    await open('Alerts');
    await above(0).fill('-1');
    assert.match(await complaint(), /Slow: above .*from 0 to 86400/);
    await above(0).fill('');
    assert.match(await complaint(), /Slow: above/);
    await above(0).fill('5');
    await minutes(0).fill('9999');
    assert.match(await complaint(), /Slow: for .*from 0 to 1440/);
    await minutes(0).fill('1');
    assert.equal(await complaint(), '');
    await editor.closeDialog();
  });

  test('shows the fields of a log only where there is one', async () => {
    await open('Log');
    const isShown = () => Promise.all(['#node-input-logContent', '#node-input-logFile'].map((field) => tray.locator(field).isVisible()));
    assert.deepEqual(await isShown(), [false, false]);
    await tray.locator('#node-input-log').selectOption('node-red');
    assert.deepEqual(await isShown(), [true, false]);
    await tray.locator('#node-input-log').selectOption('file');
    assert.deepEqual(await isShown(), [true, true]);
    await editor.closeDialog();
  });

  test('keeps no content unless told to, and takes out of it what is ticked', async () => {
    await open('Content');
    const field = (name: string) => tray.locator(`#node-input-${name}`);
    assert.equal(await field('capture').inputValue(), 'off');
    assert.ok(!(await field('captureCount').isVisible()));
    assert.deepEqual(await Promise.all(['redactKeys', 'redactEmails', 'redactCards'].map((name) => field(name).isChecked())), [true, true, true]);
    await field('capture').selectOption('memory');
    assert.equal(await field('captureCount').inputValue(), '100');
    await field('captureCount').fill('20');
    await field('redactEmails').uncheck();
    const patterns = async (lines: string) => {
      await field('redactPatterns').fill(lines);
      await field('redactPatterns').blur();
      return editor.complaint('monitor', 'redactPatterns');
    };
    assert.equal(await patterns('falcon\n('), 'line 2 is no regular expression');
    assert.equal(await patterns('falcon\n\\d{4}'), undefined);
    await editor.closeDialog();
    const names = ['capture', 'captureCount', 'redactKeys', 'redactEmails', 'redactPatterns', 'logContent'];
    assert.deepEqual(await Promise.all(names.map((name) => editor.property('monitor', name))), ['memory', '20', true, false, 'falcon\n\\d{4}', false]);
  });

  test('says which of a person’s expressions has a limit of time', async () => {
    await open('Content');
    const [field, note] = [tray.locator('#node-input-redactPatterns'), tray.locator('.llm-pattern-note')];
    assert.ok(!(await note.isVisible()));
    await field.fill('project \\w+\n(?<!no )falcon');
    assert.match(await note.innerText(), /^Line 2 .* 50 ms/);
    await field.fill('project \\w+');
    assert.ok(!(await note.isVisible()));
    await editor.closeDialog();
  });

  test('keeps its token as a credential', async () => {
    await open();
    await tray.locator('#node-input-token').fill('secret-token');
    await editor.closeDialog();
    const exported: unknown = await editor.page.evaluate(`RED.nodes.createExportableNodeSet([RED.nodes.node('monitor')], { credentials: false })`);
    assert.doesNotMatch(JSON.stringify(exported), /secret-token/);
    await show({ credentials: { token: 'secret-token' } });
    assert.equal((await fetch(`${nodeRed.url}/api/llm/metrics`)).status, 401);
    await open();
    assert.equal(await tray.locator('#node-input-token').inputValue(), '__PWRD__');
    assert.equal(await editor.complaint('monitor', 'token'), undefined);
    await editor.closeDialog();
  });

  for (const odd of [{ alerts: 'a,b', path: 7, log: 'printer', models: {} }, { alerts: [null, 5, { measure: 'x', above: 'y' }], summarySeconds: [] }]) {
    test(`opens whatever a flow file holds: ${JSON.stringify(odd)}`, async () => {
      await show(odd);
      await open('Alerts');
      await editor.closeDialog();
      assert.ok(Array.isArray(await editor.property('monitor', 'alerts')));
    });
  }

  test('names its ports', async () => {
    const label = (index: number) => editor.page.evaluate(`(() => { const node = RED.nodes.node('monitor'); return node._def.outputLabels.call(node, ${index}); })()`);
    assert.deepEqual([await label(0), await label(1)], ['alerts', 'summary']);
  });

  test('leaves the console free of errors', () => assert.deepEqual(editor.errors, []));

  for (const theme of ['light', 'dark'] satisfies Theme[]) {
    test(`looks right in ${theme}`, async () => {
      const alerts = [{ name: 'Slow', measure: 'latency', scope: 'backends', above: 30, minutes: 5 }, { name: 'Failures', measure: 'failures', above: 20, minutes: 5 }, { name: 'Breakers', measure: 'breaker', minutes: 0 }, { name: '', measure: 'waiting', above: -1, minutes: 1 }];
      await nodeRed.deploy(flowOf({ alerts, log: 'file', models: 'mistral-7b', telemetry: 'otlp', capture: 'memory', redactPatterns: 'falcon' }));
      const themed = await EditorPage.open(browser, nodeRed.url, theme);
      tray = await themed.openDialog('monitor');
      await themed.screenshot('monitor-filled');
      for (const tab of ['Alerts', 'Log', 'Content', 'Tracing']) {
        await themed.showTab(tray, tab);
        await themed.screenshot(`monitor-filled-${tab.toLowerCase()}`);
      }
      await themed.closeDialog();
      await themed.close();
    });
  }
});
