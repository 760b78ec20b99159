/** What is kept of requests, against a model of traffic that knows what should be. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { EventBus, type LlmEvents } from '../../../nodes/core/events.ts';
import type { Span } from '../../../nodes/insight/sidebar/api.ts';
import { tracedEvents } from '../../../nodes/insight/traces/kept-request.ts';
import { Traces } from '../../../nodes/insight/traces/traces.ts';
import { Chance } from '../../support/chance.ts';
import { TrafficModel } from '../../support/told-requests.ts';

const backend = { id: 'b', name: 'Backend', type: 'llm-y' };
const endpoint = { id: 'e', name: 'Gateway', type: 'llm-endpoint' };
const about = (requestId: string) => ({ requestId, backend, provider: 'p', model: 'm', operation: 'chat' }) as const;
const usage = { inputTokens: 7, outputTokens: 5, estimated: false };

/** By a clock of the test's own. */
function tracesOf(t: TestContext, clock: { readonly now: number } = { now: 0 }, bus = new EventBus()) {
  t.mock.method(performance, 'now', () => clock.now);
  t.mock.method(Date, 'now', () => Date.UTC(2026, 0, 1) + clock.now);
  const traces = new Traces(bus);
  t.after(() => traces.close());
  const completed = (id: string, totalMs = 5) => bus.emit('completion', { ...about(id), requestedModel: 'm', finishReason: 'stop', usage, timing: { queuedMs: 0, totalMs }, attempts: 1 });
  const asked = (id: string) => bus.emit('request', about(id));
  return { clock: clock as { now: number }, bus, traces, completed, asked };
}

/** The ids of what has none on the bus are nobody's business, nor is how a wait is cut into pieces. */
function comparable(span: Span): object {
  const { id, ...rest } = span;
  const isTold = ['stage', 'branch', 'backend'].includes(span.kind);
  return { ...rest, ...(isTold && { id }), children: joined(span.children).map(comparable) };
}

function joined(children: readonly Span[]): Span[] {
  const queues: Span[] = [];
  for (const queue of children.filter(({ kind }) => kind === 'queue')) {
    const last = queues.at(-1);
    if (last?.endMs === queue.startMs) queues[queues.length - 1] = { ...last, ...(queue.endMs !== undefined && { endMs: queue.endMs }) };
    else queues.push(queue);
  }
  return [...queues, ...children.filter(({ kind }) => kind !== 'queue')];
}

function checkOrder({ children }: Span): void {
  for (const [index, { startMs }] of children.entries()) assert.ok(startMs >= (children[index - 1]?.startMs ?? 0));
  children.forEach(checkOrder);
}

const seeds = fc.nat();

describe('Traces', () => {
  test('are the trees that the events make, however requests come among each other', (t) => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 12 }), (seed, count) => {
        const bus = new EventBus();
        const model = new TrafficModel(bus, new Chance(seed));
        const { traces } = tracesOf(t, model, bus);
        for (let request = 0; request < count; request++) model.add();
        while (model.step());
        assert.equal(traces.size.open, 0);
        for (const { id, root, attempts, costUsd, status } of model.requests) {
          const trace = traces.trace(id);
          assert.ok(trace);
          checkOrder(trace.root);
          assert.deepEqual(comparable(trace.root), comparable(root));
          assert.deepEqual([trace.outcome, trace.error, trace.hint, trace.attempts, trace.costUsd ?? 0, trace.status], [root.outcome, root.error, root.hint, attempts, costUsd, status]);
        }
        const newestFirst = model.requests.map(({ id }) => id).toReversed();
        assert.deepEqual(traces.list(0).requests.map(({ id }) => id), newestFirst);
        traces.close();
      }),
      { numRuns: 200 },
    );
  });

  test('tell at any time what is so by then, and a list only what has changed', (t) => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 8 }), (seed, count) => {
        const bus = new EventBus();
        const model = new TrafficModel(bus, new Chance(seed));
        const { traces } = tracesOf(t, model, bus);
        for (let request = 0; request < count; request++) model.add();
        const rows = new Map<string, unknown>();
        let last = 0;
        while (model.step()) {
          const list = traces.list(last);
          ({ last } = list);
          for (const row of list.requests) rows.set(row.id, row);
          for (const { id, root } of model.requests) {
            const trace = traces.trace(id);
            assert.equal(trace?.outcome, root.outcome);
            if (root.outcome === 'running') assert.ok((trace?.ms ?? -1) >= 0, 'how long it has run so far');
          }
        }
        for (const row of traces.list(0).requests) assert.deepEqual(rows.get(row.id), row);
        assert.deepEqual(traces.list(last).requests, []);
        traces.close();
      }),
      { numRuns: 50 },
    );
  });

  test('hold on in memory to nothing, whatever is lost or comes in another order', (t) => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 20 }), (seed, count) => {
        const chance = new Chance(seed);
        const source = new EventBus();
        const model = new TrafficModel(source, chance);
        const { traces, bus } = tracesOf(t, model);
        const late: Array<() => void> = [];
        for (const name of tracedEvents) {
          source.on(name, (event) => {
            const tell = () => bus.emit(name, event);
            if (chance.oneIn(8)) return;
            if (chance.oneIn(8)) late.push(tell);
            else tell();
          });
        }
        for (let request = 0; request < count; request++) model.add();
        while (model.step()) if (chance.oneIn(4)) late.splice(chance.below(late.length + 1), 1).forEach((tell) => tell());
        for (const tell of late) tell();
        const { requests } = traces.list(0);
        for (const { id } of requests) checkOrder(traces.trace(id)?.root as Span);
        // Later requests push out whatever is left of these.
        for (let more = 0; more < 500; more++) bus.emit('request', about(`more-${more}`));
        for (let more = 0; more < 500; more++) bus.emit('failure', { ...about(`more-${more}`), error: 'server', attempts: 0, queuedMs: 0, ms: 0 });
        assert.deepEqual(traces.size, { ended: 300, running: 0, open: 0 });
        traces.close();
      }),
      { numRuns: 50 },
    );
  });

  test('are of the last three hundred, and of five hundred that are under way', (t) => {
    const { traces, asked, completed, clock } = tracesOf(t);
    for (let number = 0; number < 600; number++) asked(`r${number}`);
    assert.deepEqual([traces.size, traces.trace('r99'), traces.trace('r100')?.outcome], [{ ended: 0, running: 500, open: 500 }, undefined, 'running']);
    const { last } = traces.list(0);
    for (let number = 0; number < 600; number++) {
      clock.now += 100;
      completed(`r${number}`);
    }
    assert.deepEqual([traces.size, traces.trace('r299'), traces.trace('r300')?.outcome], [{ ended: 300, running: 0, open: 0 }, undefined, 'ok']);
    const list = traces.list(last);
    assert.deepEqual([list.kept?.length, list.requests.length, list.requests[0]?.id], [300, 300, 'r599']);
    assert.deepEqual([traces.list(list.last).kept, traces.list(list.last).requests], [undefined, []]);
  });

  test('are a sample where many are answered, with all that failed or were tried out in the editor', (t) => {
    const { traces, bus, clock, asked, completed } = tracesOf(t);
    for (let number = 0; number < 2000; number++) {
      const id = number % 500 === 499 ? `trial-${number}` : `r${number}`;
      asked(id);
      clock.now++;
      if (number % 100 === 0) bus.emit('failure', { ...about(id), error: 'server', attempts: 0, queuedMs: 0, ms: 0 });
      else completed(id);
    }
    const { requests, skipped } = traces.list(0);
    const count = (outcome: string) => requests.filter((row) => row.outcome === outcome).length;
    const trials = requests.filter(({ id }) => id.startsWith('trial-')).length;
    assert.deepEqual([count('failed'), count('ok') - trials, trials, skipped, traces.size.open], [20, 100, 4, 2000 - 124, 0]);
  });

  test('are all told to who comes from an earlier process, or from nowhere', (t) => {
    const { traces, asked } = tracesOf(t);
    asked('a');
    const { last } = traces.list(0);
    for (const after of [0, 1, last - 2 ** 40, last + 1, NaN]) assert.deepEqual([traces.list(after).requests.length, traces.list(after).kept], [1, ['a']], String(after));
  });

  test('are cut where there is too much of one request', (t) => {
    const { traces, bus, asked, completed } = tracesOf(t);
    asked('a');
    for (let number = 1; number <= 300; number++) bus.emit('attempt', { ...about('a'), number, requestedModel: 'm', outcome: 'failed', error: 'server', ms: 0 });
    completed('a');
    const trace = traces.trace('a');
    assert.deepEqual([trace?.isCut, trace?.root.children.length, trace?.outcome], [true, 249, 'ok']);
  });

  test('tell of what an endpoint refused, too', (t) => {
    const { traces, bus, clock } = tracesOf(t);
    clock.now = 100;
    const served = { id: 'stage-1', requestId: 'mine', endpoint, client: 'ann', path: '/chat/completions', status: 429, ms: 40 };
    bus.emit('served', served);
    bus.emit('served', { ...served, id: 'stage-2', status: 499 });
    // One that was answered, and is no longer kept.
    bus.emit('served', { ...served, id: 'stage-3', status: 200 });
    const [gone, refused, ...rest] = traces.list(0).requests;
    assert.deepEqual(refused, { id: 'stage-1', at: '2026-01-01T00:00:00.060Z', entry: endpoint, attempts: 0, client: 'ann', requestId: 'mine', status: 429, ms: 40, outcome: 'failed' });
    assert.deepEqual([gone?.outcome, rest], ['cancelled', []]);
    assert.deepEqual(traces.trace('stage-1')?.root, { id: 'stage-1', kind: 'stage', name: 'Gateway', node: endpoint, startMs: 0, endMs: 40, outcome: 'failed', children: [] });
  });

  test('have a row with all that is known of a request', (t) => {
    const { traces, bus, clock } = tracesOf(t);
    const timing = { queuedMs: 0, firstTokenMs: 20, totalMs: 90 };
    const cost: LlmEvents['attempt']['cost'] = { usd: 2, inputUsd: 1, outputUsd: 1 };
    bus.emit('stage', { id: 's', stage: endpoint, client: 'ann', requestId: 'mine' });
    bus.emit('request', { ...about('r'), parent: 's' });
    bus.emit('attempt', { ...about('r'), parent: 's', number: 1, requestedModel: 'm', outcome: 'failed', error: 'interrupted', ms: 1, usage, cost });
    bus.emit('attempt', { ...about('r'), parent: 's', number: 2, requestedModel: 'm', outcome: 'ok', ms: 1, usage, cost });
    clock.now = 90;
    bus.emit('stageEnd', { id: 's', stage: endpoint, client: 'ann', requestId: 'mine', outcome: 'ok', ms: 90, queuedMs: 0, attempts: 2, usage, cost, timing, route: 'A', backend: 'Backend', model: 'm-2' });
    bus.emit('served', { id: 's', requestId: 'mine', endpoint, client: 'ann', path: '/chat/completions', status: 200, ms: 95 });
    assert.deepEqual(traces.list(0).requests, [
      { id: 's', at: '2026-01-01T00:00:00.000Z', entry: endpoint, outcome: 'ok', requestId: 'mine', client: 'ann', route: 'A', backend: 'Backend', model: 'm-2', status: 200, ms: 90, firstTokenMs: 20, inputTokens: 7, outputTokens: 5, costUsd: 4, attempts: 2 },
    ]);
  });

  test('show waiting for a place where nothing else was done, for as long as it was', (t) => {
    const { traces, bus, clock } = tracesOf(t);
    const within = { parent: 's', stage: endpoint, shadow: false };
    bus.emit('stage', { id: 's', stage: endpoint });
    for (const branch of ['a', 'b']) {
      clock.now += 40;
      bus.emit('branchStart', { ...within, id: branch, branch });
      clock.now += 10;
      bus.emit('branch', { ...within, id: branch, branch, outcome: 'failed', error: 'server', ms: 10 });
    }
    bus.emit('stageEnd', { id: 's', stage: endpoint, outcome: 'failed', error: 'server', ms: 100, queuedMs: 60, attempts: 2 });
    const spans = traces.trace('s')?.root.children.map(({ kind, startMs, endMs }) => [kind, startMs, endMs]);
    assert.deepEqual(spans, [['queue', 0, 40], ['branch', 40, 50], ['queue', 50, 70], ['branch', 90, 100]]);
  });

  test('show a wait that goes on, and one that was cancelled', (t) => {
    const { traces, bus, clock, asked } = tracesOf(t);
    asked('a');
    bus.emit('retry', { ...about('a'), error: 'overloaded', delayMs: 1000 });
    clock.now = 400;
    const wait = () => traces.trace('a')?.root.children.map(({ kind, startMs, endMs, outcome, error }) => [kind, startMs, endMs, outcome, error]);
    assert.deepEqual(wait(), [['backoff', 0, undefined, 'running', 'overloaded']]);
    bus.emit('failure', { ...about('a'), error: 'cancelled', attempts: 1, queuedMs: 0, ms: 400 });
    clock.now = 5000;
    assert.deepEqual(wait(), [['backoff', 0, 400, 'ok', 'overloaded']]);
  });
});
