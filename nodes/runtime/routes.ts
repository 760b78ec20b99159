/** Where endpoints, and metrics, hang in Node-RED's HTTP server: one entry for all of them, which finds the one whose path it is. */
import type { NodeAPI } from 'node-red';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** What hangs at a path. The `path` of a request is what follows its own. */
export interface Mounted {
  handle(req: IncomingMessage, res: ServerResponse, path: string): void;
  /** Whether it reads the bodies that are sent there. */
  readsBody(path: string): boolean;
}

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

/** By path; the first one deployed has it. */
const mounts = new Map<string, Mounted>();
const installed = new WeakSet<object>();

/** Takes a path over, such as `/v1`. Returns the function that gives it back; undefined where another has it. */
export function mount(RED: NodeAPI, path: string, mounted: Mounted): (() => void) | undefined {
  install(RED.httpNode);
  if (mounts.has(path)) return undefined;
  mounts.set(path, mounted);
  return () => mounts.delete(path);
}

function install(httpNode: ExpressApp): void {
  if (installed.has(httpNode)) return;
  installed.add(httpNode);
  httpNode.use((req, res, next) => {
    const found = find(pathOf(req.url));
    if (found) found.mounted.handle(req, res, found.path);
    else next();
  });
  const root = rootOf(httpNode);
  const leaveBodyAlone: Middleware = (req, _res, next) => {
    // The admin API's JSON parser runs before the HTTP nodes: it has a limit of its own, and answers errors in HTML. Its own paths keep it.
    const found = find(withoutMount(pathOf(req.url), httpNode));
    if (found?.mounted.readsBody(found.path)) req._body = true;
    next();
  };
  root.use(leaveBodyAlone);
  toFront(root, leaveBodyAlone);
}

/** What a request is for: of one within the path of another, the inner one. */
function find(path: string): { mounted: Mounted; path: string } | undefined {
  let found: { base: string; mounted: Mounted } | undefined;
  for (const [base, mounted] of mounts) {
    const isIt = path.startsWith(base) && (path.length === base.length || path[base.length] === '/');
    if (isIt && base.length > (found?.base.length ?? 0)) found = { base, mounted };
  }
  return found && { mounted: found.mounted, path: path.slice(found.base.length) };
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
