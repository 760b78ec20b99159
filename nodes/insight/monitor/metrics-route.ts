/** Serves metrics to Prometheus, to everybody or to those who have the token. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Access } from '../../core/access.ts';
import { isCrossOrigin, isForeignHost } from '../../core/same-origin.ts';
import type { Absence, Mounted } from '../../runtime/http/places.ts';

export interface MetricsRouteOptions {
  readonly access: Access;
  /** Asked for as `Authorization: Bearer …`. */
  readonly token: string | undefined;
  readonly contentType: string;
  readonly text: () => Promise<string>;
}

export function metricsRoute(options: MetricsRouteOptions): Mounted {
  return {
    handle: (req, res, path) => void serve(options, req, res, path),
    knows,
    readsBody: () => false,
    turnAway: (_req, res, _path, absence) => turnAway(res, absence),
  };
}

function knows(path: string): boolean {
  return path === '' || path === '/';
}

function turnAway(res: ServerResponse, absence: Absence): void {
  switch (absence) {
    case 'deploying':
      return refuse(res, 503, 'The monitor is being deployed anew.', { 'retry-after': '1' });
    case 'stopped':
      return refuse(res, 503, 'The flow has been stopped.', { 'retry-after': '5' });
    case 'gone':
      return refuse(res, 404, 'There is nothing at this path any more.');
  }
}

/** Never rejects. */
async function serve({ access, token, contentType, text }: MetricsRouteOptions, req: IncomingMessage, res: ServerResponse, path: string): Promise<void> {
  if (!knows(path)) return refuse(res, 404, 'There is nothing at this path.');
  if (access === 'closed') return refuse(res, 503, 'The metrics are for those who have the token, and the node has none.');
  if (access === 'keys' && !isToken(token, req.headers.authorization)) return refuse(res, 401, 'The token is missing or wrong.', { 'www-authenticate': 'Bearer' });
  if (access === 'everybody' && (isCrossOrigin(req) || isForeignHost(req.headers, []))) return refuse(res, 403, 'Pages of other web sites may not ask for metrics.');
  if (req.method !== 'GET' && req.method !== 'HEAD') return refuse(res, 405, 'This path takes GET requests alone.', { allow: 'GET, HEAD' });
  try {
    const body = await text();
    res.writeHead(200, { 'content-type': contentType, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store' });
    res.end(req.method === 'HEAD' ? undefined : body);
  } catch {
    refuse(res, 500, 'The metrics cannot be read.');
  }
}

function isToken(token: string | undefined, authorization = ''): boolean {
  const [, given] = /^Bearer\s+(\S+)$/i.exec(authorization) ?? [];
  if (token === undefined || given === undefined) return false;
  // Of one length, as a comparison in constant time needs it.
  return timingSafeEqual(hashOf(given), hashOf(token));
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function refuse(res: ServerResponse, status: number, message: string, headers: Record<string, string> = {}): void {
  res.writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8' });
  res.end(`${message}\n`);
}
