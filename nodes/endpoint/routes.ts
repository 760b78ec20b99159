/** Where the endpoints hang in Node-RED's HTTP server: one entry for all of them, which finds the endpoint by its path. */
import type { NodeAPI } from 'node-red';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** `path` is what follows the endpoint's own. */
export type Handler = (req: IncomingMessage, res: ServerResponse, path: string) => void;

/** A request as express hands it on: `url` is relative to where the app hangs, `_body` keeps body parsers away. */
interface ExpressRequest extends IncomingMessage {
  _body?: boolean;
}

type Middleware = (req: ExpressRequest, res: ServerResponse, next: (error?: unknown) => void) => void;

interface ExpressApp {
  parent?: ExpressApp;
  mountpath?: string | string[];
  use(middleware: Middleware): void;
  _router?: { stack: Array<{ handle: unknown }> };
}

/** By path; the last one deployed has it. */
const endpoints = new Map<string, Handler>();
const installed = new WeakSet<object>();

/** Takes a path over, such as `/v1`. Returns the function that gives it back; undefined where another endpoint has it. */
export function mount(RED: NodeAPI, path: string, handler: Handler): (() => void) | undefined {
  install(RED.httpNode);
  if (endpoints.has(path)) return undefined;
  endpoints.set(path, handler);
  return () => endpoints.delete(path);
}

function install(httpNode: ExpressApp): void {
  if (installed.has(httpNode)) return;
  installed.add(httpNode);
  httpNode.use((req, res, next) => {
    const path = pathOf(req.url);
    const base = find(path);
    if (base === undefined) next();
    else endpoints.get(base)?.(req, res, path.slice(base.length));
  });
  const root = rootOf(httpNode);
  const leaveBodyAlone: Middleware = (req, _res, next) => {
    // The admin API's JSON parser runs before the HTTP nodes: it has a limit of its own, and answers errors in HTML.
    if (find(withoutMount(pathOf(req.url), httpNode)) !== undefined) req._body = true;
    next();
  };
  root.use(leaveBodyAlone);
  toFront(root, leaveBodyAlone);
}

/** The path of the endpoint that a request is for. */
function find(path: string): string | undefined {
  return [...endpoints.keys()].find((base) => path === base || path.startsWith(`${base}/`));
}

function pathOf(url = ''): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

function withoutMount(path: string, { mountpath }: ExpressApp): string {
  const base = typeof mountpath === 'string' ? mountpath.replace(/\/$/, '') : '';
  return path.startsWith(base) ? path.slice(base.length) : '';
}

function rootOf(app: ExpressApp): ExpressApp {
  return app.parent ? rootOf(app.parent) : app;
}

/** As Node-RED's own http in node does to get at raw bodies: express knows no other way to come first. */
function toFront(app: ExpressApp, middleware: Middleware): void {
  const stack = app._router?.stack ?? [];
  const at = stack.findIndex(({ handle }) => handle === middleware);
  if (at > 0) stack.unshift(...stack.splice(at, 1));
}
