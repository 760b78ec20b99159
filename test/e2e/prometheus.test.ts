/** What stands in docs/grafana, with a real Prometheus that fetches the metrics of a flow. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { chat, hello, startEndpoint, type TestEndpoint } from '../support/endpoint.ts';
import { answers, fails, finish, type Script, text } from '../support/scripted-client.ts';
import { promtool, run, skipWithoutPrometheus, startPrometheus } from '../support/prometheus-server.ts';

const folder = join(import.meta.dirname, '../../docs/grafana');

interface Panel {
  title: string;
  targets?: Array<{ expr: string }>;
}

const { panels } = JSON.parse(readFileSync(join(folder, 'dashboard.json'), 'utf8')) as { panels: Panel[] };

/** Each query of the dashboard, as Grafana would send it. */
const queries = panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({ title, expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$job', '.*') })),
);

const usage = { inputTokens: 20, cachedInputTokens: 8, outputTokens: 4, reasoningTokens: 2, estimated: false };
/** Every third attempt fails. */
let attempts = 0;
const script: Script = (context, request) =>
  (++attempts % 3 === 0 ? fails('overloaded') : answers([text('Hi')], [text(' there')], [{ type: 'usage', usage }, finish]))(context, request);

/** A flow in which everything happens: retries, breakers, queues, shed requests, a server that is asked for its health. */
async function startFlow(t: TestContext): Promise<TestEndpoint> {
  const server = createServer((_req, res) => void res.end('{}')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const echo = { id: 'echo', type: 'llm-echo', name: 'Echo', model: 'echo-1', tokensPerSecond: 500, retries: 1, retryBaseMs: 1, retryMaxMs: 1, breakerFailures: 2, breakerOpenMs: 50, maxConcurrent: 1, maxQueued: 1, faultKind: 'server', faultPercent: 60, faultAfterTokens: 0, wires: [[]] };
  return startEndpoint(t, {
    nodes: [
      { id: 'pool', type: 'llm-pool', name: 'Pool', members: [{ name: 'A' }, { name: 'B' }], breakerFailures: 0, wires: [[], ['echo'], ['backend']] },
      echo,
      { id: 'backend', type: 'llm-scripted', name: 'Backend', retries: 1, retryBaseMs: 1, breakerFailures: 0, wires: [[]] },
      { id: 'vllm', type: 'llm-vllm', name: 'vLLM', server: 'vllm-server', wires: [[]] },
      { id: 'vllm-server', type: 'llm-vllm-server', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
      { id: 'monitor', type: 'llm-monitor', summarySeconds: 0, wires: [[], []] },
    ],
    scripts: [script],
    credentials: { monitor: { token: 'metrics-token' } },
  });
}

async function ask({ post }: TestEndpoint, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, async () => (await post(chat, hello)).text()));
}

describe('With a real Prometheus', { skip: skipWithoutPrometheus }, () => {
  const check = async (args: string[], input?: string) => {
    const { code, output } = await run(promtool as string, ['check', ...args], input);
    assert.equal(code, 0, output);
  };

  test('promtool finds nothing wrong with the metrics', async (t) => {
    const endpoint = await startFlow(t);
    await ask(endpoint, 30);
    const response = await fetch(`http://127.0.0.1:${endpoint.port}/llm/metrics`, { headers: { authorization: 'Bearer metrics-token' } });
    await check(['metrics'], await response.text());
  });

  test('promtool finds nothing wrong with the configuration and the rules', async () => {
    await check(['config', join(folder, 'prometheus.yml')]);
    await check(['rules', join(folder, 'alerts.yml')]);
  });

  test('each query of the dashboard and of the rules has an answer', { timeout: 60_000 }, async (t) => {
    const endpoint = await startFlow(t);
    const config = readFileSync(join(folder, 'prometheus.yml'), 'utf8')
      .replaceAll('15s', '1s')
      .replace('127.0.0.1:1880', `127.0.0.1:${endpoint.port}`)
      .replace('  - alerts.yml', `  - ${folder}/alerts.yml`)
      .replace('    # authorization:\n    #   credentials_file: /etc/prometheus/llm-token', '    authorization:\n      credentials: metrics-token');
    const prometheus = await startPrometheus(t, config);
    const hasAnswer = async (expression: string) => (await prometheus.query(expression)).some(({ value: [, value] }) => value !== 'NaN');
    let left = queries;
    const until = Date.now() + 40_000;
    while (left.length > 0 && Date.now() < until) {
      await ask(endpoint, 20);
      await delay(300);
      const answered = await Promise.all(left.map(({ expr }) => hasAnswer(expr)));
      left = left.filter((_, index) => !answered[index]);
    }
    assert.deepEqual(left, []);
    const rules = [...readFileSync(join(folder, 'alerts.yml'), 'utf8').matchAll(/expr: (?:\|\n)?([\s\S]+?)\n {8}(?=for:|labels:)/g)].map(([, expression = '']) => expression.trim());
    assert.equal(rules.length, 11);
    // Without its bound, each has a value.
    for (const rule of rules) {
      const [, unbounded = rule] = /^([\s\S]+) (?:==|>) [\d.]+$/.exec(rule) ?? [];
      assert.ok((await prometheus.query(unbounded)).length > 0, unbounded);
    }
  });
});
