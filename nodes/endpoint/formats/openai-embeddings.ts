/** OpenAI's `/embeddings`. */
import type { Format } from './format.ts';
import { badField } from './fields.ts';
import { failedBody, readSettings } from './openai.ts';

export const openAiEmbeddings: Format = {
  idPrefix: 'embd-',
  read(body) {
    const { input, encoding_format: encoding } = body;
    const texts: unknown[] = Array.isArray(input) ? input : [input];
    if (texts.length === 0 || !texts.every((text) => typeof text === 'string' && text !== '')) {
      throw badField('input', 'input must be a text, or a list of texts, none of them empty.');
    }
    if (encoding !== undefined && encoding !== 'float' && encoding !== 'base64') throw badField('encoding_format', 'encoding_format must be float or base64.');
    const settings = readSettings(body, ['input', 'encoding_format']);
    return { prompt: texts as string[], llm: { ...settings, task: 'embed' }, stream: false, includeUsage: false, encoding };
  },
  whole({ usage }, { model }, llm, returned) {
    const vectors = Array.isArray(returned?.payload) ? (returned.payload as number[][]) : [];
    const data = vectors.map((vector, index) => ({ object: 'embedding', index, embedding: returned?.request.encoding === 'base64' ? base64Of(vector) : vector }));
    return { object: 'list', data, model, usage: { prompt_tokens: usage.inputTokens, total_tokens: usage.inputTokens }, ...(llm && { llm }) };
  },
  stream: () => {
    throw badField('stream', 'Embeddings are not streamed.');
  },
  failed: failedBody,
};

/** Floats of 32 bits, the lowest byte first. */
function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString('base64');
}
