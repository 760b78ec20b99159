/** Stages in a real flow, with branches that do what the test says; and policies in no flow, for thousands of requests. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import type { TestContext } from 'node:test';
import type { Node, NodeAPI, NodeStatus } from 'node-red';
import registerEcho from '../../nodes/backends/echo/echo.ts';
import registerLlamaCpp from '../../nodes/backends/llamacpp/llamacpp.ts';
import type { AttemptRecord } from '../../nodes/core/completion.ts';
import { type BackendConfig, registerBackend } from '../../nodes/runtime/backend-node.ts';
import type { Connection } from '../../nodes/runtime/connection.ts';
import type { LlmMessage } from '../../nodes/runtime/calls.ts';
import type { Stage } from '../../nodes/runtime/stage-node.ts';
import type { Branch } from '../../nodes/runtime/branch.ts';
import type { StageRequest } from '../../nodes/runtime/stage-request.ts';
import registerFallback from '../../nodes/stages/fallback/fallback.ts';
import registerPool from '../../nodes/stages/pool/pool.ts';
import registerReturn from '../../nodes/stages/return/return.ts';
import registerRouter from '../../nodes/stages/router/router.ts';
import { FakeTime } from './fake-time.ts';
import { Flow, type FlowMessage, type FlowNode, type FlowOptions, quiet, type Register } from './flow.ts';
import { type Script, ScriptedClient, scriptedProvider } from './scripted-client.ts';

const { util } = createRequire(import.meta.url)('@node-red/util') as Pick<NodeAPI, 'util'>;

/** What stands at the beginning of a branch: the scripts of a backend, a node (which may have `scripts`), or the id of one of `more`. */
export type BranchSetup = readonly Script[] | (Partial<FlowNode> & { type: string }) | string;

export interface StageSetup extends FlowOptions {
  /** Further nodes of the flow, which may have `scripts` too. */
  more?: FlowNode[];
  register?: Register[];
}

/** A branch that is the test itself: see {@link StageFlow.arrival}. */
export const held = { type: 'helper' };

/** A backend that says the prompt again at once. */
export const echo = { type: 'llm-echo', tokensPerSecond: 0, retries: 0, breakerFailures: 0 };

export const misconfigured = { fill: 'red', shape: 'ring', text: 'llm.status.misconfigured' };

/** By a clock of the test's own: a stage `stage` with a node `a`, `b`, `c` … in each branch, and a return node that `held` branches come back by. */
export class StageFlow {
  readonly flow: Flow;
  readonly nodes: FlowNode[];
  readonly time: FakeTime;
  readonly #clients: ReadonlyMap<string, ScriptedClient>;
  readonly #outcomes: Array<{ came: number; resolve: (msg: FlowMessage) => void }> = [];

  /** Where `config` has no rows, each branch has a row without settings. */
  static async start(t: TestContext, config: Record<string, unknown> & { type: string }, branches: BranchSetup[], setup: StageSetup = {}): Promise<StageFlow> {
    const { more = [], register = [], settings, ...options } = setup;
    const ids = branches.map((branch, index) => (typeof branch === 'string' ? branch : String.fromCodePoint(97 + index)));
    const clients = new Map<string, ScriptedClient>();
    const behind = branches.flatMap((branch, index): FlowNode[] => {
      const id = ids[index] as string;
      if (typeof branch === 'string') return [];
      return [{ id, wires: [], ...('type' in branch ? branch : { ...scriptedNode, scripts: branch as readonly Script[] }) }];
    });
    const withoutScripts = ({ scripts, ...node }: FlowNode): FlowNode => {
      if (scripts) clients.set(node.id, new ScriptedClient(...(scripts as Script[])));
      return node;
    };
    const rows = config.type === 'llm-pool' ? 'members' : 'branches';
    const nodes: FlowNode[] = [
      { id: 'stage', [rows]: branches.map(() => ({})), ...config, wires: [['outcomes'], ...ids.map((id) => [id]), ...(config['stream'] ? [['tokens']] : [])] },
      { id: 'catch', type: 'catch', scope: null, wires: [['outcomes']] },
      { id: 'outcomes', type: 'helper', wires: [] },
      { id: 'tokens', type: 'helper', wires: [] },
      { id: 'return', type: 'llm-return', wires: [] },
      ...[...behind, ...more].map(withoutScripts),
    ];
    const time = new FakeTime(t);
    const types = [registerEcho, registerLlamaCpp, registerPool, registerFallback, registerRouter, registerReturn, registerScripted(clients), ...register];
    // What is under way when the test ends is not waited for.
    const flow = await Flow.start(types, nodes, { ...options, settings: { llm: { drainMs: 0 }, ...settings } });
    const stage = new StageFlow(flow, nodes, time, clients);
    t.after(async () => {
      await flow.end();
      assert.ok(stage.#outcomes.every(({ came }) => came <= 1), 'A message has come out twice.');
    });
    return stage;
  }

  private constructor(flow: Flow, nodes: FlowNode[], time: FakeTime, clients: ReadonlyMap<string, ScriptedClient>) {
    this.flow = flow;
    this.time = time;
    this.nodes = nodes;
    this.#clients = clients;
    flow.node('outcomes').on('input', (msg: FlowMessage) => {
      const asked = this.#outcomes[msg['asked'] as number];
      if (!asked) return;
      asked.came++;
      asked.resolve(msg);
    });
  }

  /** The one message that comes out for this one, by the stage's first port or by the catch node. */
  ask(msg: object = {}): Promise<FlowMessage> {
    const { promise, resolve } = Promise.withResolvers<FlowMessage>();
    const asked = this.#outcomes.push({ came: 0, resolve }) - 1;
    this.flow.send('stage', { payload: 'Once upon a time', ...msg, asked });
    return promise;
  }

  /** The same, to be looked at while it goes on: what has become of it by now. */
  watch(msg: object = {}): () => FlowMessage | undefined {
    let outcome: FlowMessage | undefined;
    void this.ask(msg).then((came) => (outcome = came));
    return () => outcome;
  }

  /** The next message that has got to a `held` branch. */
  arrival(id: string): Promise<FlowMessage> {
    return this.flow.next(id);
  }

  /** Lets a `held` branch come back, with the payload as the answer or with what `changes` say. */
  comeBack(msg: FlowMessage, changes: object = {}): void {
    this.flow.send('return', { ...msg, ...changes });
  }

  /** How many requests a scripted backend has got. */
  requests(id: string): ScriptedClient['requests'] {
    return this.#clients.get(id)?.requests ?? [];
  }

  /** Lets the time pass, and what follows from it go all the way. */
  async advance(ms: number): Promise<void> {
    await quiet();
    await this.time.advance(ms);
    await quiet();
  }

  /** What stands below the stage, when it had the time to be shown. */
  async shown(): Promise<NodeStatus | undefined> {
    await this.advance(250);
    return this.flow.statuses('stage').at(-1);
  }
}

/** Its failures are its stage's to deal with: it neither retries nor trips by itself. */
export const scriptedNode = { type: 'llm-scripted', retries: 0, breakerFailures: 0 };

/** Backends of the type `llm-scripted`, each with the client of its id. */
export function registerScripted(clients: ReadonlyMap<string, ScriptedClient>): Register {
  const connection: Connection = {
    provider: scriptedProvider,
    prices: { table: {} },
    test: () => Promise.resolve(''),
    models: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
  return (RED: NodeAPI) =>
    registerBackend<BackendConfig, Connection>(RED, {
      type: 'llm-scripted',
      connection: () => connection,
      client: ({ id }) => clients.get(id) ?? new ScriptedClient(),
    });
}

/** What was tried, as `A server`, `B ok`. */
export function tried({ completion, error }: FlowMessage): string[] {
  const attempts: AttemptRecord[] | undefined = completion?.attempts ?? error?.cause.attempts;
  return (attempts ?? []).map(({ branch, outcome, error: kind }) => `${branch} ${kind ?? outcome}`);
}

/** A request in no flow, for a policy alone: `attempt` is what becomes of each attempt. */
export function requestOf(msg: object, attempt: (branch: Branch) => Promise<LlmMessage> | LlmMessage): StageRequest {
  const signal = new AbortController().signal;
  const request: Partial<StageRequest> = { msg: msg as LlmMessage, signal, committed: false, said: '', attempt: async (branch) => attempt(branch) };
  return request as StageRequest;
}

/** What a policy in no flow asks of its node. Branches whose names are in `down` refuse. */
export function stageOf(id = 'stage', down: ReadonlySet<string> = new Set()): Stage {
  const node = { id } as Node;
  const refusalOf = ({ name }: Branch) => (down.has(name) ? 'unavailable' : undefined);
  return { RED: { util } as NodeAPI, node, update: () => undefined, refusalOf };
}
