/** Where nodes hang in Node-RED's own HTTP server: one entry for all of them, which finds the one whose path it is. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NodeAPI } from 'node-red';
import { deploysOf } from '../deploys.ts';
import { pathOf } from './path.ts';
import { Places } from './places.ts';

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

const known = new WeakMap<object, Places>();

/** The paths of Node-RED's own port. */
export function nodeRedPlaces(RED: NodeAPI): Places {
  let places = known.get(RED.httpNode);
  if (!places) {
    known.set(RED.httpNode, (places = new Places(deploysOf(RED))));
    install(RED.httpNode, places);
  }
  return places;
}

function install(httpNode: ExpressApp, places: Places): void {
  httpNode.use((req, res, next) => {
    const found = places.find(pathOf(req.url));
    if (found) places.handle(req, res, found);
    else next();
  });
  const root = rootOf(httpNode);
  const leaveBodyAlone: Middleware = (req, _res, next) => {
    // The admin API's JSON parser runs before the HTTP nodes: it has a limit of its own, and answers errors in HTML. Its own paths keep it.
    const found = places.find(withoutMount(pathOf(req.url), httpNode));
    if (found && places.readsBody(found)) req._body = true;
    next();
  };
  root.use(leaveBodyAlone);
  toFront(root, leaveBodyAlone);
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
