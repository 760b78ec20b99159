/** Rows that only one kind of server can meet. */
import assert from 'node:assert/strict';
import { LlamaCppClient } from '../../../nodes/backends/llamacpp/client.ts';
import { LlamaCppServer } from '../../../nodes/backends/llamacpp/server.ts';
import { VllmClient } from '../../../nodes/backends/vllm/client.ts';
import { VllmServer } from '../../../nodes/backends/vllm/server.ts';
import type { LlmError } from '../../../nodes/core/errors.ts';
import { backendOf } from '../../support/requests.ts';
import { vllmContext } from '../../support/vllm-server.ts';
import { assertKind } from './refusals.ts';
import { ask, greedy, type Row, story } from './row.ts';
import { apiKey } from './server.ts';

const { signal } = new AbortController();
const owner = { id: 'real', name: '', type: 'llm-real-server', lasting: false };

export const llamaCppRows: readonly Row[] = [
  {
    name: 'the test of the config node, and its list of models',
    async run({ t, server: { url } }) {
      const connection = new LlamaCppServer({ url, apiKey }, owner);
      t.after(() => connection.close());
      assert.match(await connection.test(signal), /^llama\.cpp is ready: model stories260K\.gguf, 4 slots, \d+ tokens of context each\.$/);
      assert.match((await connection.models(signal)).join(), /stories260K\.gguf/);
      const locked = new LlamaCppServer({ url }, owner);
      t.after(() => locked.close());
      await assert.rejects(locked.test(signal), { kind: 'auth' });
    },
  },
  {
    name: 'a prompt that stays in its slot, unless the node says otherwise',
    async run({ t, server }) {
      const connection = new LlamaCppServer({ url: server.url, apiKey }, owner);
      t.after(() => connection.close());
      const cached = async (cachePrompt: boolean) => {
        const backend = backendOf(new LlamaCppClient(connection.http, { api: 'completion', slot: 1, cachePrompt }));
        return (await backend.complete(ask({ server }, 'The big red dog ran to the park and', greedy))).usage.cachedInputTokens ?? 0;
      };
      await cached(true);
      assert.ok((await cached(true)) > 3);
      assert.equal(await cached(false), 0);
    },
  },
];

export const vllmRows: readonly Row[] = [
  {
    name: 'the test of the config node, and its list of models',
    async run({ t, server: { url } }) {
      const connection = new VllmServer({ url, apiKey }, owner);
      t.after(() => connection.close());
      assert.equal(await connection.test(signal), `vLLM is ready: model tiny, ${vllmContext} tokens of context.`);
      assert.deepEqual(await connection.models(signal), ['tiny']);
      const locked = new VllmServer({ url }, owner);
      t.after(() => locked.close());
      await assert.rejects(locked.test(signal), { kind: 'auth' });
    },
  },
  {
    name: 'a text goes on to the end of the context where nobody sets a limit',
    async run({ t, server }) {
      const connection = new VllmServer({ url: server.url, apiKey }, owner);
      t.after(() => connection.close());
      const backend = backendOf(new VllmClient(connection.http, { api: 'completions' }));
      const { usage, finishReason } = await backend.complete(ask({ server }, `${story}. `.repeat(1_000), { temperature: 0, extra: { ignore_eos: true } }));
      assert.deepEqual([usage.inputTokens + usage.outputTokens, finishReason], [vllmContext, 'length']);
      assert.ok(usage.outputTokens > 16, `${usage.outputTokens} tokens`);
    },
  },
  {
    name: 'the legacy /generate',
    async run({ t, server }) {
      const connection = new VllmServer({ url: server.url, apiKey }, owner);
      t.after(() => connection.close());
      const backend = backendOf(new VllmClient(connection.http, { api: 'generate' }));
      const answer = await backend.complete(ask({ server }, story, greedy)).catch((error: LlmError) => error);
      if ('text' in answer) {
        assert.ok(answer.text.length > 0 && answer.usage.estimated);
        return undefined;
      }
      assertKind(answer, 'not_found', /the API in the node/);
      return `vLLM ${server.version} has it no more, and says so with 404`;
    },
  },
];
