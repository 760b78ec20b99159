/** Rows about tokens: what we say that a request cost is what the server counted. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { ask, greedy, type Row } from './row.ts';
import type { Counters, RealServer } from './server.ts';

export const counts: readonly Row[] = [
  {
    name: 'usage equal to the server’s counters',
    async run({ backend, ...on }) {
      const { server } = on;
      for (const payload of ['Lily and her mom', 'The big red dog ran to the park']) {
        const before = await server.counters();
        const { usage } = await backend.complete(ask(on, payload, { ...greedy, maxTokens: 20 }));
        const added = server.countOf(usage);
        const expected = { input: before.input + added.input, output: before.output + added.output };
        assert.deepEqual(await counted(server, expected), expected);
      }
    },
  },
  {
    name: 'a prompt as long as the server’s tokenizer says',
    async run({ backend, ...on }) {
      const text = 'Tom and Lily like to play in the park. One day, they find a big box.';
      const { usage } = await backend.complete(ask(on, text, greedy));
      assert.equal(usage.inputTokens, await on.server.tokens(on.subject.api, text));
    },
  },
];

/** A server may count an answer a moment after its end. */
async function counted(server: RealServer, expected: Counters): Promise<Counters> {
  for (let tries = 0; ; tries++) {
    const now = await server.counters();
    if (now.output >= expected.output || tries === 40) return now;
    await delay(50);
  }
}
