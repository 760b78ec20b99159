/** The body of a client's request, read up to a bound. */
import type { IncomingMessage } from 'node:http';
import { LlmError } from '../core/errors.ts';
import { isRecord } from '../core/request.ts';
import { Refusal } from './status.ts';

/** Deeper than any schema; what walks through a body by recursion must not run out of stack. */
const maxDepth = 200;

/**
 * Resolves with the JSON object in the body.
 * @throws LlmError `invalid_request`; {@link Refusal} beyond `maxBytes`
 */
export async function readBody(req: IncomingMessage, maxBytes: number): Promise<Record<string, unknown>> {
  const pieces: Buffer[] = [];
  let size = 0;
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(req, maxBytes);
  // Left to itself, an iterator that is left early closes the connection, and nobody would see the answer.
  for await (const piece of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > maxBytes) throw tooLarge(req, maxBytes);
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
  if (isDeeper(body, maxDepth)) throw new LlmError('invalid_request', `The body is nested more than ${maxDepth} levels deep.`);
  return body;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

/** A client sees the answer when it has sent everything: what is left is read and thrown away. */
function tooLarge(req: IncomingMessage, maxBytes: number): LlmError {
  req.resume();
  return new Refusal(413, 'invalid_request', `The body is larger than ${Math.round(maxBytes / 1024)} KiB.`, 'Send less, or raise the bound of the endpoint.');
}
