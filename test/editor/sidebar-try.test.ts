import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { skipWithoutBrowser } from './browser.ts';
import { answerWith, end, line, SidebarSetup } from './sidebar-setup.ts';

describe('The tab Try of the sidebar LLM', { skip: skipWithoutBrowser }, () => {
  const setup = new SidebarSetup();

  const prompt = () => setup.sidebar.root.getByRole('textbox', { name: 'Prompt', exact: true });
  const button = (name: string) => setup.sidebar.root.getByRole('button', { name, exact: true });
  const answer = () => setup.sidebar.root.locator('.llm-try-view .llm-answer');

  test('asks any node with settings of its own, streams, and shows the waterfall', async () => {
    const steps = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    setup.runtime.answer = async (exchange) => {
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
    const sidebar = await setup.open({}, 'Try');
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
    assert.deepEqual(setup.runtime.bodies, [{ node: 'pool', prompt: 'Which pump needs oil?', llm: { topP: 0.9, system: 'Be short.', maxTokens: 20 } }]);
    assert.ok(await button('Send').isEnabled());
    assert.deepEqual(sidebar.editor.errors, []);
  });

  test('stops, and Node-RED learns of it', async () => {
    const closed = Promise.withResolvers<void>();
    setup.runtime.answer = async (exchange) => {
      exchange.startStream({ 'content-type': 'application/x-ndjson' });
      await exchange.write(line({ type: 'begin', id: 'r8' }) + line({ type: 'text', text: 'Half an' }));
      await exchange.closed;
      closed.resolve();
    };
    const sidebar = await setup.open({}, 'Try');
    await prompt().fill('Tell me.');
    await button('Send').click();
    await answer().getByText('Half an').waitFor();
    await button('Stop').click();
    await closed.promise;
    await sidebar.root.getByText('Stopped.', { exact: true }).waitFor();
    assert.deepEqual([await answer().innerText(), await button('Send').isVisible()], ['Half an', true]);
  });

  test('says why there is no answer, and what to do', async () => {
    const sidebar = await setup.open({}, 'Try');
    await prompt().fill('Hello');
    setup.runtime.answer = (exchange) => answerWith(exchange, [{ type: 'begin', id: 'r7' }, { type: 'fail', error: 'auth', message: 'The key was refused.', hint: 'Look at the account.' }]);
    await button('Send').click();
    await sidebar.root.getByText('key refused: The key was refused.').waitFor();
    await sidebar.root.getByText('Look at the account.').waitFor();
    setup.runtime.answer = (exchange) => exchange.json(409, { message: 'There is no node cloud any more.' });
    await button('Send').click();
    await sidebar.root.getByText('There is no node cloud any more.').waitFor();
    assert.equal(await sidebar.root.getByText('Look at the account.').isVisible(), false);
    setup.runtime.answer = (exchange) => answerWith(exchange, [{ type: 'begin', id: 'r8' }, { type: 'text', text: 'Half' }]);
    await button('Send').click();
    await sidebar.root.getByText('Node-RED does not answer.').first().waitFor();
  });

  test('sends nothing that is wrong', async () => {
    const sidebar = await setup.open({}, 'Try');
    assert.deepEqual([await button('Send').isEnabled(), await button('Send').getAttribute('title')], [false, 'Write a prompt first']);
    await prompt().fill('Hello');
    await sidebar.root.getByText('Settings for this request').click();
    await sidebar.root.getByLabel('Temperature').fill('warm');
    await button('Send').click();
    await sidebar.root.getByText('Temperature must be a number.').waitFor();
    assert.equal(await sidebar.root.getByLabel('Temperature').getAttribute('aria-invalid'), 'true');
    assert.deepEqual(setup.runtime.bodies, []);
  });
});
