/** Config nodes: an account or a server, one client and one connection pool for all the nodes that use it. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { ModelClient } from '../core/client.ts';
import type { HealthMonitor } from '../core/health.ts';
import { isLlmError, LlmError, toLlmError } from '../core/errors.ts';
import type { PriceSource } from '../core/pricing.ts';
import type { Provider } from '../core/provider.ts';
import { installAdminRoutes } from './admin.ts';

/** What an account or a server is to the nodes that use it. */
export interface Connection {
  readonly provider: Provider;
  readonly prices: PriceSource;
  /** Only where the server is asked on an interval. */
  readonly health?: HealthMonitor | undefined;
  /** Gives vectors for texts; absent where the API has none. */
  readonly embeddings?: ModelClient | undefined;
  /** One sentence about what answers there. @throws LlmError */
  test(signal: AbortSignal): Promise<string>;
  /** The names of the models it offers. @throws LlmError */
  models(signal: AbortSignal): Promise<string[]>;
  close(): Promise<void>;
}

/** What the user typed: the node's properties and its credentials. */
export type ConnectionFields = Readonly<Record<string, unknown>> & { readonly apiKey?: string | undefined };

export interface ConnectionOwner {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** Whether this one lives on: a test from the editor opens a connection without health checks. */
  readonly lasting: boolean;
}

export interface ConnectionDefinition<C extends Connection = Connection> {
  readonly type: string;
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
  /** Keeps the connection open while its user drains. Returns the function that lets go. */
  retain(): () => void;
}

const definitions = new Map<string, ConnectionDefinition>();

export function connectionDefinition(type: string): ConnectionDefinition | undefined {
  return definitions.get(type);
}

export function registerConnection(RED: NodeAPI, definition: ConnectionDefinition): void {
  definitions.set(definition.type, definition);
  installAdminRoutes(RED);
  function construct(this: Node<KeyCredentials>, config: NodeDef): void {
    RED.nodes.createNode(this, config);
    const users = new Users();
    const { connection, problem } = openConnection(definition, this, config);
    Object.assign(this, { connection, problem, retain: () => users.retain() });
    if (problem) this.error(problem.message);
    this.on('close', (done: () => void) => {
      connection?.health?.stop();
      void users.gone().then(() => connection?.close()).then(() => done(), done);
    });
  }
  RED.nodes.registerType(definition.type, construct, { credentials: { apiKey: { type: 'password' } } });
}

function openConnection(
  definition: ConnectionDefinition,
  node: Node<KeyCredentials>,
  config: NodeDef,
): { connection?: Connection; problem?: LlmError } {
  const fields = { ...config, apiKey: readSavedKey(node) };
  try {
    return { connection: definition.open(fields, { id: node.id, name: node.name ?? '', type: node.type, lasting: true }) };
  } catch (error) {
    return { problem: asProblem(error) };
  }
}

/** Nodes close side by side: a connection may only go when those that use it have drained. */
class Users {
  #count = 0;
  #onGone: (() => void) | undefined;

  retain(): () => void {
    this.#count++;
    return () => {
      if (--this.#count === 0) this.#onGone?.();
    };
  }

  gone(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => (this.#onGone = resolve));
  }
}

/** The key that is saved with a config node. */
export function readSavedKey(node: Node<KeyCredentials> | undefined): string | undefined {
  const key = node?.credentials?.apiKey;
  return typeof key === 'string' ? key : undefined;
}

/** What is wrong with a node's settings, as the failure that each of its messages gets. */
export function asProblem(error: unknown): LlmError {
  return isLlmError(error) ? error : error instanceof RangeError ? invalidSettings(error) : toLlmError(error);
}

function invalidSettings(error: RangeError): LlmError {
  return new LlmError('invalid_request', error.message, { hint: 'Open the node and correct it.' });
}
