/** The list of models, which OpenAI, Anthropic and all who speak like them give alike. */
import { isRecord } from '../../core/json.ts';

/** The names in the answer of `/models`. */
export function readModelNames(list: unknown): string[] {
  const data = isRecord(list) ? list['data'] : undefined;
  if (!Array.isArray(data)) return [];
  return data.flatMap((model: unknown) => (isRecord(model) && typeof model['id'] === 'string' ? [model['id']] : []));
}
