/** Small things of HTTP that an endpoint needs. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readTraceparent } from '../core/trace-context.ts';

/** A client's own id for its request, as far as it may stand in a header and a log. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : `req-${crypto.randomUUID()}`;
}

/** W3C's header, where it is one. */
export function traceparentIn({ headers: { traceparent } }: IncomingMessage): string | undefined {
  return typeof traceparent === 'string' && readTraceparent(traceparent) ? traceparent : undefined;
}

export function sendJson(res: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  const text = JSON.stringify(body);
  res.writeHead(status, { ...headers, 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(text) });
  res.end(text);
}

/** Names may hold anything; a header takes Latin letters alone. */
export function asHeader(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(text);
}

/** What describes a body or a connection is ours to say. */
const ownHeaders = /^(content-|transfer-encoding$|connection$|keep-alive$|date$|server$|set-cookie$|trailer$|upgrade$|x-request-id$)/i;

/** The headers that a flow has set for the answer, in `msg.headers`. */
export function flowHeaders(headers: unknown): Record<string, string> {
  if (typeof headers !== 'object' || headers === null) return {};
  const entries = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
  return Object.fromEntries(entries.filter(([name, value]) => /^[\w-]+$/.test(name) && !ownHeaders.test(name) && /^[\x20-\x7e]*$/.test(value)));
}

/** The status that a flow has set for the answer, in `msg.statusCode`. */
export function flowStatus(status: unknown): number {
  return typeof status === 'number' && Number.isInteger(status) && status >= 200 && status <= 599 ? status : 200;
}
