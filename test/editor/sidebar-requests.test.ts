import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RequestTrace } from '../../nodes/insight/sidebar/api.ts';
import { skipWithoutBrowser } from './browser.ts';
import { failedOver, live, request } from './sidebar-facts.ts';
import { answerWith, end, SidebarSetup } from './sidebar-setup.ts';

describe('The tab Requests of the sidebar LLM', { skip: skipWithoutBrowser }, () => {
  const setup = new SidebarSetup();

  test('lists them, the newest first, with what became of each', async () => {
    const sidebar = await setup.open({}, 'Requests');
    await sidebar.rows.nth(8).waitFor();
    const rows = (await sidebar.rows.allInnerTexts()).map((row) => row.split(/\s*\n\s*/));
    assert.deepEqual([rows.length, rows[0]?.includes('running'), rows[2]?.includes('rate limited')], [9, true, true]);
    assert.ok(rows[1]?.includes('/v1 → cloud') && rows[1].includes('4.2 s') && rows[1].some((part) => part.includes('4 attempts · 120 in, 340 out · $0.0042 · web · A / local · claude-sonnet')), String(rows[1]));
    assert.equal(await sidebar.root.getByText('kept only while this sidebar is open').isVisible(), false);
    assert.deepEqual(sidebar.editor.errors, []);
  });

  test('follows in place: what a person has selected or focused stays', async () => {
    const sidebar = await setup.open({}, 'Requests');
    await sidebar.rows.nth(8).waitFor();
    await sidebar.page.evaluate(`getSelection().selectAllChildren(document.querySelectorAll('.llm-requests .llm-path')[1])`);
    setup.runtime.change(request(9, { ms: 1_500 }), request(10));
    await sidebar.root.getByText('10 requests, the newest first').waitFor();
    assert.equal(await sidebar.page.evaluate('String(getSelection())'), '/v1 → cloud');
    assert.match(await sidebar.rows.nth(1).innerText(), /1\.5 s/);

    await sidebar.rows.filter({ hasText: '4 attempts' }).getByRole('button').focus();
    setup.runtime.change(request(11));
    await sidebar.root.getByText('11 requests, the newest first').waitFor();
    assert.match(await sidebar.focused(), /4 attempts/);
  });

  test('holds what is new back while the pointer is there, or where the focus would be lost', async () => {
    const sidebar = await setup.open({}, 'Requests');
    await sidebar.rows.nth(4).hover();
    setup.runtime.change(request(9, { ms: 5_000 }), request(10));
    await sidebar.root.getByText('1 new: shown as soon as you leave the list').waitFor();
    assert.match(await sidebar.rows.first().innerText(), /5\.0 s/, 'what is there is kept up to date');
    await sidebar.page.mouse.move(0, 0);
    await sidebar.root.getByText('10 requests, the newest first').waitFor();
    assert.equal(await sidebar.rows.count(), 10);

    await sidebar.rows.filter({ hasText: '4 attempts' }).getByRole('button').focus();
    setup.runtime.forgetAll();
    setup.runtime.change(request(20));
    await sidebar.root.getByText('1 new: shown as soon as you leave the list').waitFor();
    assert.match(await sidebar.focused(), /4 attempts/);
    await sidebar.root.getByRole('tab', { name: 'Requests' }).focus();
    await sidebar.root.getByText('1 request', { exact: true }).waitFor();
    assert.equal(await sidebar.rows.count(), 1);
  });

  test('filters them', async () => {
    const sidebar = await setup.open({}, 'Requests');
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
    setup.runtime.live = { ...live, isKept: false };
    setup.runtime.forgetAll();
    const sidebar = await setup.open({}, 'Requests');
    await sidebar.root.getByText('kept only while this sidebar is open').waitFor();
    await sidebar.root.getByText('No requests yet.').waitFor();
    assert.equal(await sidebar.root.getByText('only 50 are kept').isVisible(), false);
    setup.runtime.skipped = 12_345;
    await sidebar.root.getByText('only 50 are kept: 12.3K are not.').waitFor();
    assert.equal(await sidebar.root.getByRole('button', { name: 'Clear the filters' }).isVisible(), false);
  });

  test('opens one to its waterfall, and goes back to where the person was', async () => {
    const sidebar = await setup.open({}, 'Requests');
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
    assert.match(await sidebar.focused(), /4 attempts/);
    assert.deepEqual(sidebar.editor.errors, []);
  });

  test('says what to do about one that failed', async () => {
    const sidebar = await setup.open({}, 'Requests');
    await sidebar.openRequest('rate limited');
    await sidebar.root.getByText('Wait 40 s, or add a branch with another account.').waitFor();
    await sidebar.root.getByText('Some of it was left out').filter({ visible: true }).waitFor();
    assert.equal(await sidebar.root.getByRole('button', { name: 'Replay' }).isEnabled(), false);
    assert.match((await sidebar.root.getByRole('button', { name: 'Replay' }).getAttribute('title')) ?? '', /Only where its content is kept/);
  });

  test('follows one that runs', async () => {
    const running: RequestTrace = { ...request(9, { outcome: 'running', ms: 400 }), isCut: false, root: { id: 'a', kind: 'stage', name: '/v1', startMs: 0, outcome: 'running', children: [] } };
    setup.runtime.traces.set('r9', running);
    const sidebar = await setup.open({}, 'Requests');
    await sidebar.openRequest('running');
    await sidebar.root.locator('.llm-span').getByText('running · 400 ms').waitFor();
    setup.runtime.traces.set('r9', { ...running, ...request(9, { ms: 700 }), root: { ...running.root, endMs: 700, outcome: 'ok' } });
    await sidebar.root.locator('.llm-span').getByText('answered · 700 ms').waitFor();
  });

  test('says so where one is no longer kept', async () => {
    const sidebar = await setup.open({}, 'Requests');
    await sidebar.rows.filter({ hasText: 'timed out' }).getByRole('button').click();
    await sidebar.root.getByText('This request is no longer kept.').waitFor();
    await sidebar.page.evaluate('new Promise((resolve) => setTimeout(resolve, 1200))');
    assert.ok(setup.runtime.asked.filter((asked) => asked.startsWith('GET /llm/requests/r4')).length <= 2, 'it is not asked for again');
    await sidebar.root.getByRole('button', { name: 'All requests' }).click();
    await sidebar.rows.first().waitFor();
  });

  test('shows what was said, and sends it again', async () => {
    setup.runtime.answer = (exchange) => answerWith(exchange, [{ type: 'begin', id: 'r8' }, { type: 'text', text: 'Pump' }, end]);
    const sidebar = await setup.open({}, 'Requests');
    await sidebar.openRequest('4 attempts');
    await sidebar.root.getByText('Content (kept: redacted at 2 places)').click();
    assert.ok(await sidebar.root.getByRole('region', { name: 'Prompt' }).getByText('[redacted]').isVisible());
    assert.ok(await sidebar.root.getByRole('region', { name: 'Answer' }).first().getByText('every 500 hours').isVisible());
    await sidebar.root.getByRole('button', { name: 'Replay' }).focus();
    await sidebar.page.keyboard.press('Enter');
    await sidebar.root.getByText('The answer is complete.').waitFor();
    assert.match(await sidebar.focused(), /Replay/);
    assert.equal(await sidebar.root.locator('.llm-answer:visible').innerText(), 'Pump 7 needs oil.');
    assert.ok(setup.runtime.asked.includes('POST /llm/requests/r8/replay'));
  });

  test('does not send again what is not whole', async () => {
    setup.runtime.traces.set('r8', { ...failedOver, content: { prompt: 'Which', settings: '{}', canReplay: false, redactions: 0 } });
    const sidebar = await setup.open({}, 'Requests');
    await sidebar.openRequest('4 attempts');
    const button = sidebar.root.getByRole('button', { name: 'Replay' });
    assert.deepEqual([await button.isEnabled(), await button.getAttribute('title')], [false, 'Not all of its content is kept: what is left would be another request']);
    await sidebar.root.locator('.llm-content summary').click();
    assert.equal(await sidebar.root.getByRole('region', { name: 'Settings' }).isVisible(), false, 'no settings are none');
  });
});
