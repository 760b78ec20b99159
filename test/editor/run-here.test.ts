import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { freePort } from '../../scripts/port.ts';
import { startNodeRed, type TestNodeRed } from '../support/node-red.ts';
import { fakeLlamaServer } from '../support/supervised.ts';
import { EditorPage, launchBrowser, skipWithoutBrowser } from './browser.ts';

describe('A server that is run here, in the editor', { skip: skipWithoutBrowser }, () => {
  let folder: string;
  let port: number;
  let nodeRed: TestNodeRed;
  let browser: Browser;
  let editor: EditorPage;

  before(async () => {
    folder = mkdtempSync(join(realpathSync(tmpdir()), 'run-here-'));
    port = await freePort();
    const place = { z: 'tab', x: 200 };
    nodeRed = await startNodeRed({
      flows: [
        { id: 'tab', type: 'tab', label: 'Servers' },
        { id: 'llama', type: 'llm-llamacpp', ...place, y: 80, server: 'server', wires: [[]] },
        { id: 'vllm', type: 'llm-vllm', ...place, y: 160, server: 'vllm-server', wires: [[]] },
        { id: 'server', type: 'llm-llamacpp-server', url: `http://127.0.0.1:${port}`, run: true, executable: fakeLlamaServer(folder), modelFile: '', healthIntervalMs: 0, credentials: { environment: 'HF_TOKEN=hf-canary-17' } },
        { id: 'vllm-server', type: 'llm-vllm-server', url: 'http://192.0.2.1:8000', healthIntervalMs: 0 },
      ],
    });
    browser = await launchBrowser();
    editor = await EditorPage.open(browser, nodeRed.url, 'light');
  });

  after(async () => {
    await browser?.close();
    await nodeRed?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('shows its state and its log, and starts and stops it', async () => {
    const tray = await editor.openDialog('server');
    const state = tray.locator('.llm-run-state');
    await state.filter({ hasText: /^ready · process \d+$/ }).waitFor();
    await tray.locator('.llm-run-log').filter({ hasText: /listening on port/ }).waitFor();
    await tray.locator('[data-llm-run="stop"]').click();
    await state.filter({ hasText: /^stopped by hand$/ }).waitFor();
    await tray.locator('[data-llm-run="start"]').click();
    await state.filter({ hasText: /^ready/ }).waitFor();
    await tray.locator('.llm-run-log').scrollIntoViewIfNeeded();
    await editor.screenshot('run-here');
    await editor.closeDialog();
  });

  test('says why it crashed last, while it waits for its restart and when it is back', async () => {
    const tray = await editor.openDialog('server');
    const state = tray.locator('.llm-run-state');
    await state.filter({ hasText: /^ready/ }).waitFor();
    await fetch(`http://127.0.0.1:${port}/exit?code=1&say=cudaMalloc+failed:+out+of+memory`).catch(() => undefined);
    await state.filter({ hasText: /^ready · process \d+ · restarts in a row: 1 · last crash .+: llama\.cpp ran out of memory \(exit code 1\)\. Use a smaller/ }).waitFor();
    await state.scrollIntoViewIfNeeded();
    await editor.screenshot('run-here-crashed');
    await editor.closeDialog();
  });

  test('keeps the variables of its environment as a credential that is never shown again', async () => {
    const tray = await editor.openDialog('server');
    const kept = tray.locator('.llm-run-environment');
    await kept.filter({ hasText: /They are kept, and not shown/ }).waitFor();
    assert.doesNotMatch(await editor.page.content(), /hf-canary-17/);
    assert.deepEqual(await (await fetch(`${nodeRed.url}/credentials/llm-llamacpp-server/server`)).json(), { has_apiKey: false, has_environment: true });
    await kept.getByRole('button', { name: 'Replace' }).click();
    await tray.locator('#llm-environment').fill('HF_TOKEN');
    assert.match((await editor.complaint('server', 'environment')) ?? '', /NAME=value/);
    await tray.locator('#llm-environment').fill('A=1\nB=2');
    assert.equal(await editor.read('environment'), 'A=1\nB=2');
    await tray.locator('#llm-environment').fill('');
    assert.equal(await editor.read('environment'), '__PWRD__', 'nothing typed keeps what was');
    await kept.getByRole('button', { name: 'Keep what was' }).click();
    await editor.closeDialog();
    assert.equal(await editor.property('server', 'environment'), undefined);
  });

  test('says what cannot work', async () => {
    await editor.openDialog('server');
    const bad: Array<[string, string, RegExp]> = [
      ['environment', 'HF_TOKEN', /NAME=value/],
      ['extraArgs', '--threads 4', /one argument a line/],
      ['url', 'http://192.0.2.1:8080', /address of this machine/],
      ['gpuLayers', '1.5', /whole number/],
      ['cores', '3-1', /list of cores/],
      ['gpus', '0;1', /list of GPUs/],
      ['maxMemoryMb', '0', /whole number/],
      ['niceness', '-1', /whole number from 0 to 19/],
    ];
    for (const [name, value, why] of bad) {
      await editor.write(name, value);
      assert.match((await editor.complaint('server', name)) ?? 'no complaint', why);
    }
    await editor.write('extraArgs', '--threads\n4');
    await editor.write('url', 'http://localhost:8080');
    await editor.write('cores', '0-3, 6');
    await editor.write('gpus', 'GPU-8932f937,1');
    for (const name of ['extraArgs', 'url', 'cores', 'gpus']) assert.equal(await editor.complaint('server', name), undefined);
    await editor.load(nodeRed.url);
  });

  test('the fields are there only where it is switched on, and a server elsewhere has any address', async () => {
    const tray = await editor.openDialog('vllm-server');
    assert.equal(await tray.locator('.llm-run').isVisible(), false);
    assert.equal(await editor.complaint('vllm-server', 'url'), undefined);
    await tray.locator('#node-config-input-run').check();
    assert.equal(await tray.locator('.llm-run').isVisible(), true);
    assert.match((await editor.complaint('vllm-server', 'url')) ?? '', /address of this machine/);
    await tray.locator('.llm-run-state').filter({ hasText: /Deploy first/ }).waitFor();
    await editor.write('url', '');
    await tray.locator('.llm-test').click();
    await tray.locator('.llm-test-result').filter({ hasText: /The program vllm is not there/ }).waitFor();
    await editor.screenshot('run-here-vllm');
    await editor.closeDialog();
    assert.equal(await editor.property('vllm-server', 'run'), true);
  });

  test('says what the machine has that a server may be bounded in', async () => {
    const tray = await editor.openDialog('server');
    const note = tray.locator('.llm-run-machine');
    await note.filter({ hasText: /^This machine has \d+ cores \(0-\d+\) and [\d,]+ MB of memory\. / }).waitFor();
    await note.scrollIntoViewIfNeeded();
    await editor.screenshot('run-here-machine');
    await editor.closeDialog();
  });

  test('looks well in the dark, too', async () => {
    const dark = await EditorPage.open(browser, nodeRed.url, 'dark');
    const tray = await dark.openDialog('server');
    await tray.locator('.llm-run-log').filter({ hasText: /listening on port/ }).waitFor();
    await dark.screenshot('run-here-top');
    await tray.locator('.llm-run-machine').scrollIntoViewIfNeeded();
    await dark.screenshot('run-here-machine');
    await tray.locator('.llm-test').scrollIntoViewIfNeeded();
    await dark.screenshot('run-here');
    assert.deepEqual(dark.errors, []);
    await dark.close();
  });
});
