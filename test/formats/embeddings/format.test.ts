/** How requests for embeddings are read, and how vectors are written. */
import fc from 'fast-check';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../../nodes/core/json.ts';
import { openAiEmbeddings } from '../../../nodes/formats/embeddings/format.ts';
import { completionOf, identity } from '../../support/formats.ts';

describe('A request for embeddings', () => {
  it('has its texts as a list, and its settings beside them', () => {
    const { prompt, llm, stream, encoding } = openAiEmbeddings.readRequest({ model: 'small', input: 'one', dimensions: 2, user: 'ann', encoding_format: 'base64' });
    assert.deepEqual([prompt, llm, stream, encoding], [['one'], { model: 'small', task: 'embed', user: 'ann', openai: { dimensions: 2, user: 'ann' } }, false, 'base64']);
    assert.deepEqual(openAiEmbeddings.readRequest({ input: ['one', 'two'] }).prompt, ['one', 'two']);
  });

  it('names texts, no tokens, and a format that there is', () => {
    for (const input of [undefined, null, '', [], [''], ['one', ''], [1, 2], [[1, 2]], { text: 'one' }]) {
      assert.throws(() => openAiEmbeddings.readRequest({ input }), { kind: 'invalid_request', message: /^input must be a text/ }, JSON.stringify(input));
    }
    assert.throws(() => openAiEmbeddings.readRequest({ input: 'one', encoding_format: 'int8' }), { kind: 'invalid_request', message: /^encoding_format/ });
  });
});

describe('Vectors', () => {
  const completion = completionOf([{ type: 'usage', usage: { inputTokens: 5, outputTokens: 0 } }]);
  const written = (payload: unknown, body: JsonObject) => openAiEmbeddings.writeAnswer(completion, identity, undefined, { request: openAiEmbeddings.readRequest(body), payload });

  it('are an object as the API has it', () => {
    assert.deepEqual(written([[1, 2], [3, 4]], { input: ['one', 'two'] }), {
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: [1, 2] }, { object: 'embedding', index: 1, embedding: [3, 4] }],
      model: 'small',
      usage: { prompt_tokens: 5, total_tokens: 5 },
    });
  });

  it('in base64 are floats of 32 bits, the lowest byte first', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true }), { minLength: 1 }), (vector) => {
        const { data } = written([vector], { input: 'one', encoding_format: 'base64' }) as { data: [{ embedding: string }] };
        const bytes = Buffer.from(data[0].embedding, 'base64');
        assert.equal(bytes.length, vector.length * 4);
        assert.deepEqual(vector.map((_, at) => bytes.readFloatLE(at * 4)), vector);
      }),
    );
  });

  it('that are not one for each text are a failure of the flow', () => {
    for (const payload of ['text', undefined, [], [[1]], [[1], [2], [3]], [[1], 'two'], [[1], ['two']], [[1], null], [[1], []]]) {
      assert.throws(() => written(payload, { input: ['one', 'two'] }), { kind: 'server', message: /^The flow gave no vector for each text/ }, JSON.stringify(payload));
    }
  });
});
