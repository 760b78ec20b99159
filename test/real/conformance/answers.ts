/** Rows about what is answered. */
import assert from 'node:assert/strict';
import type { StreamPart } from '../../../nodes/core/completion.ts';
import { calledIn } from '../../../nodes/core/conversation/calls.ts';
import { backendOf } from '../../support/requests.ts';
import { ask, greedy, type Row, story } from './row.ts';

const city = { type: 'object', properties: { city: { enum: ['Graz', 'Linz'] } }, required: ['city'], additionalProperties: false };
const weather = { type: 'function' as const, function: { name: 'weather', parameters: city } };

export const answers: readonly Row[] = [
  {
    name: 'a plain answer',
    async run({ backend, ...on }) {
      const { text, finishReason, usage } = await backend.complete(ask(on, story, greedy));
      assert.ok(text.length > 0);
      assert.deepEqual([finishReason, usage.outputTokens, usage.estimated], ['length', 8, false]);
      assert.ok(usage.inputTokens > 4);
    },
  },
  {
    name: 'a streamed answer',
    async run({ backend, ...on }) {
      const parts: StreamPart[] = [];
      const sink = { write: (piece: readonly StreamPart[]) => void parts.push(...piece) };
      const { text } = await backend.complete(ask(on, story, { ...greedy, maxTokens: 48 }), { sink });
      const tokens = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
      assert.ok(tokens.length > 8, `${tokens.length} tokens`);
      assert.equal(tokens.join(''), text);
    },
  },
  {
    name: 'at most as many tokens as are allowed',
    async run({ backend, ...on }) {
      for (const maxTokens of [1, 5, 17]) {
        const { finishReason, usage } = await backend.complete(ask(on, story, { ...greedy, maxTokens }));
        assert.deepEqual([finishReason, usage.outputTokens], ['length', maxTokens]);
      }
    },
  },
  {
    name: 'a stop sequence, which is no part of the answer',
    async run({ backend, ...on }) {
      const varied = { temperature: 1, seed: 7, maxTokens: 64 };
      const { text } = await backend.complete(ask(on, story, varied));
      const stop = /[a-z]{3}/.exec(text.slice(6))?.[0] ?? assert.fail(`No word to stop at: ${text}`);
      const stopped = await backend.complete(ask(on, story, { ...varied, stop: [stop] }));
      assert.deepEqual([stopped.text, stopped.finishReason], [text.slice(0, text.indexOf(stop)), 'stop']);
    },
  },
  {
    name: 'temperature 0, twice the same',
    async run({ backend, ...on }) {
      const request = ask(on, 'Lily and her mom', { temperature: 0, maxTokens: 48 });
      assert.equal((await backend.complete(request)).text, (await backend.complete(request)).text);
    },
  },
  {
    name: 'a JSON schema',
    async run({ backend, ...on }) {
      const responseFormat = { type: 'json_schema', json_schema: { name: 'color', schema: { enum: ['red', 'green'] } } };
      const { text, finishReason } = await backend.complete(ask(on, 'Which color?', { ...greedy, maxTokens: 64, responseFormat }));
      assert.match(String(JSON.parse(text)), /^(red|green)$/);
      assert.equal(finishReason, 'stop');
    },
  },
  {
    name: 'a constraint of the node itself',
    async run({ t, subject, server }) {
      assert.ok(subject.constrain);
      const { client, close } = subject.constrain(server.url);
      t.after(close);
      const { text } = await backendOf(client).complete(ask({ server }, 'Is it?', { ...greedy, maxTokens: 64 }));
      assert.match(text, /^"?(yes|no)"?$/);
    },
  },
  {
    name: 'tools',
    async run({ backend, ...on }) {
      const settings = { ...greedy, maxTokens: 200, tools: [weather], toolChoice: 'required' };
      const { message, finishReason } = await backend.complete(ask(on, 'What is the weather?', settings));
      const [call] = message.tool_calls ?? assert.fail(`No call, but ${JSON.stringify(message)}`);
      assert.deepEqual([call && calledIn(call).name, finishReason], ['weather', 'tool_calls']);
      // Only with `strict` the arguments are held to their schema, and then the model, which knows nothing, dawdles in it.
      assert.doesNotThrow(() => JSON.parse(call ? calledIn(call).input : '') as unknown);
    },
  },
];
