import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startNodeRed } from '../support/node-red.ts';
import { skipWithoutBrowser } from './browser.ts';
import { until } from './chat-page.ts';
import { flows, request } from './sidebar-facts.ts';
import { SidebarPage } from './sidebar-page.ts';
import { answerWith, end, SidebarSetup } from './sidebar-setup.ts';

describe('The sidebar LLM', { skip: skipWithoutBrowser }, () => {
  const setup = new SidebarSetup();

  test('who may only look can look, and is told why all else is off', async () => {
    const sidebar = await setup.open({ readOnly: true });
    await sidebar.root.getByText('You may look only: your login has no write permission.').waitFor();
    const acting = sidebar.root.getByRole('button', { name: /^(Trip|Reset|Drain|Take back|Replay|Send)$/, disabled: false });
    assert.equal(await acting.count(), 0);
    await sidebar.screenshot('read-only-300-light');
    await sidebar.tab('Requests');
    await sidebar.openRequest('4 attempts');
    assert.equal(await acting.count(), 0);
    assert.match((await sidebar.root.getByRole('button', { name: 'Replay' }).getAttribute('title')) ?? '', /You may look only/);
    await sidebar.tab('Try');
    await sidebar.root.getByRole('textbox', { name: 'Prompt', exact: true }).fill('Hello');
    await sidebar.root.getByRole('textbox', { name: 'Prompt', exact: true }).press('Control+Enter');
    assert.equal(await acting.count(), 0);
    assert.deepEqual(setup.runtime.bodies, []);
  });

  test('it asks nothing while it is not in sight, and goes on when it is', async () => {
    const sidebar = await setup.open();
    const goesOn = () => {
      const before = setup.runtime.asked.length;
      return until(() => Promise.resolve(setup.runtime.asked.length > before + 1));
    };
    const isSilent = async () => {
      const before = setup.runtime.asked.length;
      await sidebar.page.evaluate('new Promise((resolve) => setTimeout(resolve, 1200))');
      // The one that was under way may come in.
      return setup.runtime.asked.length - before <= 1;
    };
    await goesOn();
    await sidebar.page.evaluate(`RED.sidebar.show('info')`);
    assert.ok(await isSilent(), 'another tab of Node-RED');
    await sidebar.page.evaluate(`RED.sidebar.show('llm')`);
    await goesOn();
    await sidebar.page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })`);
    assert.ok(await isSilent(), 'another window');
  });

  test('it asks for what it shows', async () => {
    const sidebar = await setup.open({}, 'Requests');
    await sidebar.rows.first().waitFor();
    const before = setup.runtime.asked.length;
    const asked = (what: string) => setup.runtime.asked.slice(before).filter((one) => one.includes(what)).length;
    await until(() => Promise.resolve(asked('after=') >= 4));
    assert.ok(asked('live') < 4, 'the figures, which are not to be seen, more rarely');
    await sidebar.tab('Live');
    await until(() => Promise.resolve(asked('live') >= 4));
    assert.ok(asked('after=') < 8, 'no requests while none are to be seen');
  });

  test('it says that Node-RED does not answer, keeps what it knows, and begins anew with what comes then', async () => {
    const sidebar = await setup.open({}, 'Requests');
    await sidebar.rows.nth(8).waitFor();
    setup.runtime.refuse = (exchange) => exchange.reset();
    await sidebar.root.getByText('Node-RED does not answer. Trying again …').waitFor();
    assert.equal(await sidebar.rows.count(), 9);
    setup.runtime.forgetAll();
    setup.runtime.change(request(20));
    setup.runtime.refuse = undefined;
    await sidebar.root.getByText('1 request', { exact: true }).waitFor();
    assert.equal(await sidebar.root.getByText('Node-RED does not answer').isVisible(), false);
    assert.equal(setup.runtime.asked.filter((asked) => asked.endsWith('after=0')).length >= 2, true);
  });

  test('the tabs follow the arrows', async () => {
    const sidebar = await setup.open();
    await sidebar.root.getByRole('tab', { name: 'Live' }).focus();
    const selected = () => sidebar.root.getByRole('tab', { selected: true }).innerText();
    const seen = [];
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowLeft', 'Home', 'End']) {
      await sidebar.page.keyboard.press(key);
      seen.push(await selected());
    }
    assert.deepEqual(seen, ['Requests', 'Try', 'Live', 'Try', 'Live', 'Try']);
    assert.equal(await sidebar.root.getByRole('tabpanel').count(), 1);
  });

  test('a thousand requests a second leave the page as large as it was', async () => {
    const sidebar = await setup.open({}, 'Requests');
    let n = 100;
    const list = () => setup.runtime.change(...Array.from({ length: 500 }, () => request(n++, n % 3 === 0 ? { outcome: 'failed', error: 'timeout' } : {})));
    const size = () => sidebar.page.evaluate<number>(`document.querySelectorAll('*').length`);
    const sizes: number[] = [];
    for (let round = 0; round < 8; round++) {
      list();
      const newest = `/v1 → GPU box 1`;
      await until(async () => (await sidebar.rows.first().innerText()).includes(newest) && (await sidebar.rows.first().locator('button').getAttribute('data-request')) === `r${n - 1}`);
      sizes.push(await size());
    }
    assert.equal(await sidebar.rows.count(), 300);
    assert.ok(Math.max(...sizes.slice(2)) - Math.min(...sizes.slice(2)) < 20, sizes.join());
  });

  for (const theme of ['light', 'dark'] as const) {
    test(`every view can be read and fits, in ${theme}`, async () => {
      const themed = await SidebarPage.open(setup.browser, setup.url, () => setup.runtime, theme);
      for (const width of [300, 600]) await lookAtAll(themed, width, theme);
      await themed.close();
    });
  }

  async function lookAtAll(page: SidebarPage, width: number, name: string): Promise<void> {
    setup.runtime.answer = (exchange) => answerWith(exchange, [{ type: 'begin', id: 'r8' }, end]);
    const look = async (view: string) => {
      await page.screenshot(`${view}-${width}-${name}`);
      assert.deepEqual(await page.problems(), [], view);
      assert.ok(await page.page.evaluate(`[...document.querySelectorAll('.llm-panel')].every((panel) => panel.scrollWidth <= panel.clientWidth)`), `${view}: nothing is wider than the sidebar`);
    };
    await page.show({ width });
    await page.root.locator('.llm-card').first().waitFor();
    await look('live');
    await page.tab('Requests');
    await page.rows.nth(8).waitFor();
    await look('requests');
    await page.openRequest('4 attempts');
    await page.root.locator('.llm-content summary').click();
    await page.root.locator('.llm-span').nth(5).click();
    await look('request');
    await page.page.keyboard.press('Escape');
    await page.openRequest('rate limited');
    await look('failed');
    await page.tab('Try');
    await page.root.getByRole('textbox', { name: 'Prompt', exact: true }).fill('Which pump needs oil?');
    await page.root.getByText('Settings for this request').click();
    await page.root.getByRole('button', { name: 'Send' }).click();
    await page.root.locator('.llm-spans > li').last().waitFor();
    await look('try');
    assert.deepEqual(page.editor.errors, []);
  }

  test('it is the same in Node-RED 4.1', { timeout: 180_000 }, async () => {
    const old = await startNodeRed({ flows, nodeRedVersion: '4.1.15' });
    try {
      const page = await SidebarPage.open(setup.browser, old.url, () => setup.runtime);
      await lookAtAll(page, 300, 'light-4.1');
      await page.tab('Live');
      await page.card('nightly summaries').getByRole('button', { name: 'nightly summaries' }).click();
      await until(() => page.page.evaluate<boolean>(`RED.workspaces.active() === 'other'`));
      await page.close();
    } finally {
      await old.stop();
    }
  });
});
