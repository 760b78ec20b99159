/** The sidebar before flows that really run: what it says is compared with what was sent. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { startNodeRed, type TestNodeRed } from '../support/node-red.ts';
import { launchBrowser, skipWithoutBrowser } from './browser.ts';
import { until } from './chat-page.ts';
import { SidebarPage } from './sidebar-page.ts';

const place = { z: 'tab', x: 200, y: 80 };

const flows = [
  { id: 'tab', type: 'tab', label: 'Gateway' },
  { id: 'endpoint', type: 'llm-endpoint', ...place, path: '/v1', wires: [['fallback']] },
  { id: 'fallback', type: 'llm-fallback', name: 'either', ...place, branches: [{ name: 'first' }, { name: 'second' }], wires: [[], ['bad'], ['good']] },
  { id: 'bad', type: 'llm-echo', name: 'bad', ...place, tokensPerSecond: 0, faultKind: 'server', retries: 1, retryBaseMs: 20, retryMaxMs: 20, breakerFailures: 0, wires: [[]] },
  { id: 'good', type: 'llm-echo', name: 'good', ...place, tokensPerSecond: 0, wires: [[]] },
  { id: 'pool', type: 'llm-pool', name: 'pool', ...place, strategy: 'round-robin', members: [{ name: 'one' }, { name: 'two' }], wires: [[], ['one'], ['two']] },
  { id: 'one', type: 'llm-echo', name: 'echo one', ...place, tokensPerSecond: 0, wires: [[]] },
  { id: 'two', type: 'llm-echo', name: 'echo two', ...place, tokensPerSecond: 0, wires: [[]] },
  { id: 'subflow', type: 'subflow', name: 'Summaries', in: [], out: [] },
  { id: 'within', type: 'llm-echo', name: 'inner', z: 'subflow', x: 200, y: 80, wires: [[]] },
  { id: 'use', type: 'subflow:subflow', ...place, wires: [] },
  { id: 'slow', type: 'llm-echo', name: 'slow', ...place, tokensPerSecond: 5, wires: [[]] },
  { id: 'monitor', type: 'llm-monitor', ...place, metrics: false, capture: 'memory', wires: [[], []] },
];

const sent = 12;
const prompt = 'one two three four';

describe('The sidebar LLM of flows that run', { skip: skipWithoutBrowser }, () => {
  let nodeRed: TestNodeRed;
  let browser: Browser;
  let sidebar: SidebarPage;
  /** Of all answers together. */
  const tokens = { input: 0, output: 0 };

  before(async () => {
    nodeRed = await startNodeRed({ flows });
    browser = await launchBrowser();
    sidebar = await SidebarPage.open(browser, nodeRed.url);
    await sidebar.show();
    await sidebar.card('good').waitFor();
    for (let n = 0; n < sent; n++) {
      const response = await fetch(`${nodeRed.url}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ messages: [{ role: 'user', content: prompt }] }) });
      const { usage } = (await response.json()) as { usage: { prompt_tokens: number; completion_tokens: number } };
      tokens.input += usage.prompt_tokens;
      tokens.output += usage.completion_tokens;
    }
  });

  after(async () => {
    await browser?.close();
    await nodeRed?.stop();
  });

  const today = (name: string) => sidebar.card(name).locator('.llm-today');
  const ask = async (node: string, text: string) => {
    await sidebar.tab('Try');
    await sidebar.root.getByRole('combobox', { name: 'Ask' }).selectOption({ label: node });
    await sidebar.root.getByRole('textbox', { name: 'Prompt', exact: true }).fill(text);
    await sidebar.root.getByRole('button', { name: 'Send' }).click();
  };
  const answer = () => sidebar.root.locator('.llm-try-view .llm-answer');
  const says = (text: string) => sidebar.root.locator('.llm-try-view .llm-trial-status').filter({ hasText: text }).waitFor();

  test('tells the truth about what was sent', async () => {
    const { input, output } = tokens;
    assert.ok(input > 0 && output > 0);
    await today('good').filter({ hasText: `Today: ${sent} requests · ${input} in, ${output} out` }).waitFor();
    await today('bad').filter({ hasText: `Today: ${sent} requests · ${sent} failed` }).waitFor();
    for (const name of ['endpoint /v1', 'either']) await today(name).filter({ hasText: `Today: ${sent} requests · ${input} in, ${output} out` }).waitFor();
    await today('slow').filter({ hasText: 'Today: no requests' }).waitFor();
    assert.equal(await sidebar.root.locator('.llm-all .llm-today').innerText(), `Today: ${sent} requests · ${input} in, ${output} out`);
    const chart = await sidebar.card('good').locator('svg').first().getAttribute('aria-label');
    assert.equal(chart, `Requests of the last 5 min: ${sent}, of which 0 failed`);
    await sidebar.root.getByRole('button', { name: 'bad: 100 % of the requests fail' }).waitFor();
    await sidebar.screenshot('really-live');
  });

  test('shows a node within a subflow on the canvas', async () => {
    await sidebar.card('inner').getByRole('button', { name: 'inner' }).click();
    await until(() => sidebar.page.evaluate<boolean>(`RED.workspaces.active() === 'subflow'`));
  });

  test('lists each request once, and shows all that happened in it', async () => {
    await sidebar.tab('Requests');
    await sidebar.rows.nth(sent - 1).waitFor();
    assert.equal(await sidebar.rows.count(), sent);
    assert.match(await sidebar.rows.first().innerText(), /endpoint \/v1 → good/);
    await sidebar.openRequest('3 attempts');
    const names = await sidebar.root.locator('.llm-request-view .llm-span-name').allInnerTexts();
    assert.deepEqual(names, ['endpoint /v1', 'either', 'first', 'bad', 'attempt 1', 'attempt 2', 'second', 'good']);
    const words = await sidebar.root.locator('.llm-request-view .llm-span-words').allInnerTexts();
    assert.deepEqual(words.map((word) => word.split(' · ')[0]), ['answered', 'answered', 'server error', 'server error', 'server error', 'server error', 'answered', 'answered']);
    assert.ok(await sidebar.root.locator('.llm-request-view .llm-bar-backoff').isVisible());
    await sidebar.screenshot('really-request');
  });

  test('replays it through the same entry', async () => {
    await sidebar.root.getByText('Content', { exact: false }).filter({ visible: true }).first().click();
    assert.ok((await sidebar.root.getByRole('region', { name: 'Prompt' }).innerText()).includes(prompt));
    await sidebar.root.getByRole('button', { name: 'Replay' }).click();
    await sidebar.root.locator('.llm-request-view .llm-trial-status').filter({ hasText: 'The answer is complete.' }).waitFor();
    assert.equal(await sidebar.root.locator('.llm-request-view .llm-answer').innerText(), prompt);
    await sidebar.page.keyboard.press('Escape');
    await sidebar.page.mouse.move(0, 0);
    await until(async () => (await sidebar.rows.count()) === sent + 1);
  });

  test('tries a node, streams, and stops', async () => {
    await ask('good', 'Say this.');
    await says('The answer is complete.');
    assert.equal(await answer().innerText(), 'Say this.');
    await sidebar.root.locator('.llm-try-view .llm-span-name').filter({ hasText: 'good' }).waitFor();
    await ask('slow', 'a b c d e f g h i j k l m n o p q r s t u v w x y z');
    await answer().getByText('a b c').waitFor();
    await sidebar.root.getByRole('button', { name: 'Stop' }).click();
    await says('Stopped.');
    await sidebar.tab('Requests');
    await sidebar.rows.filter({ hasText: 'slow' }).filter({ hasText: 'cancelled' }).waitFor();
  });

  test('trips a breaker, which then lets nothing through, and resets it', async () => {
    await sidebar.tab('Live');
    await sidebar.card('good').getByRole('button', { name: 'Trip' }).click();
    await sidebar.card('good').getByText('tripped by hand').waitFor();
    assert.equal(await sidebar.card('good').locator('.llm-state').innerText(), 'breaker open');
    await ask('good', 'Hello');
    await says('breaker open: ');
    await sidebar.tab('Live');
    await sidebar.card('good').getByRole('button', { name: 'Reset' }).click();
    await sidebar.card('good').getByRole('button', { name: 'Trip' }).waitFor();
    await ask('good', 'Again');
    await says('The answer is complete.');
  });

  test('drains a member, which then gets nothing, and takes it back', async () => {
    await sidebar.tab('Live');
    const member = sidebar.card('pool').getByRole('listitem').filter({ hasText: 'one' });
    await member.getByRole('button', { name: 'Drain' }).click();
    await member.getByText('drained').waitFor();
    for (let n = 0; n < 4; n++) {
      await ask('pool', `Question ${n}`);
      await answer().getByText(`Question ${n}`, { exact: true }).waitFor();
      await says('The answer is complete.');
    }
    await sidebar.tab('Live');
    await today('echo two').filter({ hasText: 'Today: 4 requests' }).waitFor();
    assert.equal(await today('echo one').innerText(), 'Today: no requests');
    await member.getByRole('button', { name: 'Take back' }).click();
    await member.getByRole('button', { name: 'Drain' }).waitFor();
    for (let n = 0; n < 2; n++) {
      await ask('pool', `More ${n}`);
      await answer().getByText(`More ${n}`, { exact: true }).waitFor();
      await says('The answer is complete.');
    }
    await sidebar.tab('Live');
    await today('echo one').filter({ hasText: 'Today: 1 request' }).waitFor();
    assert.deepEqual(sidebar.editor.errors, []);
  });
});
