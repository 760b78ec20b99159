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
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  return parse(await collect(req, maxBytes));
}

/** A client that still sends sees the answer only when it is through: what is too much is read and thrown away. */
function collect(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let size = 0;
    req.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size <= maxBytes) {
        pieces.push(piece);
      } else {
        pieces.length = 0;
        reject(tooLarge(maxBytes));
      }
    });
    req.once('end', () => resolve(Buffer.concat(pieces)));
    req.once('error', reject);
  });
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

function tooLarge(maxBytes: number): LlmError {
  return new Refusal(413, 'invalid_request', `The body is larger than ${Math.round(maxBytes / 1024)} KiB.`, 'Send less, or raise the bound of the endpoint.');
}
