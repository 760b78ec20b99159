/** The body of a client's request, read up to a bound. */
import type { IncomingMessage } from 'node:http';
import { type JsonBounds, JsonScan, parseScanned } from '../core/bounded-json.ts';
import { LlmError } from '../core/errors.ts';
import { isRecord } from '../core/request.ts';
import { Refusal } from './status.ts';

const bounds: JsonBounds = { what: 'The body' };

/**
 * Resolves with the JSON object in the body.
 * @throws LlmError `invalid_request`, for what holds too many values as soon as they have come; {@link Refusal} beyond `maxBytes`
 */
export async function readBody(req: IncomingMessage, maxBytes: number): Promise<Record<string, unknown>> {
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const body = parseScanned(await collect(req, maxBytes), bounds);
  if (!isRecord(body)) throw new LlmError('invalid_request', 'The body must be a JSON object.');
  return body;
}

/** A client that still sends sees the answer only when it is through: what is too much is read and thrown away. */
function collect(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const scan = new JsonScan(bounds);
    const pieces: Buffer[] = [];
    let size = 0;
    let isRefused = false;
    const take = (piece: Buffer): void => {
      size += piece.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      scan.add(piece);
      pieces.push(piece);
    };
    req.on('data', (piece: Buffer) => {
      if (isRefused) return;
      try {
        take(piece);
      } catch (error) {
        isRefused = true;
        pieces.length = 0;
        reject(error);
      }
    });
    req.once('end', () => resolve(Buffer.concat(pieces)));
    req.once('error', reject);
  });
}

function tooLarge(maxBytes: number): LlmError {
  return new Refusal(413, 'invalid_request', `The body is larger than ${Math.round(maxBytes / 1024)} KiB.`, 'Send less, or raise the bound of the endpoint.');
}
