/** What stages cost, over an echo that answers at once, and what a pool's strategy is worth where one member is slow. */
import type { FlowNode, TestNodeRed } from '../support/node-red.ts';
import { at, driver, type Measurement, measure } from './measure.ts';

const rounds = 5;

const costs = {
  echo: 'echo alone',
  hop1: 'echo behind one node that passes messages on',
  hop3: 'echo behind three such nodes',
  stage1: 'a fallback over echo',
  stage3: 'a router over a fallback over a pool over echo',
  pool3: 'a fallback over a pool of three echoes',
} as const;
type Cost = keyof typeof costs;

const strategies = { 'round-robin': 'round-robin', 'least-busy': 'least busy', fastest: 'fastest' } as const;
type Strategy = keyof typeof strategies;

/** As a llama-server with four slots. */
const slots = { maxConcurrent: 4, maxQueued: 1_000 };
const fastMs = 4;
const slowMs = 40;

export function stageFlows(): FlowNode[] {
  const echo = (id: string, to: string, more: object = {}): FlowNode => ({ id, type: 'llm-echo', ...at, tokensPerSecond: 0, ...more, wires: to ? [[to]] : [[]] });
  const pass = (id: string, to: string): FlowNode => ({ id, type: 'bench-pass', ...at, wires: [[to]] });
  const fallback = (id: string, to: string, branch: string): FlowNode => ({ id, type: 'llm-fallback', ...at, branches: [{}], wires: [to ? [to] : [], [branch]] });
  const pool = (id: string, members: string[], more: object = {}, to = ''): FlowNode => ({ id, type: 'llm-pool', ...at, members: members.map(() => ({})), ...more, wires: [to ? [to] : [], ...members.map((member) => [member])] });
  return [
    driver('echo', 'echo-1'),
    echo('echo-1', 'echo'),
    driver('hop1', 'hop1-1'),
    pass('hop1-1', 'hop1-echo'),
    echo('hop1-echo', 'hop1'),
    driver('hop3', 'hop3-1'),
    pass('hop3-1', 'hop3-2'),
    pass('hop3-2', 'hop3-3'),
    pass('hop3-3', 'hop3-echo'),
    echo('hop3-echo', 'hop3'),
    driver('stage1', 'stage1-fallback'),
    fallback('stage1-fallback', 'stage1', 'stage1-echo'),
    echo('stage1-echo', ''),
    driver('stage3', 'stage3-router'),
    { id: 'stage3-router', type: 'llm-router', ...at, branches: [{ percent: 100 }], wires: [['stage3'], ['stage3-fallback']] },
    fallback('stage3-fallback', '', 'stage3-pool'),
    pool('stage3-pool', ['stage3-echo']),
    echo('stage3-echo', ''),
    driver('pool3', 'pool3-fallback'),
    fallback('pool3-fallback', 'pool3', 'pool3-pool'),
    pool('pool3-pool', ['pool3-a', 'pool3-b', 'pool3-c']),
    ...['a', 'b', 'c'].map((name) => echo(`pool3-${name}`, '')),
    ...Object.keys(strategies).flatMap((strategy) => {
      const members = ['a', 'b', 'c', 'slow'].map((name) => `${strategy}-${name}`);
      return [
        driver(strategy, `${strategy}-pool`),
        pool(`${strategy}-pool`, members, { strategy }, strategy),
        ...members.map((id) => echo(id, '', { ...slots, delayMs: id.endsWith('slow') ? slowMs : fastMs })),
      ];
    }),
  ];
}

/** The tables, as text. */
export async function measureStages(nodeRed: TestNodeRed): Promise<string> {
  const rows = Object.keys(costs) as Cost[];
  const one = await measure(nodeRed, rows, { count: 2_000, concurrency: 1 }, rounds);
  const many = await measure(nodeRed, rows, { count: 8_000, concurrency: 32 }, rounds);
  const slow = await measure(nodeRed, Object.keys(strategies) as Strategy[], { count: 1_000, concurrency: 32 }, 1);
  return `${costTable(rows, one, many)}\n\n${strategyTable(slow)}`;
}

function costTable(rows: readonly Cost[], one: Record<Cost, Measurement>, many: Record<Cost, Measurement>): string {
  const us = (ms: number) => Math.round(ms * 1000);
  const lines = rows.map((row) => {
    const added = row === 'echo' ? '' : us(one[row].p50 - one.echo.p50);
    return `| ${costs[row]} | ${us(one[row].p50)} | ${added} | ${us(one[row].p99)} | ${Math.round(many[row].rate)} |`;
  });
  return ['| one request | p50 µs | added | p99 µs | requests/s at 32 |', '|---|---|---|---|---|', ...lines].join('\n');
}

function strategyTable(slow: Record<Strategy, Measurement>): string {
  const lines = Object.entries(strategies).map(([strategy, name]) => {
    const { p50, p99, rate } = slow[strategy as Strategy];
    return `| ${name} | ${p50.toFixed(1)} | ${p99.toFixed(1)} | ${(slow['round-robin'].p99 / p99).toFixed(1)} | ${Math.round(rate)} |`;
  });
  const title = `| pool of four, one of them ten times slower (${fastMs} and ${slowMs} ms, four slots each), 32 at once | p50 ms | p99 ms | times lower | requests/s |`;
  return [title, '|---|---|---|---|---|', ...lines].join('\n');
}
