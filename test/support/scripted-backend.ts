/** A backend over a scripted client, and what a test wants to know of its requests. */
import type { TestContext } from 'node:test';
import { Backend, type BackendOptions } from '../../nodes/core/backend.ts';
import type { Completion } from '../../nodes/core/completion.ts';
import { LlmError } from '../../nodes/core/errors.ts';
import { bus, type EventName } from '../../nodes/core/events.ts';
import { defaultLimits, type Limits } from '../../nodes/core/limits.ts';
import { FakeTime } from './fake-time.ts';
import { requestOf } from './requests.ts';
import { finish, type Script, ScriptedClient, text } from './scripted-client.ts';

export const identity = { id: 'b1', name: 'Backend', type: 'llm-scripted' };
export const hello = requestOf('Hello');
export const short = [text('Hi'), finish];

export interface Setup extends Partial<Omit<BackendOptions, 'limits' | 'client'>> {
  limits?: Partial<Limits>;
  scripts: Script[];
}

/** A backend under a clock of the test's own. Without the limits that a test is not about: no retries, no breaker. */
export function backendOf(t: TestContext, { limits, scripts, ...options }: Setup) {
  const time = new FakeTime(t);
  const client = new ScriptedClient(...scripts);
  const backend = new Backend({
    identity,
    client,
    model: 'small',
    ...options,
    limits: { ...defaultLimits, retries: 0, breakerFailures: 0, ...limits },
  });
  return { time, client, backend };
}

/** Everything that happens on the bus while the test runs. */
export function listen(t: TestContext): Array<{ name: EventName } & Record<string, unknown>> {
  const events: Array<{ name: EventName } & Record<string, unknown>> = [];
  const names: EventName[] = ['request', 'attempt', 'firstToken', 'retry', 'completion', 'failure', 'breaker', 'health'];
  for (const name of names) t.after(bus.on(name, (event) => events.push({ name, ...event })));
  return events;
}

export interface Outcome {
  completion?: Completion;
  failure?: LlmError;
}

/** What becomes of a promise, to be looked at while it goes on. */
export function watch(promise: Promise<Completion>): Outcome {
  const outcome: Outcome = {};
  promise.then(
    (completion) => (outcome.completion = completion),
    (failure: LlmError) => (outcome.failure = failure),
  );
  return outcome;
}

/** By the clock of the test. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

export const cancel = new LlmError('cancelled', 'The caller went away.');
