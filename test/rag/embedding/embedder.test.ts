import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { estimateTokenCount } from 'tokenx';
import { LlmError } from '../../../nodes/core/errors.ts';
import { type Embed, Embedder, type EmbedderOptions } from '../../../nodes/rag/embedding/embedder.ts';

const { signal } = new AbortController();

/** Vectors that tell their texts apart, and what was asked for. */
function embedderOf(options: Partial<EmbedderOptions> = {}) {
  const batches: string[][] = [];
  const embed: Embed = async (texts) => {
    batches.push(texts);
    return texts.map((text) => [text.length, 1]);
  };
  return { batches, embedder: new Embedder({ model: 'm', embed, ...options }) };
}

test('each text has its vector, of unit length', async () => {
  const { embedder } = embedderOf({ embed: async (texts) => texts.map((text) => (text === 'a' ? [3, 4] : [0, -2])) });
  assert.deepEqual(await embedder.passages(['a', 'b'], signal), [Float32Array.of(0.6, 0.8), Float32Array.of(0, -1)]);
  assert.deepEqual(await embedder.question('a', signal), Float32Array.of(0.6, 0.8));
  assert.equal(embedder.model, 'm');
});

test('questions and passages have prefixes of their own', async () => {
  const { embedder, batches } = embedderOf({ questionPrefix: 'query: ', passagePrefix: 'passage: ' });
  await embedder.passages(['a', 'b'], signal);
  await embedder.question('a', signal);
  assert.deepEqual(batches, [['passage: a', 'passage: b'], ['query: a']]);
});

test('vectors of passages with another prefix are those of another model', () => {
  const name = (options: Partial<EmbedderOptions>) => embedderOf(options).embedder.model;
  assert.deepEqual([name({}), name({ questionPrefix: 'q ' }), name({ passagePrefix: 'p ' }), name({ passagePrefix: 'p' })], ['m', 'm', 'm, after "p "', 'm, after "p"']);
});

test('no texts ask for nothing', async () => {
  const { embedder, batches } = embedderOf();
  assert.deepEqual([await embedder.passages([], signal), batches], [[], []]);
});

test('batches keep their bounds and are no smaller than they must be', async () => {
  const { embedder, batches } = embedderOf({ batchSize: 3, maxBatchTokens: 4 });
  const long = 'one two three four five six';
  await embedder.passages(['a', 'b', 'c', 'd', long, 'e', 'one two three', 'f', 'g'], signal);
  assert.deepEqual(batches, [['a', 'b', 'c'], ['d'], [long], ['e', 'one two three'], ['f', 'g']]);
});

test('whatever the bounds and whoever answers first, the order is that of the texts, and no more requests are under way than allowed', async () => {
  const bounds = fc.record({ batchSize: fc.integer({ min: 1, max: 5 }), maxBatchTokens: fc.integer({ min: 1, max: 20 }), concurrency: fc.integer({ min: 1, max: 4 }) });
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(fc.string({ maxLength: 40 }), { maxLength: 20 }), bounds, async (scheduler, texts, given) => {
      let busy = 0;
      const embed: Embed = async (batch) => {
        assert.ok(++busy <= given.concurrency && batch.length <= given.batchSize);
        assert.ok(batch.length === 1 || batch.reduce((sum, text) => sum + estimateTokenCount(text), 0) <= given.maxBatchTokens);
        await scheduler.schedule(Promise.resolve());
        busy--;
        return batch.map((text) => [text.length, 1]);
      };
      const vectors = await scheduler.waitFor(new Embedder({ model: 'm', embed, ...given }).passages(texts, signal));
      assert.deepEqual(vectors.map(([x = 0, y = 1]) => Math.round(x / y)), texts.map((text) => text.length));
    }),
  );
});

test('anything else than one vector for each text, all of one length, is the server’s failure', async () => {
  for (const vectors of [[], [[1, 2]], [[1], [1], [1]], [[1, 2], [1]], [[], []], [[0, 0], [0, 0]], [[NaN, 1], [1, 1]], [[Infinity, 1], [1, 1]]]) {
    const { embedder } = embedderOf({ embed: async () => vectors });
    await assert.rejects(embedder.passages(['a', 'b'], signal), { kind: 'server', hint: /./ }, JSON.stringify(vectors));
  }
});

test('a server that changes its model behind its name is found out', async () => {
  const { embedder } = embedderOf({ embed: async ([text]) => [text === 'a' ? [1, 2] : [1, 2, 3]] });
  await embedder.question('a', signal);
  await assert.rejects(embedder.question('b', signal), { kind: 'server', message: /vectors of 2 and of 3 numbers/ });
});

test('the first failure is the failure, and ends what else is under way', async () => {
  const failure = new LlmError('unavailable', 'It is not there.');
  const begun: string[] = [];
  let told = 0;
  const embed: Embed = async ([text = ''], within) => {
    begun.push(text);
    if (text === 'b') throw failure;
    await new Promise((resolve) => within.addEventListener('abort', resolve));
    told++;
    throw new Error('This one comes later.');
  };
  await assert.rejects(embedderOf({ embed, batchSize: 1, concurrency: 2 }).embedder.passages(['a', 'b', 'c'], signal), failure);
  assert.deepEqual([begun, told], [['a', 'b'], 1]);
});

test('what is cancelled asks for nothing more', async () => {
  const gone = new LlmError('cancelled', 'Gone.');
  const { embedder, batches } = embedderOf();
  await assert.rejects(embedder.passages(['a'], AbortSignal.abort(gone)), gone);
  await assert.rejects(embedder.question('a', AbortSignal.abort(gone)), gone);
  assert.deepEqual(batches, []);
});
