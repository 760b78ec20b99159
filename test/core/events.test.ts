import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventBus, type LlmEvents } from '../../nodes/core/events.ts';

const event: LlmEvents['health'] = { connection: { id: 'c', name: 'Server', type: 'llm-x-server' }, provider: 'x', state: 'ready' };

test('listeners are called at once, in order, until they unsubscribe', () => {
  const bus = new EventBus();
  const calls: string[] = [];
  const end = bus.on('health', ({ state }) => calls.push(`first ${state}`));
  bus.on('health', ({ state }) => calls.push(`second ${state}`));
  bus.emit('health', event);
  end();
  end();
  bus.emit('health', { ...event, state: 'down' });
  assert.deepEqual(calls, ['first ready', 'second ready', 'second down']);
});

test('a listener hears only what it asked for', () => {
  const bus = new EventBus();
  bus.on('breaker', () => assert.fail('It heard of something else.'));
  bus.emit('health', event);
});

test('the bus knows whether anybody listens', () => {
  const bus = new EventBus();
  assert.equal(bus.has('health'), false);
  const end = bus.on('health', () => undefined);
  assert.equal(bus.has('health'), true);
  assert.equal(bus.has('breaker'), false);
  end();
  assert.equal(bus.has('health'), false);
});

test('a listener that fails is reported and disturbs nobody', () => {
  const bus = new EventBus();
  const reported: unknown[] = [];
  const heard: string[] = [];
  bus.reportTo((error) => reported.push(error));
  const failure = new Error('listener');
  bus.on('health', () => {
    throw failure;
  });
  bus.on('health', ({ state }) => heard.push(state));
  bus.emit('health', event);
  assert.deepEqual(reported, [failure]);
  assert.deepEqual(heard, ['ready']);
});

test('a listener may unsubscribe itself while it is called', () => {
  const bus = new EventBus();
  const heard: string[] = [];
  const end = bus.on('health', () => {
    heard.push('once');
    end();
  });
  bus.on('health', () => heard.push('always'));
  bus.emit('health', event);
  bus.emit('health', event);
  assert.deepEqual(heard, ['once', 'always', 'always']);
});
