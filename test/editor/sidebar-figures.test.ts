import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { skipWithoutBrowser } from './browser.ts';
import { until } from './chat-page.ts';
import { live, nodes } from './sidebar-facts.ts';
import { SidebarSetup } from './sidebar-setup.ts';

describe('The tab Live of the sidebar LLM', { skip: skipWithoutBrowser }, () => {
  const setup = new SidebarSetup();

  test('shows each node with its state, its figures and its charts, those of a kind in an order that stays', async () => {
    const sidebar = await setup.open();
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
    const sidebar = await setup.open();
    assert.ok(await sidebar.root.getByText('6 to look at:').isVisible());
    await sidebar.root.getByRole('button', { name: 'draft: breaker open' }).click();
    assert.equal(await sidebar.focused(), 'draft');
    setup.runtime.live = { ...live, nodes: nodes.filter(({ state }) => state === 'busy') };
    await sidebar.root.getByText('All nodes are well.').waitFor();
  });

  test('follows the figures without touching what has not changed', async () => {
    const sidebar = await setup.open();
    await sidebar.page.evaluate(`document.querySelectorAll('.llm-card').forEach((card, index) => card.mark = index)`);
    setup.runtime.live = { ...live, nodes: nodes.flatMap((node) => (node.node.id === 'big' ? [] : [node.node.id === 'gpu-1' ? { ...node, busy: 77 } : node])) };
    await sidebar.card('GPU box 1').getByText('77', { exact: true }).first().waitFor();
    await sidebar.card('big one').waitFor({ state: 'detached' });
    assert.equal(await sidebar.page.evaluate(`[...document.querySelectorAll('.llm-card')].every((card) => card.mark !== undefined)`), true);
  });

  test('highlights a node on the canvas, and shows it, wherever it is', async () => {
    const sidebar = await setup.open();
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
    setup.runtime.live = { ...live, nodes: nodes.map((node) => (node.node.id === 'big' ? { ...node, canvasId: 'far' } : node)) };
    const sidebar = await setup.open();
    await sidebar.card('big one').getByRole('button', { name: 'big one' }).click();
    await until(() => sidebar.page.evaluate<boolean>(`RED.workspaces.active() === 'other'`));
  });

  test('trips and resets breakers, drains members and takes them back', async () => {
    const sidebar = await setup.open();
    setup.runtime.answer = (exchange) => exchange.text(204, '');
    await sidebar.card('GPU box 1').getByRole('button', { name: 'Trip' }).click();
    await sidebar.card('draft').getByRole('button', { name: 'Reset' }).click();
    await sidebar.card('GPU boxes').getByRole('listitem').filter({ hasText: 'one' }).getByRole('button', { name: 'Drain' }).click();
    await sidebar.card('GPU boxes').getByRole('button', { name: 'Take back' }).click();
    await until(() => Promise.resolve(setup.runtime.bodies.length === 4));
    const posts = setup.runtime.asked.filter((asked) => asked.startsWith('POST'));
    assert.deepEqual(posts, ['POST /llm/nodes/gpu-1/breaker', 'POST /llm/nodes/draft/breaker', 'POST /llm/nodes/pool/drain', 'POST /llm/nodes/pool/drain']);
    assert.deepEqual(setup.runtime.bodies, [{ trip: true }, { trip: false }, { branch: 'one', drain: true }, { branch: 'two', drain: false }]);
  });

  test('offers what fits the state alone', async () => {
    const sidebar = await setup.open();
    const buttons = async (name: string) => (await sidebar.card(name).locator('.llm-card-foot').getByRole('button').allInnerTexts()).map((text) => text.trim());
    assert.deepEqual(await Promise.all(['GPU box 1', 'GPU box 2', 'cloud', 'draft', 'GPU boxes'].map(buttons)), [['Trip'], ['Trip', 'Reset'], ['Trip', 'Reset'], ['Reset'], []]);
    assert.match(await sidebar.card('draft').innerText(), /tripped by hand: stays open until it is reset/);
    assert.deepEqual(await sidebar.card('GPU boxes').locator('.llm-branch-facts').allInnerTexts(), ['6 in flight · 64 %', 'draining: 2 to go', 'unreachable · 0 in flight · 0 %']);
    assert.deepEqual(await sidebar.card('local, then cloud').locator('.llm-branch-facts').allInnerTexts(), ['', 'breaker open']);
  });

  test('says why Node-RED refuses', async () => {
    const sidebar = await setup.open();
    setup.runtime.answer = (exchange) => exchange.json(409, { message: 'It is the last member of the pool.' });
    await sidebar.card('GPU boxes').getByRole('listitem').filter({ hasText: 'one' }).getByRole('button', { name: 'Drain' }).click();
    await sidebar.page.getByText('It is the last member of the pool.').waitFor();
  });

  test('says what to do where there are no LLM nodes', async () => {
    setup.runtime.live = { ...live, nodes: [] };
    await setup.sidebar.show();
    await setup.sidebar.root.getByText('Drag a backend from the palette').waitFor();
    await setup.sidebar.screenshot('empty-300-light');
  });
});
