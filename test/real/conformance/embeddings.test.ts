/** Embeddings of a real llama-server: one that gives them, and those that were started without. */
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { LlamaCppClient } from '../../../nodes/backends/llamacpp/client.ts';
import { LlamaCppServer } from '../../../nodes/backends/llamacpp/server.ts';
import { OpenAiAccount } from '../../../nodes/backends/openai/account.ts';
import { OpenAiClient } from '../../../nodes/backends/openai/client.ts';
import type { Backend } from '../../../nodes/core/backend.ts';
import { policyFor } from '../../../nodes/core/errors.ts';
import { type CompletionRequest, readRequest } from '../../../nodes/core/request.ts';
import { cleanEnvironment } from '../../support/environment.ts';
import { findLlamaServer, type LlamaServer, startLlamaServer } from '../../support/llama-server.ts';
import { backendOf, failureOf, requestOf } from '../../support/requests.ts';

cleanEnvironment();

const found = findLlamaServer();
const cat = 'The cat sat on the mat.';
const texts = [cat, 'Lily and her mom went to the park.', cat, 'Once upon a time'];

function toEmbed(payload: string | string[], extra: Record<string, unknown> = {}): CompletionRequest {
  return readRequest(payload, { task: 'embed', extra }, {});
}

/** By the two nodes that may ask such a server. */
const nodes: Record<string, (t: TestContext, url: string) => Backend> = {
  'llm-llamacpp': (t, url) => {
    const server = new LlamaCppServer({ url }, { id: 'real', name: '', type: 'llm-llamacpp-server', lasting: false });
    t.after(() => server.close());
    return backendOf(new LlamaCppClient(server.http, { api: 'chat', cachePrompt: true }));
  },
  'llm-openai': (t, url) => {
    const account = new OpenAiAccount({ baseUrl: `${url}/v1`, apiKey: 'none' });
    t.after(() => account.close());
    return backendOf(new OpenAiClient(account, { api: 'auto', maxTokensField: 'auto' }));
  },
};

describe('a real llama.cpp server that gives embeddings', { skip: typeof found === 'string' && found }, () => {
  assert.ok(typeof found !== 'string');
  let llama: LlamaServer;

  before(async () => {
    // With more slots than one the vectors of a batch are not those of its texts (llama.cpp's issue 26282).
    llama = await startLlamaServer(found, '--embeddings', '--pooling', 'mean', '--parallel', '1');
  });
  after(() => llama?.kill());

  for (const [type, backend] of Object.entries(nodes)) {
    it(`gives ${type} a vector for each text, in their order, all of one length`, async (t) => {
      const { embeddings = [], text, finishReason } = await backend(t, llama.url).complete(toEmbed(texts));
      assert.deepEqual([embeddings.length, new Set(embeddings.map(({ length }) => length)).size], [texts.length, 1]);
      assert.deepEqual([text, finishReason], ['', 'stop']);
      for (const vector of embeddings) assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-4, 'It is of length 1.');
      const [first = [], second = [], third = []] = embeddings;
      assert.ok(likeness(first, third) > 0.9999, 'The same text has the same vector.');
      assert.ok(likeness(first, second) < 0.99, 'Another has another.');
      for (const [at, one] of texts.entries()) {
        const { embeddings: [alone = []] = [] } = await backend(t, llama.url).complete(toEmbed(one));
        assert.ok(likeness(alone, embeddings[at] ?? []) > 0.9999, `Text ${at} is where it was.`);
      }
    });

    it(`counts the tokens for ${type}`, async (t) => {
      const usageOf = async (payload: string | string[]) => (await backend(t, llama.url).complete(toEmbed(payload))).usage;
      const each = await Promise.all(texts.map(usageOf));
      const all = await usageOf(texts);
      assert.deepEqual([all.inputTokens, all.outputTokens, all.estimated], [each.reduce((sum, { inputTokens }) => sum + inputTokens, 0), 0, false]);
      assert.ok(all.inputTokens > texts.length);
    });

    it(`tells ${type} of a text that is too long`, async (t) => {
      const failure = await failureOf(backend(t, llama.url).complete(toEmbed([cat, `${cat} `.repeat(400)])));
      assert.equal(failure.kind, 'context_length');
      assert.ok(!failure.message.includes('cat sat'));
    });
  }

  it('takes no dimensions, and lets them be', async (t) => {
    const lengthOf = async (extra: Record<string, unknown>) => (await nodes['llm-llamacpp']?.(t, llama.url).complete(toEmbed(cat, extra)))?.embeddings?.[0]?.length;
    assert.equal(await lengthOf({ dimensions: 2 }), await lengthOf({}));
  });

  it('chats as well', async (t) => {
    const { usage } = await (nodes['llm-llamacpp']?.(t, llama.url) ?? assert.fail()).complete(requestOf('Once upon a time', { maxTokens: 4 }));
    assert.equal(usage.outputTokens, 4);
  });
});

describe('a real llama.cpp server that gives no embeddings', { skip: typeof found === 'string' && found }, () => {
  assert.ok(typeof found !== 'string');
  const ways = [
    { how: 'without --embeddings', args: [], status: 501 },
    { how: 'without --pooling, for a model that names none', args: ['--embeddings'], status: 400 },
  ];

  for (const { how, args, status } of ways) {
    it(`for it was started ${how}, says so, and another branch is asked`, async (t) => {
      const llama = await startLlamaServer(found, ...args);
      t.after(() => llama.kill());
      for (const backend of Object.values(nodes)) {
        const failure = await failureOf(backend(t, llama.url).complete(toEmbed(texts)));
        assert.deepEqual([failure.kind, failure.status, policyFor(failure.kind).nextBranch], ['not_found', status, true]);
        assert.match(failure.hint ?? '', /^Start llama-server with --embeddings, and with --pooling mean/);
      }
    });
  }
});

/** The cosine of two vectors of length 1. */
function likeness(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}
