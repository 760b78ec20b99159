/** What stands before the admin routes of the palette. */
import type { Request, RequestHandler, Response } from 'express';
import type { NodeAPI } from 'node-red';
import { isCrossOrigin } from '../core/same-origin.ts';

/** What a user may do. `llm.content` is to read prompts and answers that are kept; who may read all of Node-RED has `llm.read` alone. */
export type Permission = 'llm.read' | 'llm.write' | 'llm.content';

/** Before a route that only tells. */
export function mayLook(RED: NodeAPI, ...permissions: Permission[]): RequestHandler[] {
  return permissions.map((permission) => RED.auth.needsPermission(permission) as RequestHandler);
}

/**
 * Before a route that does something. Where Node-RED asks nobody for a password, every page that a person looks at could send a form there:
 * JSON is what no form sends, and what a page of another origin may not send either without being asked for its origin.
 */
export function mayAct(RED: NodeAPI, ...permissions: Permission[]): RequestHandler[] {
  return [...mayLook(RED, ...permissions), refuseForeign];
}

function refuseForeign(req: Request, res: Response, next: () => void): void {
  if (isCrossOrigin(req)) refuse(res, 403, 'This was asked by a page of another web site. Behind a reverse proxy, let it hand on Host or X-Forwarded-Host.');
  else if (!/^application\/json\s*(;|$)/i.test(req.headers['content-type'] ?? '')) refuse(res, 415, 'A body of the type application/json is expected.');
  else next();
}

function refuse(res: Response, status: number, message: string): void {
  res.status(status).json({ ok: false, message });
}
