import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Locator } from 'playwright-core';
import { type FlowNode, startNodeRed, type TestNodeRed } from '../support/node-red.ts';
import { EditorPage, launchBrowser, skipWithoutBrowser, type Theme } from './browser.ts';

interface Dialog {
  id: string;
  /** What to type into which field, and what the node then holds. */
  change: Record<string, string>;
  /** A field and a value that it must refuse, for the reason. */
  bad: Record<string, { value: string; reason: RegExp }>;
  tabs?: string[];
}

const limits = { connectTimeoutMs: '2500', retries: '4', maxConcurrent: '8' };
const badLimits = {
  retries: { value: '-1', reason: /whole number from 0 to 20/ },
  connectTimeoutMs: { value: '99999999', reason: /whole number from 0/ },
};
const shared = { name: 'My backend', model: 'tiny-1', system: 'Be short.', maxTokens: '77', temperature: '0.5', topP: '0.9', stop: 'END' };
const badShared = { temperature: { value: '9', reason: /from 0 to 5/ }, maxTokens: { value: '1.5', reason: /whole number/ }, ...badLimits };
const backend = { tabs: ['Limits'] };

const dialogs: Dialog[] = [
  {
    ...backend,
    id: 'echo',
    tabs: ['Faults', 'Limits'],
    change: { ...shared, tokensPerSecond: '50', delayMs: '5', faultKind: 'overloaded', faultPercent: '30', faultAfterTokens: '2', ...limits },
    bad: { ...badShared, faultPercent: { value: '101', reason: /from 0 to 100/ } },
  },
  { ...backend, id: 'openai', change: { ...shared, api: 'completions', maxTokensField: 'max_tokens', ...limits }, bad: badShared },
  {
    ...backend,
    id: 'anthropic',
    change: { ...shared, thinkingTokens: '2048', ...limits },
    bad: { ...badShared, thinkingTokens: { value: '10', reason: /whole number from 1024/ } },
  },
  {
    ...backend,
    id: 'llamacpp',
    change: { ...shared, api: 'completion', topK: '20', minP: '0.1', grammar: 'root ::= "a"', slot: '1', ...limits },
    bad: { ...badShared, minP: { value: '2', reason: /from 0 to 1/ } },
  },
  {
    ...backend,
    id: 'vllm',
    change: { ...shared, api: 'generate', topK: '20', minP: '0.1', repetitionPenalty: '1.1', guidedJson: '{"type":"object"}', ...limits },
    bad: { ...badShared, guidedJson: { value: '[1]', reason: /JSON object/ } },
  },
  {
    id: 'openai-account',
    change: { name: 'Groq', baseUrl: 'https://api.groq.com/openai/v1', organization: 'org-1', project: 'proj-1', prices: '{"a":{"input":1,"output":2}}' },
    bad: { baseUrl: { value: 'localhost:11434', reason: /http:\/\// }, prices: { value: '{"m":{"input":1}}', reason: /The price of m needs "input" and "output"/ }, apiKey: { value: 'sk a', reason: /blanks/ } },
  },
  {
    id: 'anthropic-account',
    change: { name: 'Claude', baseUrl: 'https://api.anthropic.com', prices: '{"a":{"input":1,"output":2}}' },
    bad: { apiKey: { value: 'sk-123', reason: /starts with sk-ant-/ }, baseUrl: { value: 'https://me:secret@host', reason: /user or password/ } },
  },
  {
    id: 'llamacpp-server',
    change: { name: 'Local', url: 'http://127.0.0.1:9', healthIntervalMs: '0', prices: '{"*":{"input":1,"output":2}}' },
    bad: { url: { value: 'ftp://x', reason: /http:\/\// }, healthIntervalMs: { value: '-5', reason: /whole number/ } },
  },
  {
    id: 'vllm-server',
    change: { name: 'GPU box', url: 'http://127.0.0.1:9', healthIntervalMs: '0', prices: '{"*":{"input":1,"output":2}}' },
    bad: { url: { value: 'nothing', reason: /http:\/\// } },
  },
  {
    id: 'pool',
    tabs: ['Limits'],
    change: {
      name: 'Everyone',
      strategy: 'sticky',
      stickyBy: 'req.user',
      attempts: '2',
      maxQueued: '7',
      queueTimeoutMs: '0',
      timeoutMs: '5000',
      breakerFailures: '0',
      breakerOpenMs: '1000',
    },
    bad: {
      attempts: { value: '0', reason: /whole number from 1 to 20/ },
      maxQueued: { value: '-1', reason: /whole number from 0 to 1000000/ },
      breakerOpenMs: { value: '0', reason: /whole number from 1/ },
    },
  },
  { id: 'fallback', change: { name: 'Then the other', afterFirstToken: 'continue' }, bad: {} },
  {
    id: 'router',
    change: { name: 'Trial', stickyBy: 'llm.session', timeoutMs: '2000' },
    bad: { timeoutMs: { value: '1.5', reason: /whole number from 0/ }, stickyBy: { value: 'a..b', reason: /[Ii]nvalid property/ } },
  },
  { id: 'return', change: { name: 'Back' }, bad: {} },
  {
    id: 'endpoint',
    tabs: ['Models', 'Access', 'Limits'],
    change: {
      name: 'Gateway',
      path: '/team/v1',
      port: '8443',
      host: '127.0.0.1',
      tls: 'files',
      certFile: 'certs/fullchain.pem',
      keyFile: 'certs/privkey.pem',
      bodyTimeoutMs: '5000',
      cors: 'https://chat.example.com, tauri://localhost',
      maxBodyKb: '512',
      heartbeatMs: '0',
      readerStallMs: '5000',
      timeoutMs: '30000',
      maxOpen: '20',
      maxOpenPerKey: '2',
    },
    bad: {
      path: { value: '/a b', reason: /something like \/v1/ },
      port: { value: '70000', reason: /whole number from 1 to 65535/ },
      host: { value: 'http://x', reason: /address of this machine/ },
      bodyTimeoutMs: { value: '1', reason: /whole number from 100/ },
      cors: { value: 'chat.example.com', reason: /https:\/\/chat\.example\.com/ },
      maxBodyKb: { value: '0', reason: /whole number from 1 to 1048576/ },
      heartbeatMs: { value: '-1', reason: /whole number from 0/ },
      readerStallMs: { value: '-1', reason: /whole number from 0/ },
      timeoutMs: { value: '1.5', reason: /whole number from 0/ },
      maxOpen: { value: '-1', reason: /whole number from 0 to 1000000/ },
      maxOpenPerKey: { value: '1.5', reason: /whole number from 0/ },
      keys: { value: 'a: 1\na: 2', reason: /The name a stands twice/ },
    },
  },
  {
    id: 'knowledge',
    change: {
      name: 'Manuals',
      store: 'postgres',
      url: 'postgres://me@127.0.0.1:1/manuals',
      collection: 'manuals',
      language: 'de',
      embedWith: 'openai',
      openai: 'openai-account',
      embeddingModel: 'text-embedding-3-small',
      questionPrefix: 'query: ',
      passagePrefix: 'passage: ',
      batchSize: '16',
      maxBatchTokens: '2048',
      concurrency: '1',
    },
    bad: {
      collection: { value: 'My books', reason: /small letter/ },
      batchSize: { value: '0', reason: /whole number from 1 to 2048/ },
      maxBatchTokens: { value: '1.5', reason: /whole number/ },
      concurrency: { value: '65', reason: /from 1 to 64/ },
    },
  },
  {
    id: 'index',
    tabs: ['Passages'],
    change: { name: 'Manuals', folder: '/srv/manuals', include: '**/*.md\n**/*.pdf', ignore: '**/old', maxTokens: '128', overlapTokens: '16', timeoutMs: '60000', maxFileMb: '20' },
    bad: {
      maxTokens: { value: '15', reason: /whole number from 16 to 8192/ },
      overlapTokens: { value: '129', reason: /at most half of a passage, which is 128/ },
      timeoutMs: { value: '99', reason: /whole number from 100/ },
      maxFileMb: { value: '401', reason: /from 1 to 400/ },
    },
  },
  {
    id: 'rag',
    tabs: ['Prompt', 'Rerank', 'No evidence'],
    change: {
      name: 'Ask the manuals',
      mode: 'lexical',
      filter: '{"language":"de"}',
      maxPassages: '4',
      maxTokens: '900',
      minScore: '0.3',
      widen: '1',
      candidates: '30',
      rerankWith: 'llamacpp',
      llamacpp: 'llamacpp-server',
      rerankModel: 'bge-reranker',
      rerankCandidates: '10',
      noEvidence: 'port',
    },
    bad: {
      mode: { value: 'vector', reason: /needs an embedding model/ },
      filter: { value: '{"a":{}}', reason: /JSON object of values/ },
      maxPassages: { value: '101', reason: /whole number from 1 to 100/ },
      maxTokens: { value: '15', reason: /whole number from 16/ },
      minScore: { value: '1.1', reason: /number from 0 to 1/ },
      widen: { value: '0.5', reason: /whole number from 0 to 10/ },
      candidates: { value: '0', reason: /whole number from 1 to 1000/ },
      rerankCandidates: { value: '-1', reason: /whole number from 1 to 1000/ },
    },
  },
  {
    id: 'monitor',
    tabs: ['Alerts', 'Log', 'Tracing'],
    change: {
      name: 'Watch',
      path: '/team/metrics',
      models: 'mistral-7b\nqwen',
      summarySeconds: '10',
      log: 'file',
      logFile: 'a/b.log',
      logFileMb: '2',
      logFiles: '3',
      telemetry: 'otlp',
      otlpUrl: 'http://collector:4318',
    },
    bad: {
      path: { value: '/a b', reason: /something like \/llm\/metrics/ },
      summarySeconds: { value: '-1', reason: /whole number from 0 to 86400/ },
      logFileMb: { value: '0', reason: /whole number from 1 to 10000/ },
      logFiles: { value: '1.5', reason: /whole number from 1 to 100/ },
      token: { value: 'a b', reason: /blanks/ },
      otlpUrl: { value: 'http://me:secret@host', reason: /without a user/ },
    },
  },
];

/** Nodes as somebody writes them by hand: only what they cannot do without. */
const flows: FlowNode[] = [
  { id: 'tab', type: 'tab', label: 'Dialogs' },
  { id: 'echo', type: 'llm-echo', z: 'tab', x: 200, y: 80, wires: [[]] },
  { id: 'openai', type: 'llm-openai', z: 'tab', x: 200, y: 140, account: 'openai-account', wires: [[]] },
  { id: 'anthropic', type: 'llm-anthropic', z: 'tab', x: 200, y: 200, account: 'anthropic-account', wires: [[]] },
  { id: 'llamacpp', type: 'llm-llamacpp', z: 'tab', x: 200, y: 260, server: 'llamacpp-server', wires: [[]] },
  { id: 'vllm', type: 'llm-vllm', z: 'tab', x: 200, y: 320, server: 'vllm-server', wires: [[]] },
  { id: 'pool', type: 'llm-pool', z: 'tab', x: 200, y: 380, members: [{ name: 'one' }, { name: 'two', weight: 2 }], wires: [[], [], []] },
  { id: 'fallback', type: 'llm-fallback', z: 'tab', x: 200, y: 460, branches: [{ name: 'first' }, {}], wires: [[], [], []] },
  { id: 'router', type: 'llm-router', z: 'tab', x: 200, y: 540, branches: [{ percent: 90 }, { percent: 10 }], wires: [[], [], []] },
  { id: 'return', type: 'llm-return', z: 'tab', x: 200, y: 600, wires: [] },
  { id: 'endpoint', type: 'llm-endpoint', z: 'tab', x: 200, y: 660, wires: [[]] },
  { id: 'index', type: 'llm-index', z: 'tab', x: 400, y: 80, knowledge: 'words', wires: [[], []] },
  { id: 'rag', type: 'llm-rag', z: 'tab', x: 400, y: 160, knowledge: 'words', wires: [[]] },
  { id: 'knowledge', type: 'llm-knowledge' },
  { id: 'words', type: 'llm-knowledge' },
  { id: 'monitor', type: 'llm-monitor', z: 'tab', x: 200, y: 720, wires: [[], []] },
  { id: 'openai-account', type: 'llm-openai-account' },
  { id: 'anthropic-account', type: 'llm-anthropic-account' },
  { id: 'llamacpp-server', type: 'llm-llamacpp-server', healthIntervalMs: 0 },
  { id: 'vllm-server', type: 'llm-vllm-server', healthIntervalMs: 0 },
];

describe('The dialogs', { skip: skipWithoutBrowser }, () => {
  let nodeRed: TestNodeRed;
  let browser: Browser;

  before(async () => {
    nodeRed = await startNodeRed({ flows });
    browser = await launchBrowser();
  });

  after(async () => {
    await browser?.close();
    await nodeRed?.stop();
  });

  for (const theme of ['light', 'dark'] satisfies Theme[]) {
    describe(`in ${theme}`, () => {
      let editor: EditorPage;

      before(async () => {
        editor = await EditorPage.open(browser, nodeRed.url, theme);
      });

      after(async () => {
        assert.deepEqual(editor.errors, [], 'the console stays free of errors');
        await editor.close();
      });

      for (const dialog of dialogs) {
        test(`${dialog.id} refuses bad values, keeps good ones and shows them again`, async () => {
          await editor.load(nodeRed.url);
          await exercise(editor, dialog);
        });
      }
    });
  }

  for (const { id } of flows.filter(({ type }) => type !== 'tab' && type !== 'llm-return')) {
    test(`${id} keeps an environment variable in every number field`, async () => {
      const editor = await EditorPage.open(browser, nodeRed.url, 'light');
      await editor.openDialog(id);
      const filled = await editor.page.evaluate<string[]>(fillNumbers);
      assert.equal(await editor.page.locator('.red-ui-tray input[type="number"]:visible').count(), 0, 'a number field would lose it');
      await editor.closeDialog();
      const node = await editor.page.evaluate<string>(`JSON.stringify(Object.keys(RED.nodes.node('${id}')._def.defaults).map((name) => RED.nodes.node('${id}')[name]))`);
      for (const variable of filled) assert.ok(node.includes(JSON.stringify(variable)), `${variable} in ${node}`);
      assert.equal(await editor.page.evaluate(`RED.nodes.node('${id}').valid`), true, 'it passes validation');
      await editor.openDialog(id);
      assert.deepEqual(await editor.page.evaluate(readNumbers), filled);
      await editor.screenshot(`${id}-variables`);
      await editor.closeDialog();
      await editor.close();
    });
  }

  test('the token port comes and goes with Stream', async () => {
    const editor = await EditorPage.open(browser, nodeRed.url, 'light');
    const tray = await editor.openDialog('echo');
    await field(tray, 'stream').check();
    await editor.closeDialog();
    assert.equal(await editor.property('echo', 'outputs'), 2);
    await editor.screenshot('canvas');
    await field(await editor.openDialog('echo'), 'stream').uncheck();
    await editor.closeDialog();
    assert.equal(await editor.property('echo', 'outputs'), 1);
    await editor.close();
  });
});

/** All that take numbers: fields, those of rows, and typed ones. */
const numbers = `$('.red-ui-tray input[inputmode], .red-ui-tray #node-input-maxTokens, .red-ui-tray #node-input-temperature, .red-ui-tray #node-input-topP').not('.red-ui-typedInput-input').toArray()`;

const fillNumbers = `${numbers}.map((input, index) => {
  const variable = '\${NUMBER_' + index + '}';
  if ($(input).next('.red-ui-typedInput-container').length) $(input).typedInput('value', variable);
  else $(input).val(variable).trigger('input').trigger('change');
  return variable;
})`;

const readNumbers = `${numbers}.map((input) => $(input).val())`;

async function exercise(editor: EditorPage, dialog: Dialog): Promise<void> {
  await editor.openDialog(dialog.id);
  for (const [name, { value, reason }] of Object.entries(dialog.bad)) {
    const before = await editor.read(name);
    await editor.write(name, value);
    assert.match((await editor.complaint(dialog.id, name)) ?? 'no complaint', reason, `${name}: ${value}`);
    await editor.write(name, String(before));
    assert.equal(await editor.complaint(dialog.id, name), undefined, `${name}: ${String(before)}`);
  }
  for (const [name, value] of Object.entries(dialog.change)) await editor.write(name, value);
  await editor.closeDialog();
  for (const [name, value] of Object.entries(dialog.change)) {
    assert.equal(String(await editor.property(dialog.id, name)), value, `${name} is kept`);
  }

  const tray = await editor.openDialog(dialog.id);
  await editor.screenshot(dialog.id);
  for (const tab of dialog.tabs ?? []) {
    await editor.showTab(tray, tab);
    await editor.screenshot(`${dialog.id}-${tab.toLowerCase()}`);
  }
  for (const [name, value] of Object.entries(dialog.change)) assert.equal(await editor.read(name), value, `${name} is shown again`);
  await editor.closeDialog();
}

function field(tray: Locator, name: string): Locator {
  return tray.locator(`#node-input-${name}, #node-config-input-${name}`);
}
