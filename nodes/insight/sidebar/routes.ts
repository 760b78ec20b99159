/** The admin routes of the sidebar. What they take and give: api.ts. */
import type { Request, Response } from 'express';
import type { NodeAPI } from 'node-red';
import { LlmError } from '../../core/errors.ts';
import { isRecord } from '../../core/json.ts';
import { mayAct, mayLook } from '../../runtime/admin-guard.ts';
import { llmNode, type LlmNode } from '../../runtime/llm-nodes.ts';
import type { LiveFacts, Refused, RequestList, RequestTrace, Trial } from './api.ts';
import { TrialStream } from './trial-stream.ts';

/** What the sidebar shows of the past. */
export interface Records {
  /** Somebody looks: from now on, for a while, requests are recorded. */
  look(): void;
  live(): LiveFacts;
  /** With what has changed since; 0 for all. */
  requests(after: number): RequestList;
  trace(id: string): Promise<RequestTrace | undefined>;
  /** What to send again, and to which node; undefined where the content was not kept. */
  replayOf(id: string): Promise<{ readonly entry: string; readonly payload: unknown; readonly llm: unknown } | undefined>;
}

type Handler = (req: Request, res: Response) => void;

/** The apps that have the routes: they outlive every deploy. */
const installed = new WeakSet<object>();

export function installSidebarRoutes(RED: NodeAPI, records: Records): void {
  const app = RED.httpAdmin;
  if (!app || installed.has(app)) return;
  installed.add(app);
  const note = (_req: Request, res: Response, next: () => void) => {
    records.look();
    // A browser's cache would show the past.
    res.setHeader('cache-control', 'no-store');
    next();
  };
  const look = [...mayLook(RED, 'llm.read'), note];
  const act = [...mayAct(RED, 'llm.write'), note];
  app.get('/llm/live', look, (_req: Request, res: Response) => res.json(records.live()));
  app.get('/llm/requests', look, (req: Request, res: Response) => res.json(records.requests(Number(req.query['after']) || 0)));
  const trace = (show: (trace: RequestTrace) => RequestTrace) => later(async (req, res) => orRefuse(res, await records.trace(idOf(req)), notKept, (kept) => res.json(show(kept))));
  app.get('/llm/requests/:id', look, trace(withoutContent));
  app.get('/llm/requests/:id/content', [...mayLook(RED, 'llm.read', 'llm.content'), note], trace((kept) => kept));
  // Its answer tells what was asked.
  app.post('/llm/requests/:id/replay', [...act, ...mayLook(RED, 'llm.content')], later((req, res) => replay(records, req, res)));
  app.post('/llm/try', act, tryOut);
  app.post('/llm/nodes/:id/breaker', act, onNode(trip));
  app.post('/llm/nodes/:id/drain', act, onNode(drain));
}

const notKept = 'This request is no longer kept.';

function withoutContent({ content, ...trace }: RequestTrace): RequestTrace {
  return content ? { ...trace, isContentHidden: true } : trace;
}

async function replay(records: Records, req: Request, res: Response): Promise<void> {
  const kept = await records.replayOf(idOf(req));
  orRefuse(res, kept, 'The content of this request was not kept, so it cannot be sent again.', ({ entry, payload, llm }) => {
    orRefuse(res, llmNode(entry), gone, (node) => ask(node, { payload, llm }, res));
  });
}

/** Express itself leaves a rejection to nobody, and that ends Node-RED. */
function later(handle: (req: Request, res: Response) => Promise<void>) {
  return (req: Request, res: Response, next: (error: unknown) => void) => void handle(req, res).catch(next);
}

function tryOut({ body }: Request, res: Response): void {
  const trial = readTrial(body);
  if (!trial) refuse(res, 400, 'The id of a node and a prompt are expected.');
  else orRefuse(res, llmNode(trial.node), gone, (node) => ask(node, { payload: trial.prompt, llm: trial.llm ?? {} }, res));
}

const gone = 'This node does not run: it was removed, disabled or not deployed yet.';

function ask(node: LlmNode, msg: { payload: unknown; llm: unknown }, res: Response): void {
  const left = new AbortController();
  res.once('close', () => left.abort(new LlmError('cancelled', 'It was stopped in the editor.')));
  const sink = new TrialStream(res);
  void sink.tell(node.ask(msg, { signal: left.signal, sink }));
}

function readTrial(body: unknown): Trial | undefined {
  const { node, prompt, llm } = isRecord(body) ? body : {};
  if (typeof node !== 'string' || typeof prompt !== 'string' || (llm !== undefined && !isRecord(llm))) return undefined;
  return { node, prompt, ...(llm && { llm }) };
}

/** Undefined for what it cannot do or does not understand. */
type Action = (node: LlmNode, body: Readonly<Record<string, unknown>>) => boolean;

function onNode(act: Action): Handler {
  return (req, res) => {
    orRefuse(res, llmNode(idOf(req)), gone, (node) => {
      if (act(node, isRecord(req.body) ? req.body : {})) res.status(204).end();
      else refuse(res, 400, 'This node cannot do that.');
    });
  };
}

const trip: Action = (node, { trip: isTripped }) => {
  if (isTripped === true && node.trip) node.trip();
  else if (isTripped === false && node.reset) node.reset();
  else return false;
  return true;
};

const drain: Action = (node, { branch, drain: isDrained }) =>
  typeof branch === 'string' && typeof isDrained === 'boolean' && (node.drain?.(branch, isDrained) ?? false);

function idOf({ params }: Request): string {
  return String(params['id']);
}

function orRefuse<Found>(res: Response, found: Found | undefined, message: string, take: (found: Found) => void): void {
  if (found === undefined) refuse(res, 404, message);
  else take(found);
}

function refuse(res: Response, status: number, message: string): void {
  res.status(status).json({ message } satisfies Refused);
}
