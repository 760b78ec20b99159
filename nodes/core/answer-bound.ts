/** How much of what a provider sends is taken: none may fill the memory or hold up everybody. */
import { JsonScan } from './bounded-json.ts';
import { LlmError } from './errors.ts';
import { defaultLimits } from './limits.ts';
import type { Provider } from './provider.ts';

/** Where no limit is said: of a model's answer. */
export const defaultAnswerBytes = defaultLimits.maxAnswerKb * 1024;

/** Of lists of models, health reports and the like. */
export const maxPlainBytes = 16 * 1024 * 1024;

/** Of an answer that failed: its kind stands at its beginning. */
const maxErrorBytes = 64 * 1024;

/** What the JSON of an answer may hold; half a second passes while so many are built. */
const maxAnswerValues = 1_000_000;

/** The whole body as text. @throws LlmError `server` where it is larger; the connection is dropped then */
export async function readText(body: AsyncIterable<Uint8Array>, provider: Provider, maxBytes = defaultAnswerBytes): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(provider, maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The body of an answer that failed, as far as it is worth reading; the connection is dropped where there is more. */
export async function readErrorText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let left = maxErrorBytes;
  for await (const chunk of body) {
    chunks.push(chunk.subarray(0, left));
    left -= chunk.length;
    if (left <= 0) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Short texts cannot hold much, and are not worth a look. */
const shortText = 1024;

/** JSON where the text is JSON, else the text. @throws LlmError `server` for more values, or deeper ones, than any answer has */
export function parseJson(text: string, values = maxAnswerValues): unknown {
  if (text.length > shortText) new JsonScan({ what: 'The answer of the server', kind: 'server', values }).add(text);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

export function tooLarge({ id, label }: Provider, maxBytes: number): LlmError {
  const size = `${Math.round(maxBytes / 1024).toLocaleString('en-US')} KiB`;
  // It would be as large again.
  return new LlmError('server', `The answer of ${label} is larger than ${size}.`, { provider: id, retryable: false, hint: 'Ask for less, or raise Largest answer under Limits.' });
}
