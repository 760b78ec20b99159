/** Rows about many requests at once, and about those that are given up. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Backend } from '../../../nodes/core/backend.ts';
import { LlmError } from '../../../nodes/core/errors.ts';
import type { CompletionRequest } from '../../../nodes/core/request.ts';
import { ask, endless, greedy, type Row, type RowContext, story } from './row.ts';

/** The servers are started with as many. */
const slots = 4;

/** No answer of a few tokens takes so long, even on a machine that has other things to do. */
const longMs = 60_000;

export const load: readonly Row[] = [
  {
    name: 'a slot is free long before the end of its stream that was cancelled',
    async run(on) {
      const { server } = on;
      const before = await server.counters();
      const streams = await fill(on, slots);
      await streams.cancel();
      assert.equal(await busyUntil(on, (busy) => busy === 0), 0);
      const after = await server.counters();
      on.t.diagnostic(`${after.output - before.output} tokens`);
      assert.ok(after.output - before.output < (slots * endless.maxTokens) / 2, `${after.output - before.output} tokens`);
      assert.deepEqual(await server.counters(), after);
    },
  },
  {
    name: 'all slots busy: a request waits, and is answered',
    async run(on) {
      const streams = await fill(on, 2 * slots, slots);
      assert.equal(await busyUntil(on, (busy) => busy === slots), slots);
      const waiting = on.backend.complete(ask(on, story, greedy));
      await streams.cancel();
      assert.equal((await waiting).usage.outputTokens, 8);
    },
  },
  {
    name: '64 at once on 4 slots all answer, in bounded time',
    async run(on) {
      const started = performance.now();
      const requests = Array.from({ length: 64 }, (_, index) => on.backend.complete(ask(on, `${story} number ${index}`, greedy)));
      for (const { usage } of await Promise.all(requests)) assert.equal(usage.outputTokens, 8);
      const ms = performance.now() - started;
      on.t.diagnostic(`64 answers in ${Math.round(ms)} ms`);
      assert.ok(ms < longMs, `${Math.round(ms)} ms`);
    },
  },
];

/** How many requests the server works on, as soon as the number fits, or after a while. */
async function busyUntil({ server }: RowContext, fits: (busy: number) => boolean): Promise<number> {
  for (let tries = 0; ; tries++) {
    const busy = await server.busy();
    if (fits(busy) || tries === 200) return busy;
    await delay(10);
  }
}

interface Streams {
  /** Gives all of them up; resolves when each has ended. */
  cancel(): Promise<void>;
}

/** Starts streams that go on for thousands of tokens. Resolves when so many of them have begun. */
async function fill({ backend, ...on }: RowContext, count: number, begun = count): Promise<Streams> {
  const controller = new AbortController();
  const enough = Promise.withResolvers<void>();
  let started = 0;
  const ends = Array.from({ length: count }, (_, index) => {
    const isFirst = once();
    const write = () => {
      if (isFirst() && ++started === begun) enough.resolve();
    };
    // They end alike: the tiny model of vLLM goes on from there with text, from elsewhere with marks that are no text.
    return endOf(backend, ask(on, `${index} ${story}`, endless), controller.signal, write);
  });
  await Promise.race([enough.promise, Promise.all(ends).then((ended) => assert.fail(`The streams ended too early: ${ended.join(', ')}`))]);
  return {
    cancel: async () => {
      controller.abort(new LlmError('cancelled', 'The caller went away.'));
      const ended = await Promise.all(ends);
      assert.ok(ended.includes('cancelled'), 'The streams were over before they were cancelled.');
      for (const end of ended) assert.match(end, /^(cancelled|whole)$/);
    },
  };
}

async function endOf(backend: Backend, request: CompletionRequest, signal: AbortSignal, write: () => void): Promise<string> {
  return backend.complete(request, { signal, sink: { write } }).then(
    () => 'whole',
    (error: LlmError) => error.kind,
  );
}

function once(): () => boolean {
  let called = false;
  return () => !called && (called = true);
}
