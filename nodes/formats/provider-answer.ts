/** A provider's successful answer, as each format's reader gets it. */
import { parseJson, readText } from '../core/answer-bound.ts';
import type { Provider } from '../core/provider.ts';
import type { CompletionRequest } from '../core/request.ts';
import type { Headers } from '../core/retry-after.ts';

export interface ProviderAnswer {
  readonly headers: Headers;
  readonly body: AsyncIterable<Uint8Array>;
  readonly provider: Provider;
  readonly request: CompletionRequest;
  /** Of one that comes as a whole. */
  readonly maxBytes?: number | undefined;
}

/** Whether a server has sent one object instead of a stream. */
export function isJson(headers: Headers): boolean {
  const type = headers['content-type'];
  return typeof type === 'string' && type.startsWith('application/json');
}

/** The object that a server has sent instead of a stream; undefined where it streams. */
export async function readWholeJson({ headers, body, provider, maxBytes }: ProviderAnswer): Promise<unknown> {
  return isJson(headers) ? parseJson(await readText(body, provider, maxBytes)) : undefined;
}
