/** The body of a client's request, read up to a bound. */
import type { IncomingMessage } from 'node:http';
import { LlmError } from '../core/errors.ts';
import { isRecord } from '../core/request.ts';
import { Refusal } from './status.ts';

/**
 * Resolves with the JSON object in the body.
 * @throws LlmError `invalid_request`; {@link Refusal} beyond `maxBytes`, after which nothing more is read
 */
export async function readBody(req: IncomingMessage, maxBytes: number): Promise<Record<string, unknown>> {
  const pieces: Buffer[] = [];
  let size = 0;
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  for await (const piece of req as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    pieces.push(piece);
  }
  return parse(Buffer.concat(pieces));
}

function parse(bytes: Buffer): Record<string, unknown> {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new LlmError('invalid_request', 'The body is no JSON.', { hint: 'Send a JSON object in UTF-8.' });
  }
  if (!isRecord(body)) throw new LlmError('invalid_request', 'The body must be a JSON object.');
  return body;
}

function tooLarge(maxBytes: number): LlmError {
  return new Refusal(413, 'invalid_request', `The body is larger than ${Math.round(maxBytes / 1024)} KiB.`, 'Send less, or raise the bound of the endpoint.');
}
