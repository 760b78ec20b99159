/** What the editor asks of a server that is run here, as it was deployed last: its state and log, and to start or stop it. */
import type { Request, Response } from 'express';
import type { NodeAPI } from 'node-red';
import { machine } from '../core/supervisor/machine.ts';
import { mayAct, mayLook } from './admin-guard.ts';
import type { ConnectionNode } from './connection.ts';
import type { Supervision } from './supervision.ts';

/** What the dialog shows. */
export interface ServerReport {
  readonly state: string;
  readonly byHand: boolean;
  readonly adopted: boolean;
  readonly restarts: number;
  readonly pid?: number;
  readonly progress?: number;
  /** Why it crashed last, and what to do. */
  readonly problem?: string;
  /** How long ago that was: the editor's clock may be another. */
  readonly crashedMsAgo?: number;
  readonly lines: readonly string[];
}

const actions: Record<string, (run: Supervision) => unknown> = {
  start: (run) => run.start(),
  // The answer need not wait for the end: the next report shows it.
  stop: (run) => void run.stop(),
  restart: (run) => run.restart(),
};

const installed = new WeakSet<object>();

export function installServerRoutes(RED: NodeAPI): void {
  const app = RED.httpAdmin;
  if (!app || installed.has(app)) return;
  installed.add(app);
  // The log of a server may hold prompts: to read it is not for everybody who may look at flows.
  app.get('/llm/servers/:id', mayLook(RED, 'llm.write'), (req: Request, res: Response) => answer(RED, req, res));
  // What a server can be bounded by on this machine.
  app.get('/llm/machine', mayLook(RED, 'llm.write'), (_req: Request, res: Response, next: (error: unknown) => void) => void machine().then((facts) => res.json(facts), next));
  app.post('/llm/servers/:id/:action', mayAct(RED, 'llm.write'), (req: Request, res: Response) => answer(RED, req, res));
}

function answer(RED: NodeAPI, req: Request, res: Response): void {
  const { id = '', action } = req.params as Partial<Record<string, string>>;
  const run = runOf(RED, id);
  const act = action === undefined ? () => undefined : Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (!run || !act) {
    res.status(404).json({ ok: false });
    return;
  }
  act(run);
  res.json({ ok: true, ...reportOf(run) });
}

function runOf(RED: NodeAPI, id: string): Supervision | undefined {
  const node = RED.nodes.getNode(id) as Partial<ConnectionNode> | null | undefined;
  return node?.connection?.run;
}

function reportOf({ facts }: Supervision): ServerReport {
  const { state, byHand, adopted, restarts, pid, progress, crash, crashedAt = 0, lines } = facts;
  const crashed = crash && { problem: crash.error.message, crashedMsAgo: Math.round(performance.now() - crashedAt) };
  return { state, byHand, adopted, restarts, ...(pid !== undefined && { pid }), ...(progress !== undefined && { progress }), ...crashed, lines };
}
