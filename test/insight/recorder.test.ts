/** When the recorder records, and what it tells then. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { EventBus, type EventName } from '../../nodes/core/events.ts';
import type { CaptureRules } from '../../nodes/insight/capture/capture.ts';
import { Recorder } from '../../nodes/insight/recorder.ts';
import { FakeTime } from '../support/fake-time.ts';
import { llmNodeOf } from '../support/llm-node.ts';

const names: EventName[] = ['request', 'attempt', 'firstToken', 'retry', 'completion', 'failure', 'stage', 'stageEnd', 'branchStart', 'branch', 'served', 'asked', 'answered', 'breaker', 'health'];
const rules: CaptureRules = { count: 10, keys: true, emails: true, cards: true, patterns: [] };
const backend = { id: 'b', name: 'B', type: 'llm-x' };

function recorderOf(t: TestContext) {
  const time = new FakeTime(t);
  const bus = new EventBus();
  const recorder = new Recorder(bus, () => [llmNodeOf({ identity: backend, breaker: 'closed' })]);
  const about = (requestId: string) => ({ requestId, backend, provider: 'p', model: 'm', operation: 'chat' }) as const;
  return {
    time,
    recorder,
    listened: () => names.filter((name) => bus.has(name)).length,
    ask: (id: string, payload: unknown = 'Why?') => {
      bus.emit('request', about(id));
      bus.emit('asked', { id, payload, llm: { temperature: 1 } });
      bus.emit('failure', { ...about(id), error: 'server', hint: 'Look at it.', attempts: 0, queuedMs: 0, ms: 1 });
    },
  };
}

describe('The recorder', () => {
  test('hears nothing until somebody looks or keeps it', (t) => {
    const { recorder, listened } = recorderOf(t);
    assert.equal(listened(), 0);
    const release = recorder.keep();
    assert.ok(listened() > 0);
    release();
    assert.equal(listened(), 0);
  });

  test('ends half a minute after the last look', async (t) => {
    const { time, recorder, listened, ask } = recorderOf(t);
    recorder.look();
    ask('a');
    await time.advance(29_000);
    assert.equal(recorder.requests(0).requests.length, 1);
    await time.advance(29_999);
    assert.ok(listened() > 0);
    await time.advance(1);
    assert.deepEqual([listened(), time.timers], [0, 0]);
    assert.deepEqual(recorder.requests(0).requests, []);
  });

  test('goes on while a monitor keeps it, and then for who has just looked', async (t) => {
    const { time, recorder, listened, ask } = recorderOf(t);
    const release = recorder.keep();
    ask('a');
    await time.advance(3_600_000);
    assert.deepEqual([recorder.live().isKept, recorder.live().all.today.requests], [true, 1]);
    release();
    release();
    assert.equal(recorder.live().isKept, false);
    const other = recorder.keep();
    await time.advance(60_000);
    assert.deepEqual(recorder.requests(0).requests.map(({ id }) => id), ['a']);
    await time.advance(30_000);
    other();
    assert.equal(listened(), 0);
  });

  test('tells live figures, rows and traces, and nothing of what it does not know', async (t) => {
    const { recorder, ask } = recorderOf(t);
    recorder.look();
    ask('a');
    assert.deepEqual(recorder.live().nodes.map(({ node, state, today }) => [node, state, today.failed]), [[backend, 'ready', 1]]);
    assert.deepEqual([(await recorder.trace('a'))?.outcome, (await recorder.trace('a'))?.hint, (await recorder.trace('a'))?.content], ['failed', 'Look at it.', undefined]);
    assert.deepEqual([await recorder.trace('x'), await recorder.replayOf('x'), await recorder.replayOf('a')], [undefined, undefined, undefined]);
  });

  test('has no ear for content unless a monitor says so', async (t) => {
    const { recorder, ask, listened } = recorderOf(t);
    recorder.keep();
    const without = listened();
    const release = recorder.keep(rules);
    assert.equal(listened(), without + 2);
    ask('a', 'Mail ann@example.org.');
    assert.deepEqual((await recorder.trace('a'))?.content, { prompt: 'Mail [redacted].', settings: '{"temperature":1}', canReplay: true, redactions: 1 });
    assert.deepEqual(await recorder.replayOf('a'), { entry: 'b', payload: 'Mail [redacted].', llm: { temperature: 1 } });
    release();
    assert.deepEqual([listened(), (await recorder.trace('a'))?.content, await recorder.replayOf('a')], [without, undefined, undefined]);
  });

  test('keeps content through a deploy with the same rules, and drops it with others or none', async (t) => {
    const { recorder, ask } = recorderOf(t);
    const content = async () => (await recorder.trace('a'))?.content?.prompt;
    /** The node that takes the place of another is there before that one is over. */
    const redeploy = (release: () => void, next?: CaptureRules) => {
      const more = recorder.keep(next);
      release();
      return more;
    };
    let release = recorder.keep(rules);
    ask('a');
    release = redeploy(release, { ...rules });
    assert.equal(await content(), 'Why?');
    release = redeploy(release, { ...rules, patterns: ['why'] });
    assert.equal(await content(), undefined);
    ask('a');
    release = redeploy(release);
    assert.equal(await content(), undefined);
    release = redeploy(release, { ...rules, patterns: ['why'] });
    assert.equal(await content(), undefined);
  });

  test('redacts what any of several monitors wants to be redacted', async (t) => {
    const { recorder, ask } = recorderOf(t);
    recorder.keep({ ...rules, count: 1, emails: false, patterns: ['falcon'] });
    const release = recorder.keep({ ...rules, keys: false, patterns: ['hawk'] });
    ask('a', 'Falcon, hawk, ann@example.org');
    ask('b');
    assert.equal((await recorder.trace('a'))?.content?.prompt, '[redacted], [redacted], [redacted]');
    release();
    ask('c', 'ann@example.org');
    assert.deepEqual([(await recorder.trace('a'))?.content, (await recorder.trace('c'))?.content?.prompt], [undefined, 'ann@example.org']);
  });
});
