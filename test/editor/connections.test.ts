import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { startNodeRed, type TestNodeRed } from '../support/node-red.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { EditorPage, launchBrowser, skipWithoutBrowser } from './browser.ts';

describe('A server in the editor', { skip: skipWithoutBrowser }, () => {
  let server: TestServer;
  let nodeRed: TestNodeRed;
  let browser: Browser;
  let editor: EditorPage;

  before(async () => {
    server = await startServer((exchange) => {
      switch (exchange.request.path) {
        case '/health':
          return exchange.json(200, { status: 'ok' });
        case '/props':
          return exchange.json(200, { total_slots: 4, model_alias: 'tiny-stories', default_generation_settings: { n_ctx: 2048 } });
        case '/v1/models':
          return exchange.json(200, { data: [{ id: 'tiny-stories' }, { id: 'other' }] });
        default:
          return exchange.json(404, { error: { message: 'File Not Found', type: 'not_found_error', code: 404 } });
      }
    });
    nodeRed = await startNodeRed({
      flows: [
        { id: 'tab', type: 'tab', label: 'Servers' },
        { id: 'llama', type: 'llm-llamacpp', z: 'tab', x: 200, y: 80, server: 'server', wires: [[]] },
        { id: 'server', type: 'llm-llamacpp-server', url: 'http://127.0.0.1:1', healthIntervalMs: 0 },
      ],
    });
    browser = await launchBrowser();
    editor = await EditorPage.open(browser, nodeRed.url, 'light');
  });

  after(async () => {
    await browser?.close();
    await nodeRed?.stop();
    await server?.close();
  });

  test('says by its Test button what is wrong and what is right, before anything is deployed', async () => {
    const tray = await editor.openDialog('server');
    const result = tray.locator('.llm-test-result');
    await tray.locator('.llm-test').click();
    await result.filter({ hasText: /Nothing listens on http:\/\/127\.0\.0\.1:1/ }).waitFor();
    await editor.screenshot('test-bad');
    await editor.write('url', server.url);
    await tray.locator('.llm-test').click();
    await result.filter({ hasText: /ready: model tiny-stories, 4 slots, 2048 tokens/ }).waitFor();
    await editor.screenshot('test-good');
    await editor.closeDialog();
  });

  test('offers its models beside the model field', async () => {
    const tray = await editor.openDialog('llama');
    const input = tray.locator('#node-input-model + .red-ui-typedInput-container input.red-ui-typedInput-input');
    await input.click();
    await input.pressSequentially('t');
    const choice = editor.page.locator('.red-ui-autoComplete-container, .red-ui-menu').getByText('tiny-stories').first();
    await choice.waitFor();
    await editor.screenshot('models');
    await choice.click();
    await editor.closeDialog();
    assert.equal(await editor.property('llama', 'model'), 'tiny-stories');
  });
});
