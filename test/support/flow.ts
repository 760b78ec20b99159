/** Flows in Node-RED's own runtime, within the test's process: real wires, catch, complete, status and join nodes. */
import { on, once } from 'node:events';
import { createRequire } from 'node:module';
import type { Node, NodeAPI, NodeMessage, NodeStatus } from 'node-red';
import type { Completion } from '../../nodes/core/completion.ts';
import type { FailureCause, FailureKind, LlmError } from '../../nodes/core/errors.ts';
import { settled } from './fake-time.ts';

export interface FlowNode {
  id: string;
  type: string;
  wires?: string[][];
  [property: string]: unknown;
}

/** A message as it comes out of a flow. */
export interface FlowMessage extends NodeMessage {
  completion?: Completion;
  complete?: boolean;
  error?: { message: string; code: FailureKind; cause: FailureCause; source: { id: string } };
  [property: string]: unknown;
}

/** What registers a type with Node-RED, as a node's file does. */
export type Register = (RED: NodeAPI) => void;

interface Helper {
  init(path: string): void;
  settings(settings: object): void;
  startServer(): Promise<void>;
  stopServer(): Promise<void>;
  load(register: Register[], nodes: FlowNode[], credentials: object): Promise<void>;
  unload(): Promise<void>;
  getNode(id: string): Node;
  /** What it registers by itself, once for each node of the type: a flow with two would fail. */
  _nodeModules: Record<string, Register>;
  /** What it puts spies around, and what takes them off the log. */
  _NodePrototype: object;
  _sandbox: { restore(): void };
}

/** What Node-RED says when a node calls done. */
interface CompleteEvent {
  msg: FlowMessage;
  node: { id: string };
  error?: LlmError;
}

interface Runtime {
  setFlows(nodes: FlowNode[], credentials: undefined, type: string): Promise<void>;
  stopFlows(): Promise<void>;
  startFlows(): Promise<void>;
}

const require = createRequire(import.meta.url);
const helper = require('node-red-node-test-helper') as Helper;
const runtime = require('@node-red/runtime/lib/nodes') as Runtime;
const { events, hooks } = require('@node-red/util') as { events: NodeJS.EventEmitter; hooks: NodeAPI['hooks'] };

/** One of Node-RED's own nodes. */
export function core(path: string): Register {
  return require(`@node-red/nodes/core/${path}`) as Register;
}

/** Node-RED's own split and join nodes. */
export const join = core('sequence/17-split.js');

/** What every flow may have. */
const watchers = ['25-catch', '24-complete', '25-status'].map((name) => core(`common/${name}.js`));

export interface FlowOptions {
  credentials?: Record<string, Record<string, string>>;
  /** Of Node-RED, as in its settings file. */
  settings?: object;
}

/** One flow at a time: the runtime is the process's own. A node of type `helper` collects what it gets. */
export class Flow {
  /** A deploy may put a new node in the place of one with the same id. */
  readonly #collecting = new WeakSet<Node>();
  readonly #received = new Map<string, FlowMessage[]>();
  readonly #waiting = new Map<string, Array<(msg: FlowMessage) => void>>();
  readonly #listeners = new Map<string, (msg: FlowMessage) => void>();
  readonly #onDone = new Map<string, (msg: FlowMessage, error?: LlmError) => void>();
  readonly #statuses = new Map<string, NodeStatus[]>();
  /** A node that is removed has none any more. */
  readonly #onStatus = ({ id, status = {} }: { id: string; status?: NodeStatus }) => {
    listOf(this.#statuses, id).push(status);
  };

  static async start(register: Register[], nodes: FlowNode[], { credentials = {}, settings = {} }: FlowOptions = {}): Promise<Flow> {
    helper.init(require.resolve('node-red'));
    helper._nodeModules = {};
    // Its spies would remember every message: they get a prototype that no node has, and leave the log when all is loaded.
    helper._NodePrototype = Object.create(helper._NodePrototype) as object;
    await helper.startServer();
    helper.settings(settings);
    const flow = new Flow();
    events.on('node-status', flow.#onStatus);
    hooks.add('onComplete.flow', ({ msg, node, error }: CompleteEvent) => flow.#onDone.get(node.id)?.(msg, error));
    try {
      await helper.load([...watchers, ...register].map(withHooks), placed(nodes), credentials);
      helper._sandbox.restore();
      flow.#collect(nodes);
    } catch (error) {
      await flow.end();
      throw error;
    }
    return flow;
  }

  node(id: string): Node {
    return helper.getNode(id);
  }

  /** Whether the node runs: in the middle of a deploy it may not. */
  has(id: string): boolean {
    const node: Node | null | undefined = helper.getNode(id);
    return node !== undefined && node !== null;
  }

  /** Tells of each message that a node is done with: in the middle of a deploy, Catch and Complete nodes are deaf. */
  onDone(id: string, listener: (msg: FlowMessage, error?: LlmError) => void): void {
    this.#onDone.set(id, listener);
  }

  /** Takes what a helper node gets as it comes, instead of `next` and `rest`. */
  listen(id: string, take: (msg: FlowMessage) => void): void {
    this.#listeners.set(id, take);
  }

  send(id: string, msg: object): void {
    this.node(id).receive(msg as NodeMessage);
  }

  /** The next message that the helper node gets, or has got and nobody has taken. */
  next(id: string): Promise<FlowMessage> {
    const early = listOf(this.#received, id).shift();
    if (early) return Promise.resolve(early);
    return new Promise((resolve) => listOf(this.#waiting, id).push(resolve));
  }

  /** The messages that the helper node has got and nobody has taken, when nothing is on a wire any more. */
  async rest(id: string): Promise<FlowMessage[]> {
    await quiet();
    return listOf(this.#received, id).splice(0);
  }

  /** Everything that a node has shown below itself, in order. */
  statuses(id: string): NodeStatus[] {
    return listOf(this.#statuses, id);
  }

  /** Resolves when the node shows a status that has the text in it. */
  async status(id: string, text: string): Promise<void> {
    const isShown = () => this.statuses(id).some((status) => status.text?.includes(text));
    if (isShown()) return;
    for await (const _ of on(events, 'node-status')) if (isShown()) return;
  }

  /** Resolves when any node shows another status. */
  async nextStatus(): Promise<void> {
    await once(events, 'node-status');
  }

  /** Resolves when the new flow runs. */
  async deploy(nodes: FlowNode[], type: 'full' | 'nodes' = 'nodes'): Promise<void> {
    const started = once(events, 'flows:started');
    await runtime.setFlows(placed(nodes), undefined, type);
    await started;
    this.#collect(nodes);
  }

  /** Stops the flow and leaves the types registered. */
  stop(): Promise<void> {
    return runtime.stopFlows();
  }

  /** Starts the flow again that was stopped. */
  start(): Promise<void> {
    return runtime.startFlows();
  }

  async end(): Promise<void> {
    events.off('node-status', this.#onStatus);
    hooks.remove('*.flow');
    await helper.unload();
    await helper.stopServer();
  }

  #collect(nodes: FlowNode[]): void {
    for (const { id, type } of nodes) {
      const node = this.node(id);
      if (type !== 'helper' || this.#collecting.has(node)) continue;
      this.#collecting.add(node);
      node.on('input', (msg: FlowMessage) => {
        const take = this.#listeners.get(id) ?? listOf(this.#waiting, id).shift();
        if (take) take(msg);
        else listOf(this.#received, id).push(msg);
      });
    }
  }
}

/** The test helper leaves the hooks out of what it hands to nodes. */
function withHooks(register: Register): Register {
  return (RED) => register(Object.assign(RED, { hooks }));
}

function listOf<Item>(lists: Map<string, Item[]>, id: string): Item[] {
  const list = lists.get(id) ?? [];
  lists.set(id, list);
  return list;
}

/** Nodes with wires get a place on the one tab; without, they are config nodes. */
function placed(nodes: FlowNode[]): FlowNode[] {
  return [{ id: 'tab', type: 'tab' }, ...nodes.map((node) => (node.wires ? { x: 0, y: 0, z: 'tab', ...node } : node))];
}

/** Resolves when messages that need nothing but their turn have gone all the way: Node-RED takes a turn for each wire. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await settled();
}
