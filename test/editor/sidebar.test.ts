import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import type { RequestTrace, TrialLine } from '../../nodes/insight/sidebar/api.ts';
import { startNodeRed, type TestNodeRed } from '../support/node-red.ts';
import type { Exchange } from '../support/server.ts';
import { launchBrowser, skipWithoutBrowser } from './browser.ts';
import { until } from './chat-page.ts';
import { failedOver, flows, live, nodes, rateLimited, request } from './sidebar-facts.ts';
import { FakeRuntime, type ShowOptions, SidebarPage } from './sidebar-page.ts';

const end: TrialLine = { type: 'end', text: 'Pump 7 needs oil.', backend: 'cloud', model: 'claude-sonnet', usage: { inputTokens: 20, outputTokens: 12, estimated: false }, cost: { usd: 0.00042, inputUsd: 0, outputUsd: 0.00042 }, ms: 1_234 };

function line(given: TrialLine): string {
  return `${JSON.stringify(given)}\n`;
}

async function answerWith(exchange: Exchange, lines: readonly TrialLine[]): Promise<void> {
  exchange.startStream({ 'content-type': 'application/x-ndjson' });
  for (const given of lines) await exchange.write(line(given));
  exchange.end();
}

describe('The sidebar LLM', { skip: skipWithoutBrowser }, () => {
  let nodeRed: TestNodeRed;
  let browser: Browser;
  let runtime: FakeRuntime;
  let sidebar: SidebarPage;

  before(async () => {
    nodeRed = await startNodeRed({ flows });
    browser = await launchBrowser();
    sidebar = await SidebarPage.open(browser, nodeRed.url, () => runtime);
  });

  after(async () => {
    await browser?.close();
    await nodeRed?.stop();
  });

  beforeEach(async () => {
    runtime = await FakeRuntime.start();
    runtime.traces.set('r8', failedOver).set('r7', rateLimited);
  });

  afterEach(() => runtime.stop());

  async function open(options?: ShowOptions, tab?: string): Promise<void> {
    await sidebar.show(options);
    await sidebar.root.locator('.llm-card').first().waitFor();
    if (tab !== undefined) await sidebar.tab(tab);
  }

  const focused = () => sidebar.page.evaluate<string>('document.activeElement.textContent');

  describe('on its tab Live', () => {
    test('shows each node with its state, its figures and its charts, those of a kind in an order that stays', async () => {
      await open();
      const names = await sidebar.root.locator('.llm-cards .llm-name').allInnerTexts();
      assert.deepEqual(names.map((name) => name.slice(0, 9)), ['big one', 'cloud', 'draft', 'GPU box 1', 'GPU box 2', 'GPU box 3', 'new one', 'nightly s', 'GPU boxes', 'local, th', '/v1']);
      const states = await sidebar.root.locator('.llm-cards .llm-state').allInnerTexts();
      assert.deepEqual(states, ['loading model', 'breaker open', 'breaker open', 'busy', 'degraded', 'down', 'not set up', 'ready', 'queueing', 'busy', 'busy']);
      const words = await sidebar.card('GPU box 1').innerText();
      for (const fact of ['in flight\n6', 'waiting\n0', 'tok/s\n77', 'failed\n0 %', '1.2 s', '3.4 s', '182 ms', '640 ms', 'requests 1.1/s', 'Today: 8,426 requests', '1.8M in, 602.4K out', '$0.84']) assert.ok(words.includes(fact), `${fact} in ${words}`);
      assert.match((await sidebar.card('cloud').locator('svg').first().getAttribute('aria-label')) ?? '', /^Requests of the last 5 min: \d+, of which \d+ failed$/);
      assert.equal(await sidebar.card('nightly summaries').locator('svg').first().isVisible(), false, 'what had no requests has no chart');
      assert.deepEqual(sidebar.editor.errors, []);
    });

    test('says on top what is not well, and leads there', async () => {
      await open();
      assert.ok(await sidebar.root.getByText('6 to look at:').isVisible());
      await sidebar.root.getByRole('button', { name: 'draft: breaker open' }).click();
      assert.equal(await focused(), 'draft');
      runtime.live = { ...live, nodes: nodes.filter(({ state }) => state === 'busy') };
      await sidebar.root.getByText('All nodes are well.').waitFor();
    });

    test('follows the figures without touching what has not changed', async () => {
      await open();
      await sidebar.page.evaluate(`document.querySelectorAll('.llm-card').forEach((card, index) => card.mark = index)`);
      runtime.live = { ...live, nodes: nodes.flatMap((node) => (node.node.id === 'big' ? [] : [node.node.id === 'gpu-1' ? { ...node, busy: 77 } : node])) };
      await sidebar.card('GPU box 1').getByText('77', { exact: true }).first().waitFor();
      await sidebar.card('big one').waitFor({ state: 'detached' });
      assert.equal(await sidebar.page.evaluate(`[...document.querySelectorAll('.llm-card')].every((card) => card.mark !== undefined)`), true);
    });

    test('highlights a node on the canvas, and shows it, wherever it is', async () => {
      await open();
      const isHighlighted = () => sidebar.page.evaluate<boolean>(`RED.nodes.node('gpu-1').highlighted === true`);
      await sidebar.card('GPU box 1').hover();
      await until(isHighlighted);
      await sidebar.card('GPU box 2').hover();
      await until(async () => !(await isHighlighted()));
      await sidebar.card('nightly summaries').getByRole('button', { name: 'nightly summaries' }).click();
      await until(() => sidebar.page.evaluate<boolean>(`RED.workspaces.active() === 'other'`));
      await sidebar.card('big one').getByRole('button', { name: 'big one' }).click();
      await sidebar.page.getByText('This node is not on the canvas').waitFor();
    });

    test('a node within a subflow is shown where the canvas has it', async () => {
      runtime.live = { ...live, nodes: nodes.map((node) => (node.node.id === 'big' ? { ...node, canvasId: 'far' } : node)) };
      await open();
      await sidebar.card('big one').getByRole('button', { name: 'big one' }).click();
      await until(() => sidebar.page.evaluate<boolean>(`RED.workspaces.active() === 'other'`));
    });

    test('trips and resets breakers, drains members and takes them back', async () => {
      await open();
      runtime.answer = (exchange) => exchange.text(204, '');
      await sidebar.card('GPU box 1').getByRole('button', { name: 'Trip' }).click();
      await sidebar.card('draft').getByRole('button', { name: 'Reset' }).click();
      await sidebar.card('GPU boxes').getByRole('listitem').filter({ hasText: 'one' }).getByRole('button', { name: 'Drain' }).click();
      await sidebar.card('GPU boxes').getByRole('button', { name: 'Take back' }).click();
      await until(() => Promise.resolve(runtime.bodies.length === 4));
      const posts = runtime.asked.filter((asked) => asked.startsWith('POST'));
      assert.deepEqual(posts, ['POST /llm/nodes/gpu-1/breaker', 'POST /llm/nodes/draft/breaker', 'POST /llm/nodes/pool/drain', 'POST /llm/nodes/pool/drain']);
      assert.deepEqual(runtime.bodies, [{ trip: true }, { trip: false }, { branch: 'one', drain: true }, { branch: 'two', drain: false }]);
    });

    test('offers what fits the state alone', async () => {
      await open();
      const buttons = async (name: string) => (await sidebar.card(name).locator('.llm-card-foot').getByRole('button').allInnerTexts()).map((text) => text.trim());
      assert.deepEqual(await Promise.all(['GPU box 1', 'GPU box 2', 'cloud', 'draft', 'GPU boxes'].map(buttons)), [['Trip'], ['Trip', 'Reset'], ['Trip', 'Reset'], ['Reset'], []]);
      assert.match(await sidebar.card('draft').innerText(), /tripped by hand: stays open until it is reset/);
      assert.deepEqual(await sidebar.card('GPU boxes').locator('.llm-branch-facts').allInnerTexts(), ['6 in flight · 64 %', 'draining: 2 to go', 'unreachable · 0 in flight · 0 %']);
      assert.deepEqual(await sidebar.card('local, then cloud').locator('.llm-branch-facts').allInnerTexts(), ['', 'breaker open']);
    });

    test('says why Node-RED refuses', async () => {
      await open();
      runtime.answer = (exchange) => exchange.json(409, { message: 'It is the last member of the pool.' });
      await sidebar.card('GPU boxes').getByRole('listitem').filter({ hasText: 'one' }).getByRole('button', { name: 'Drain' }).click();
      await sidebar.page.getByText('It is the last member of the pool.').waitFor();
    });

    test('says what to do where there are no LLM nodes', async () => {
      runtime.live = { ...live, nodes: [] };
      await sidebar.show();
      await sidebar.root.getByText('Drag a backend from the palette').waitFor();
      await sidebar.screenshot('empty-300-light');
    });
  });

  describe('on its tab Requests', () => {
    test('lists them, the newest first, with what became of each', async () => {
      await open({}, 'Requests');
      await sidebar.rows.nth(8).waitFor();
      const rows = (await sidebar.rows.allInnerTexts()).map((row) => row.split(/\s*\n\s*/));
      assert.deepEqual([rows.length, rows[0]?.includes('running'), rows[2]?.includes('rate limited')], [9, true, true]);
      assert.ok(rows[1]?.includes('/v1 → cloud') && rows[1].includes('4.2 s') && rows[1].some((part) => part.includes('4 attempts · 120 in, 340 out · $0.0042 · web · A / local · claude-sonnet')), String(rows[1]));
      assert.equal(await sidebar.root.getByText('kept only while this sidebar is open').isVisible(), false);
      assert.deepEqual(sidebar.editor.errors, []);
    });

    test('follows in place: what a person has selected or focused stays', async () => {
      await open({}, 'Requests');
      await sidebar.rows.nth(8).waitFor();
      await sidebar.page.evaluate(`getSelection().selectAllChildren(document.querySelectorAll('.llm-requests .llm-path')[1])`);
      runtime.change(request(9, { ms: 1_500 }), request(10));
      await sidebar.root.getByText('10 requests, the newest first').waitFor();
      assert.equal(await sidebar.page.evaluate('String(getSelection())'), '/v1 → cloud');
      assert.match(await sidebar.rows.nth(1).innerText(), /1\.5 s/);

      await sidebar.rows.filter({ hasText: '4 attempts' }).getByRole('button').focus();
      runtime.change(request(11));
      await sidebar.root.getByText('11 requests, the newest first').waitFor();
      assert.match(await focused(), /4 attempts/);
    });

    test('holds what is new back while the pointer is there, or where the focus would be lost', async () => {
      await open({}, 'Requests');
      await sidebar.rows.nth(4).hover();
      runtime.change(request(9, { ms: 5_000 }), request(10));
      await sidebar.root.getByText('1 new: shown as soon as you leave the list').waitFor();
      assert.match(await sidebar.rows.first().innerText(), /5\.0 s/, 'what is there is kept up to date');
      await sidebar.page.mouse.move(0, 0);
      await sidebar.root.getByText('10 requests, the newest first').waitFor();
      assert.equal(await sidebar.rows.count(), 10);

      await sidebar.rows.filter({ hasText: '4 attempts' }).getByRole('button').focus();
      runtime.forgetAll();
      runtime.change(request(20));
      await sidebar.root.getByText('1 new: shown as soon as you leave the list').waitFor();
      assert.match(await focused(), /4 attempts/);
      await sidebar.root.getByRole('tab', { name: 'Requests' }).focus();
      await sidebar.root.getByText('1 request', { exact: true }).waitFor();
      assert.equal(await sidebar.rows.count(), 1);
    });

    test('filters them', async () => {
      await open({}, 'Requests');
      await sidebar.rows.nth(8).waitFor();
      const choose = (name: string, value: string) => sidebar.root.getByLabel(name, { exact: true }).selectOption(value);
      await choose('Outcome', 'failed');
      assert.equal(await sidebar.rows.count(), 2);
      await choose('Client', 'batch');
      assert.equal(await sidebar.rows.count(), 1);
      assert.ok(await sidebar.root.getByText('1 of 9 requests').isVisible());
      await choose('Outcome', 'timeout');
      await sidebar.root.getByText('No request fits the filters.').waitFor();
      await sidebar.root.getByRole('button', { name: 'Clear the filters' }).click();
      assert.equal(await sidebar.rows.count(), 9);
    });

    test('says where they are not kept, and where there are none', async () => {
      runtime.live = { ...live, isKept: false };
      runtime.forgetAll();
      await open({}, 'Requests');
      await sidebar.root.getByText('kept only while this sidebar is open').waitFor();
      await sidebar.root.getByText('No requests yet.').waitFor();
      assert.equal(await sidebar.root.getByRole('button', { name: 'Clear the filters' }).isVisible(), false);
    });

    test('opens one to its waterfall, and goes back to where the person was', async () => {
      await open({}, 'Requests');
      await sidebar.rows.filter({ hasText: '4 attempts' }).getByRole('button').focus();
      await sidebar.page.keyboard.press('Enter');
      const spans = sidebar.root.locator('.llm-spans > li');
      await spans.nth(12).waitFor();
      assert.deepEqual(await spans.locator('.llm-span-name').allInnerTexts(), ['/v1', 'local, then cloud', 'local', 'GPU boxes', 'one', 'GPU box 1', 'attempt 1', 'attempt 2', 'attempt 3', 'two', 'GPU box 2', 'cloud', 'cloud']);
      assert.deepEqual(await spans.nth(5).locator('.llm-span-words').allInnerTexts(), ['overloaded · 1.5 s']);
      assert.deepEqual(await spans.nth(9).locator('.llm-span-words').allInnerTexts(), ['cancelled · 470 ms · on trial']);
      await spans.nth(5).locator('summary').focus();
      await sidebar.page.keyboard.press('Enter');
      const more = await spans.nth(5).innerText();
      for (const fact of ['vLLM has no room', 'Waited in a queue\n178 ms', 'Waited to retry\n720 ms']) assert.ok(more.includes(fact), `${fact} in ${more}`);
      await spans.nth(12).locator('summary').click();
      const answered = await spans.nth(12).innerText();
      for (const fact of ['First token after\n398 ms', 'Tokens\n120 in, 340 out', 'Cost\n$0.0042', 'Model\nclaude-sonnet', 'Provider\nanthropic']) assert.ok(answered.includes(fact), `${fact} in ${answered}`);
      await spans.nth(12).getByRole('button', { name: 'Show on the canvas' }).click();
      await sidebar.page.keyboard.press('Escape');
      await sidebar.rows.first().waitFor();
      assert.match(await focused(), /4 attempts/);
      assert.deepEqual(sidebar.editor.errors, []);
    });

    test('says what to do about one that failed', async () => {
      await open({}, 'Requests');
      await sidebar.openRequest('rate limited');
      await sidebar.root.getByText('Wait 40 s, or add a branch with another account.').waitFor();
      await sidebar.root.getByText('Some of it was left out').filter({ visible: true }).waitFor();
      assert.equal(await sidebar.root.getByRole('button', { name: 'Replay' }).isEnabled(), false);
      assert.match((await sidebar.root.getByRole('button', { name: 'Replay' }).getAttribute('title')) ?? '', /Only where its content is kept/);
    });

    test('follows one that runs', async () => {
      const running: RequestTrace = { ...request(9, { outcome: 'running', ms: 400 }), isCut: false, root: { id: 'a', kind: 'stage', name: '/v1', startMs: 0, outcome: 'running', children: [] } };
      runtime.traces.set('r9', running);
      await open({}, 'Requests');
      await sidebar.openRequest('running');
      await sidebar.root.locator('.llm-span').getByText('running · 400 ms').waitFor();
      runtime.traces.set('r9', { ...running, ...request(9, { ms: 700 }), root: { ...running.root, endMs: 700, outcome: 'ok' } });
      await sidebar.root.locator('.llm-span').getByText('answered · 700 ms').waitFor();
    });

    test('says so where one is no longer kept', async () => {
      await open({}, 'Requests');
      await sidebar.rows.filter({ hasText: 'timed out' }).getByRole('button').click();
      await sidebar.root.getByText('This request is no longer kept.').waitFor();
      await sidebar.page.evaluate('new Promise((resolve) => setTimeout(resolve, 1200))');
      assert.ok(runtime.asked.filter((asked) => asked === 'GET /llm/requests/r4').length <= 2, 'it is not asked for again');
      await sidebar.root.getByRole('button', { name: 'All requests' }).click();
      await sidebar.rows.first().waitFor();
    });

    test('shows what was said, and sends it again', async () => {
      runtime.answer = (exchange) => answerWith(exchange, [{ type: 'begin', id: 'r8' }, { type: 'text', text: 'Pump' }, end]);
      await open({}, 'Requests');
      await sidebar.openRequest('4 attempts');
      await sidebar.root.getByText('Content (kept: redacted at 2 places)').click();
      assert.ok(await sidebar.root.getByRole('region', { name: 'Prompt' }).getByText('[redacted]').isVisible());
      assert.ok(await sidebar.root.getByRole('region', { name: 'Answer' }).first().getByText('every 500 hours').isVisible());
      await sidebar.root.getByRole('button', { name: 'Replay' }).focus();
      await sidebar.page.keyboard.press('Enter');
      await sidebar.root.getByText('The answer is complete.').waitFor();
      assert.match(await focused(), /Replay/);
      assert.equal(await sidebar.root.locator('.llm-answer:visible').innerText(), 'Pump 7 needs oil.');
      assert.ok(runtime.asked.includes('POST /llm/requests/r8/replay'));
    });

    test('does not send again what is not whole', async () => {
      runtime.traces.set('r8', { ...failedOver, content: { prompt: 'Which', settings: '{}', canReplay: false, redactions: 0 } });
      await open({}, 'Requests');
      await sidebar.openRequest('4 attempts');
      const button = sidebar.root.getByRole('button', { name: 'Replay' });
      assert.deepEqual([await button.isEnabled(), await button.getAttribute('title')], [false, 'Not all of its content is kept: what is left would be another request']);
      await sidebar.root.locator('.llm-content summary').click();
      assert.equal(await sidebar.root.getByRole('region', { name: 'Settings' }).isVisible(), false, 'no settings are none');
    });
  });

  describe('on its tab Try', () => {
    const prompt = () => sidebar.root.getByRole('textbox', { name: 'Prompt', exact: true });
    const button = (name: string) => sidebar.root.getByRole('button', { name, exact: true });
    const answer = () => sidebar.root.locator('.llm-try-view .llm-answer');

    test('asks any node with settings of its own, streams, and shows the waterfall', async () => {
      const steps = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
      runtime.answer = async (exchange) => {
        exchange.startStream({ 'content-type': 'application/x-ndjson' });
        await exchange.write(line({ type: 'begin', id: 'r8' }) + line({ type: 'text', text: 'Wrong' }));
        await steps[0].promise;
        await exchange.write(line({ type: 'restart' }) + line({ type: 'text', text: 'Pump' }));
        await steps[1].promise;
        await exchange.write(line({ type: 'text', text: ' 7' }));
        await steps[2].promise;
        await exchange.write(line(end));
        exchange.end();
      };
      await open({}, 'Try');
      assert.deepEqual(await sidebar.root.locator('optgroup').evaluateAll((groups) => groups.map((group) => group.getAttribute('label'))), ['Endpoints', 'Stages', 'Backends']);
      await sidebar.root.getByRole('combobox', { name: 'Ask' }).selectOption({ label: 'GPU boxes' });
      await prompt().fill('Which pump needs oil?');
      await sidebar.root.getByText('Settings for this request').click();
      await sidebar.root.getByLabel('Max tokens').fill('20');
      await sidebar.root.getByLabel('System prompt').fill('Be short.');
      await sidebar.root.getByLabel('More, as in msg.llm (JSON)').fill('{"topP":0.9}');
      await prompt().press('Control+Enter');
      await answer().getByText('Wrong').waitFor();
      steps[0].resolve();
      await answer().getByText(/^Pump$/).waitFor();
      await sidebar.root.locator('.llm-spans > li').last().waitFor();
      assert.equal(await button('Send').isVisible(), false);
      steps[1].resolve();
      await answer().getByText(/^Pump 7$/).waitFor();
      steps[2].resolve();
      await sidebar.root.getByText('The answer is complete.').waitFor();
      assert.equal(await answer().innerText(), 'Pump 7 needs oil.');
      const facts = await sidebar.root.locator('.llm-try-view .llm-trial > .llm-facts').innerText();
      for (const fact of ['cloud', 'claude-sonnet', '20 in, 12 out', '$0.00042', '1.2 s']) assert.ok(facts.includes(fact), `${fact} in ${facts}`);
      assert.deepEqual(runtime.bodies, [{ node: 'pool', prompt: 'Which pump needs oil?', llm: { topP: 0.9, system: 'Be short.', maxTokens: 20 } }]);
      assert.ok(await button('Send').isEnabled());
      assert.deepEqual(sidebar.editor.errors, []);
    });

    test('stops, and Node-RED learns of it', async () => {
      const closed = Promise.withResolvers<void>();
      runtime.answer = async (exchange) => {
        exchange.startStream({ 'content-type': 'application/x-ndjson' });
        await exchange.write(line({ type: 'begin', id: 'r8' }) + line({ type: 'text', text: 'Half an' }));
        await exchange.closed;
        closed.resolve();
      };
      await open({}, 'Try');
      await prompt().fill('Tell me.');
      await button('Send').click();
      await answer().getByText('Half an').waitFor();
      await button('Stop').click();
      await closed.promise;
      await sidebar.root.getByText('Stopped.', { exact: true }).waitFor();
      assert.deepEqual([await answer().innerText(), await button('Send').isVisible()], ['Half an', true]);
    });

    test('says why there is no answer, and what to do', async () => {
      await open({}, 'Try');
      await prompt().fill('Hello');
      runtime.answer = (exchange) => answerWith(exchange, [{ type: 'begin', id: 'r7' }, { type: 'fail', error: 'auth', message: 'The key was refused.', hint: 'Look at the account.' }]);
      await button('Send').click();
      await sidebar.root.getByText('key refused: The key was refused.').waitFor();
      await sidebar.root.getByText('Look at the account.').waitFor();
      runtime.answer = (exchange) => exchange.json(409, { message: 'There is no node cloud any more.' });
      await button('Send').click();
      await sidebar.root.getByText('There is no node cloud any more.').waitFor();
      assert.equal(await sidebar.root.getByText('Look at the account.').isVisible(), false);
      runtime.answer = (exchange) => answerWith(exchange, [{ type: 'begin', id: 'r8' }, { type: 'text', text: 'Half' }]);
      await button('Send').click();
      await sidebar.root.getByText('Node-RED does not answer.').first().waitFor();
    });

    test('sends nothing that is wrong', async () => {
      await open({}, 'Try');
      assert.deepEqual([await button('Send').isEnabled(), await button('Send').getAttribute('title')], [false, 'Write a prompt first']);
      await prompt().fill('Hello');
      await sidebar.root.getByText('Settings for this request').click();
      await sidebar.root.getByLabel('Temperature').fill('warm');
      await button('Send').click();
      await sidebar.root.getByText('Temperature must be a number.').waitFor();
      assert.equal(await sidebar.root.getByLabel('Temperature').getAttribute('aria-invalid'), 'true');
      assert.deepEqual(runtime.bodies, []);
    });
  });

  test('who may only look can look, and is told why all else is off', async () => {
    await open({ readOnly: true });
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
    assert.deepEqual(runtime.bodies, []);
  });

  test('it asks nothing while it is not in sight, and goes on when it is', async () => {
    await open();
    const isSilent = async () => {
      const before = runtime.asked.length;
      await sidebar.page.evaluate('new Promise((resolve) => setTimeout(resolve, 1200))');
      // The one that was under way may come in.
      return runtime.asked.length - before <= 1;
    };
    assert.equal(await isSilent(), false);
    await sidebar.page.evaluate(`RED.sidebar.show('info')`);
    assert.ok(await isSilent(), 'another tab of Node-RED');
    await sidebar.page.evaluate(`RED.sidebar.show('llm')`);
    assert.equal(await isSilent(), false);
    await sidebar.page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })`);
    assert.ok(await isSilent(), 'another window');
  });

  test('it asks twice a second at most, and only for what it shows', async () => {
    await open({}, 'Requests');
    await sidebar.rows.first().waitFor();
    const before = runtime.asked.length;
    await sidebar.page.evaluate('new Promise((resolve) => setTimeout(resolve, 2000))');
    const asked = runtime.asked.slice(before);
    assert.ok(asked.filter((one) => one.includes('after=')).length <= 5, asked.join());
    assert.ok(asked.filter((one) => one.includes('live')).length <= 1, asked.join());
  });

  test('it says that Node-RED does not answer, keeps what it knows, and begins anew with what comes then', async () => {
    await open({}, 'Requests');
    await sidebar.rows.nth(8).waitFor();
    runtime.refuse = (exchange) => exchange.reset();
    await sidebar.root.getByText('Node-RED does not answer. Trying again …').waitFor();
    assert.equal(await sidebar.rows.count(), 9);
    runtime.forgetAll();
    runtime.change(request(20));
    runtime.refuse = undefined;
    await sidebar.root.getByText('1 request', { exact: true }).waitFor();
    assert.equal(await sidebar.root.getByText('Node-RED does not answer').isVisible(), false);
    assert.equal(runtime.asked.filter((asked) => asked.endsWith('after=0')).length >= 2, true);
  });

  test('the tabs follow the arrows', async () => {
    await open();
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
    await open({}, 'Requests');
    let n = 100;
    const list = () => runtime.change(...Array.from({ length: 500 }, () => request(n++, n % 3 === 0 ? { outcome: 'failed', error: 'timeout' } : {})));
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
      const themed = await SidebarPage.open(browser, nodeRed.url, () => runtime, theme);
      for (const width of [300, 600]) await lookAtAll(themed, width, theme);
      await themed.close();
    });
  }

  async function lookAtAll(page: SidebarPage, width: number, name: string): Promise<void> {
    runtime.answer = (exchange) => answerWith(exchange, [{ type: 'begin', id: 'r8' }, end]);
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
      const page = await SidebarPage.open(browser, old.url, () => runtime);
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
