/** OpenAI's `/embeddings`, for its clients. */
import { LlmError } from '../../core/errors.ts';
import { badField, isGiven } from '../fields.ts';
import type { Format, Returned } from '../format.ts';
import { writeFailure } from '../openai/failure.ts';
import { readOpenAiSettings } from '../openai/settings.ts';

export const openAiEmbeddings: Format = {
  dialect: 'openai',
  idPrefix: 'embd-',
  readRequest(body) {
    const { input, encoding_format: encoding } = body;
    const texts: unknown[] = Array.isArray(input) ? input : [input];
    if (texts.length === 0 || !texts.every((text) => typeof text === 'string' && text !== '')) {
      throw badField('input', 'input must be a text, or a list of texts, none of them empty.');
    }
    if (isGiven(encoding) && encoding !== 'float' && encoding !== 'base64') throw badField('encoding_format', 'encoding_format must be float or base64.');
    const settings = readOpenAiSettings(body, ['input', 'encoding_format']);
    return { prompt: texts as string[], llm: { ...settings, task: 'embed' }, stream: false, includeUsage: false, encoding: encoding === 'base64' ? encoding : 'float' };
  },
  writeAnswer({ usage }, { model }, llm, returned) {
    const data = vectorsIn(returned).map((vector, index) => ({ object: 'embedding', index, embedding: returned?.request.encoding === 'base64' ? base64Of(vector) : vector }));
    return { object: 'list', data, model, usage: { prompt_tokens: usage.inputTokens, total_tokens: usage.inputTokens }, ...(llm && { llm }) };
  },
  stream: () => {
    throw badField('stream', 'Embeddings are not streamed.');
  },
  writeFailure,
};

/** Nodes behind a backend, or in its place, may have left anything. @throws LlmError `server` for all but one vector for each text */
function vectorsIn({ request, payload }: Partial<Returned> = {}): number[][] {
  const isComplete = Array.isArray(payload) && payload.length === request?.prompt.length && payload.every(isVector);
  if (!isComplete) throw new LlmError('server', 'The flow gave no vector for each text.', { hint: 'Wire the endpoint to backends that give embeddings, and leave the vectors in msg.payload.' });
  return payload;
}

export function isVector(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((number) => typeof number === 'number');
}

/** Floats of 32 bits, the lowest byte first. */
function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString('base64');
}
