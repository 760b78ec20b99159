/** A line to wait in by fake time, which tells how each waiting ended. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import type { TestContext } from 'node:test';
import { LlmError } from '../../nodes/core/errors.ts';
import { type Waiter, WaitingLine } from '../../nodes/core/waiting-line.ts';
import { FakeTime, settled } from './fake-time.ts';

export const gone = new LlmError('cancelled', 'Gone.');

/** A line whose waiters get what is `free`; `ends` tells how each waiting ended. */
export function lineOf(t: TestContext, maxWaiting = 10) {
  const time = new FakeTime(t);
  const line = new WaitingLine<string>({
    maxWaiting,
    full: () => new LlmError('shed', 'The line is full.'),
    late: (timeoutMs) => new LlmError('timeout', `Waited ${timeoutMs} ms.`),
  });
  const free = new Set<string>();
  const ends: string[] = [];
  const signals: AbortSignal[] = [];
  const tryTake = (thing: string) => () => (free.delete(thing) ? thing : undefined);
  /** Waits for what `tryGrant` gives, by default for "it". */
  const join = (name: string, waiter: Partial<Waiter<string>> = {}) => {
    const controller = new AbortController();
    signals.push(waiter.signal ?? controller.signal);
    line.wait({ priority: 0, signal: controller.signal, tryGrant: tryTake('it'), ...waiter }).then(
      (grant) => ends.push(`${name} got ${grant}`),
      (error: Error) => ends.push(`${name}: ${error.message}`),
    );
    return controller;
  };
  const serve = async (...things: string[]) => {
    for (const thing of things) free.add(thing);
    line.serve();
    await settled();
  };
  /** Nobody waits, and nothing is left of those who did. */
  const nothingLeft = () => {
    const listeners = signals.map((signal) => getEventListeners(signal, 'abort').length);
    assert.deepEqual([line.length, time.timers, Math.max(0, ...listeners)], [0, 0, 0]);
  };
  return { time, line, free, ends, join, serve, tryTake, nothingLeft };
}
