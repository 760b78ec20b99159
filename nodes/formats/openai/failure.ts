/** How the APIs in OpenAI's format tell of a failure. */
import type { LlmError } from '../../core/errors.ts';
import { statusFor } from '../../core/http-status.ts';
import type { JsonObject } from '../../core/json.ts';

/** `code` is the kind of failure. */
export function writeFailure({ message, kind }: LlmError, status: number, llm?: JsonObject): JsonObject {
  return { error: { message, type: typeOf(status), param: null, code: kind }, ...(llm && { llm }) };
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}

/** The event that tells of a failure in the middle of a stream. */
export function failedEvent(failure: LlmError, llm?: JsonObject): string {
  return event(writeFailure(failure, statusFor(failure.kind), llm));
}

export const streamEnd = 'data: [DONE]\n\n';

export function event(data: JsonObject): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
