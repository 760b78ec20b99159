/** Config nodes: an account or a server, one client and one connection pool for all the nodes that use it. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { ModelClient } from '../core/client.ts';
import type { HealthMonitor } from '../core/health.ts';
import { LlmError, toLlmError } from '../core/errors.ts';
import type { PriceSource } from '../core/pricing.ts';
import type { Provider } from '../core/provider.ts';
import { refuseUnset } from '../core/variables.ts';
import { installAdminRoutes } from './admin.ts';
import { registerNode } from './register.ts';
import { type ServerHost, serverHost } from './server-host.ts';
import type { Supervision } from './supervision.ts';

/** What knows where its secret goes: the whole address. Of an account or server that is its provider's. */
export interface Placed {
  readonly place?: string | undefined;
}

/** What the editor can test: it is opened with fields that nobody has saved yet, and closed again. Nothing is sent before it is tested. */
export interface Testable extends Placed {
  readonly provider?: Provider;
  /** Whether it has a secret of the environment along that nobody has given to this address. */
  readonly borrowsSecret?: boolean;
  /** One sentence about what answers there. @throws LlmError */
  test(signal: AbortSignal): Promise<string>;
  /** The names of the models it offers. @throws LlmError */
  models?(signal: AbortSignal): Promise<string[]>;
  close(): Promise<void>;
}

export interface TestableDefinition {
  readonly type: string;
  /** The credential; what is saved stands in for it where the editor does not send it. */
  readonly secret: string;
  /** Credentials beside it that are kept as well. */
  readonly texts?: readonly string[];
  /** @throws LlmError or RangeError for fields that cannot work */
  open(fields: ConnectionFields, owner: ConnectionOwner): Testable;
}

/** What an account or a server is to the nodes that use it. */
export interface Connection extends Testable {
  readonly provider: Provider;
  readonly prices: PriceSource;
  /** Only where the server is asked on an interval. */
  readonly health?: HealthMonitor | undefined;
  /** Only where the server is run here. */
  readonly run?: Supervision | undefined;
  /** Gives vectors for texts; absent where the API has none. */
  readonly embeddings?: ModelClient | undefined;
  /** The names of the models it offers. @throws LlmError */
  models(signal: AbortSignal): Promise<string[]>;
  /** `isGone`: the node was removed, and no other one of its id takes its place at once. */
  close(isGone?: boolean): Promise<void>;
}

/** What the user typed: the node's properties and its credentials. */
export type ConnectionFields = Readonly<Record<string, unknown>> & { readonly apiKey?: string | undefined };

export interface ConnectionOwner {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** Whether this one lives on: a test from the editor opens a connection without health checks. */
  readonly lasting: boolean;
  /** What is needed to run a server; only of a node that lives on. */
  readonly host?: ServerHost | undefined;
}

export interface ConnectionDefinition<C extends Connection = Connection> {
  readonly type: string;
  /** Credentials beside the key. */
  readonly texts?: readonly string[];
  /** @throws LlmError or RangeError for fields that cannot work */
  open(fields: ConnectionFields, owner: ConnectionOwner): C;
}

export interface KeyCredentials {
  apiKey?: unknown;
}

/** A config node as the nodes that use it see it. */
export interface ConnectionNode<C extends Connection = Connection> extends Node<KeyCredentials> {
  readonly connection: C | undefined;
  /** Why there is no connection. */
  readonly problem: LlmError | undefined;
  /** Keeps the connection open while its user drains, and lets the flow's Catch and Status nodes hear of it. Returns the function that lets go. */
  retain(user?: Node): () => void;
}

const testables = new Map<string, TestableDefinition>();

export function testableDefinition(type: string): TestableDefinition | undefined {
  return testables.get(type);
}

/** Lets the editor's Test button ask for this type of config node. */
export function registerTestable(RED: NodeAPI, definition: TestableDefinition): void {
  testables.set(definition.type, definition);
  installAdminRoutes(RED);
}

export function registerConnection(RED: NodeAPI, definition: ConnectionDefinition): void {
  registerTestable(RED, { ...definition, secret: 'apiKey', open: (fields, owner) => definition.open(fields, owner) });
  const start = (node: Node<KeyCredentials>, config: NodeDef): void => {
    const users = new Users();
    const { connection, problem } = openConnection(RED, definition, node, config);
    // Node-RED hands the statuses and errors of a config node on to the Status and Catch nodes of its `users`.
    Object.assign(node, { connection, problem, users: users.nodes, retain: (user?: Node) => users.retain(user) });
    if (problem) node.error(problem.message);
    node.on('close', (removed: boolean, done: () => void) => {
      connection?.health?.stop();
      void users.gone().then(() => connection?.close(removed)).then(() => done(), done);
    });
  };
  const texts = Object.fromEntries((definition.texts ?? []).map((name) => [name, { type: 'password' as const }]));
  registerNode<NodeDef, KeyCredentials>(RED, definition.type, start, { apiKey: { type: 'password' }, ...texts });
}

function openConnection(
  RED: NodeAPI,
  definition: ConnectionDefinition,
  node: Node<KeyCredentials>,
  config: NodeDef,
): { connection?: Connection; problem?: LlmError } {
  const texts = (definition.texts ?? []).map((name) => [name, readSavedKey(node, name)]);
  const fields = { ...config, ...Object.fromEntries(texts), apiKey: readSavedKey(node) } as ConnectionFields;
  try {
    refuseUnset(fields);
    return { connection: definition.open(fields, { id: node.id, name: node.name ?? '', type: node.type, lasting: true, host: serverHost(RED, node) }) };
  } catch (error) {
    return { problem: asProblem(error) };
  }
}

/** Nodes close side by side: a connection may only go when those that use it have drained. */
export class Users {
  /** By their ids; those that are no nodes of a flow are not among them. */
  readonly nodes: Record<string, Node> = {};
  #count = 0;
  #onGone: (() => void) | undefined;

  retain(user?: Node): () => void {
    this.#count++;
    if (user) this.nodes[user.id] = user;
    return () => {
      if (user && this.nodes[user.id] === user) delete this.nodes[user.id];
      if (--this.#count === 0) this.#onGone?.();
    };
  }

  gone(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => (this.#onGone = resolve));
  }
}

/** The key, or another secret, that is saved with a config node. */
export function readSavedKey(node: Node<object> | undefined, secret = 'apiKey'): string | undefined {
  const key = (node?.credentials as Record<string, unknown> | undefined)?.[secret];
  return typeof key === 'string' ? key : undefined;
}

/** What is wrong with a node's settings, as the failure that each of its messages gets. */
export function asProblem(error: unknown): LlmError {
  return error instanceof RangeError ? invalidSettings(error) : toLlmError(error);
}

function invalidSettings(error: RangeError): LlmError {
  return new LlmError('misconfigured', error.message, { hint: 'Open the node and correct it.' });
}
