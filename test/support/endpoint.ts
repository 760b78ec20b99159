/** An endpoint in a flow within the test's process, on a real port. */
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import registerEcho from '../../nodes/backends/echo/echo.ts';
import registerVllm from '../../nodes/backends/vllm/vllm.ts';
import registerEndpoint from '../../nodes/endpoint/endpoint.ts';
import registerMonitor from '../../nodes/insight/monitor/monitor.ts';
import { calls } from '../../nodes/runtime/calls.ts';
import registerFallback from '../../nodes/stages/fallback/fallback.ts';
import registerPool from '../../nodes/stages/pool/pool.ts';
import registerReturn from '../../nodes/stages/return/return.ts';
import { core, Flow, type FlowNode, type FlowOptions, type Register } from './flow.ts';
import { registerScripted, scriptedNode } from './policies.ts';
import { opened, ownPort } from './port.ts';
import { type Script, ScriptedClient } from './scripted-client.ts';

const types = [registerEndpoint, registerMonitor, registerEcho, registerVllm, registerFallback, registerPool, registerReturn, core('function/10-function.js')];

export interface EndpointSetup extends FlowOptions {
  /** Of the endpoint, which is wired to `behind`. */
  config?: Record<string, unknown>;
  /** What stands behind it, the first one at its wire; by default a backend that does what the scripts say. */
  nodes?: FlowNode[];
  scripts?: readonly Script[];
  register?: readonly Register[];
  /** The text of the node's keys. */
  keys?: string;
}

export interface TestEndpoint {
  readonly flow: Flow;
  readonly nodes: FlowNode[];
  /** With the endpoint's path. */
  readonly url: string;
  readonly port: number;
  readonly client: ScriptedClient;
  /** Connections that are open now. */
  readonly sockets: ReadonlySet<Socket>;
  /** A request with a JSON body, or with the text as it is. */
  readonly post: (path: string, body: unknown, init?: { headers?: Record<string, string>; signal?: AbortSignal }) => Promise<Response>;
}

export const chat = '/chat/completions';
export const hello = { model: 'm', messages: [{ role: 'user', content: 'Hello there' }] };

/** For a further endpoint of the flow: the port that all of them are at. */
export function whereItIs(): { port?: number } {
  const port = ownPort();
  return port === undefined ? {} : { port };
}

/** When the test ends, no call may be open. */
export async function startEndpoint(t: TestContext, { config = {}, nodes: behind, scripts = [], register = [], keys, ...options }: EndpointSetup = {}): Promise<TestEndpoint> {
  const client = new ScriptedClient(...scripts);
  const backends = behind ?? [{ id: 'backend', name: 'Backend', ...scriptedNode, wires: [[]] }];
  const own = ownPort();
  const nodes: FlowNode[] = [{ id: 'endpoint', type: 'llm-endpoint', ...whereItIs(), wires: [backends.slice(0, 1).map(({ id }) => id)], ...config }, ...backends];
  let port = own ?? 0;
  let app: RequestListener | undefined;
  const takeApp: Register = (RED) => (app = RED.httpNode as unknown as RequestListener);
  const sockets = new Set<Socket>();
  const onSocket = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    if (socket.localPort !== port) return;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  subscribe('net.server.socket', onSocket);
  const flow = await Flow.start([...types, ...register, registerScripted(new Map([['backend', client]])), takeApp], nodes, { ...options, ...(keys !== undefined && { credentials: { endpoint: { keys } } }) });
  // Node-RED's app without its server.
  const server = createServer(app);
  if (own === undefined) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  } else {
    await opened(own);
  }
  t.after(async () => {
    unsubscribe('net.server.socket', onSocket);
    for (const socket of sockets) socket.destroy();
    server.close();
    await flow.end();
    assert.equal(calls.size, 0, 'A call was left open.');
  });
  const url = `http://127.0.0.1:${port}/v1`;
  return {
    flow,
    nodes,
    url,
    port,
    client,
    sockets,
    post: (path, body, { headers, signal } = {}) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...(signal && { signal }),
      }),
  };
}

/** The error that an answer tells of, in OpenAI's format. */
export async function errorIn(response: Response): Promise<{ message: string; type: string; code: string }> {
  const { error } = (await response.json()) as { error: { message: string; type: string; code: string } };
  return error;
}
