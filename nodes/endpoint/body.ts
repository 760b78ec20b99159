/** The body of a client's request: what JSON object it holds. */
import type { IncomingMessage } from 'node:http';
import { type JsonBounds, JsonScan, parseScanned } from '../core/bounded-json.ts';
import { LlmError } from '../core/errors.ts';
import { isRecord } from '../core/json.ts';
import { type BodyLimits, collectBody } from './collect-body.ts';

const bounds: JsonBounds = { what: 'The body' };

/**
 * Resolves with the JSON object in the body.
 * @throws LlmError `invalid_request`, for what holds too many values as soon as they have come; {@link Refusal} for what is too large or too slow
 */
export async function readBody(req: IncomingMessage, limits: BodyLimits): Promise<Record<string, unknown>> {
  const known = read.get(req);
  if (known) return known;
  const scan = new JsonScan(bounds);
  const body = parseScanned(await collectBody(req, limits, (piece) => scan.add(piece)), bounds);
  if (!isRecord(body)) throw new LlmError('invalid_request', 'The body must be a JSON object.');
  read.set(req, body);
  return body;
}

/** What was read stays read: a request may be handed on to the endpoint that takes the place of this one. */
const read = new WeakMap<IncomingMessage, Record<string, unknown>>();
