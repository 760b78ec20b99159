/** A real Node-RED for end-to-end tests: in a process and a user folder of its own, with the palette as built in dist/. */
import assert from 'node:assert/strict';
import { EventEmitter, on, once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flowsSettled, launchNodeRed } from '../../scripts/node-red.ts';
import { nodeRedVersion } from '../../scripts/node-red-version.ts';
import { createUserDirWithPalette } from '../../scripts/user-dir.ts';

export interface Options {
  /** What is deployed at first; credentials may stand in the nodes, as `credentials`. */
  flows?: FlowNode[];
  env?: NodeJS.ProcessEnv;
  /** Settings of Node-RED, plain data only. */
  settings?: Record<string, unknown>;
  /** Such as `4.1.15`, which npm then installs once; without it the version of package.json runs. */
  nodeRedVersion?: string;
}

export type FlowNode = { id: string; type: string; [property: string]: unknown };

export interface TestNodeRed {
  /** Without a slash at the end. */
  readonly url: string;
  readonly pid: number | undefined;
  /** Node-RED's folder, with flows.json. */
  readonly userDir: string;
  /** All that Node-RED has written since its last start. */
  log(): string;
  waitForLog(pattern: RegExp, ms?: number): Promise<RegExpExecArray>;
  /** Resolves when the new flows run. */
  deploy(flows: FlowNode[], type?: 'full' | 'nodes' | 'flows'): Promise<void>;
  /** Watches the statuses of all nodes from now on. */
  statuses(): Promise<Statuses>;
  /** Ends the process and starts it again at the same address, with the flows that were deployed last. */
  restart(): Promise<void>;
  /** Resolves when the process has ended and its folder is gone. */
  stop(): Promise<void>;
}

/** Keys of the person who runs the tests must not reach a test. */
const hermetic = { OPENAI_API_KEY: undefined, ANTHROPIC_API_KEY: undefined, LLAMA_CPP_URL: undefined, VLLM_URL: undefined };

export async function startNodeRed({ flows, env, settings, nodeRedVersion: version }: Options = {}): Promise<TestNodeRed> {
  const nodeRed = version && (await nodeRedVersion(version));
  const userDir = await mkdtemp(join(await realpath(tmpdir()), 'node-red-test-'));
  createUserDirWithPalette(userDir);
  const launch = (port: number) =>
    launchNodeRed({ userDir, port, env: { ...hermetic, ...env }, ...(settings && { settings }), ...(nodeRed && { nodeRed }) });
  const stop = async () => {
    await running?.stop();
    await rm(userDir, { recursive: true, force: true });
  };

  let running: Awaited<ReturnType<typeof launch>> | undefined;
  try {
    let current = (running = await launch(0));
    const testNodeRed: TestNodeRed = {
      url: current.url,
      userDir,
      get pid() {
        return current.pid;
      },
      log: () => current.log.text,
      waitForLog: (pattern, ms = 5000) => current.log.waitFor(pattern, { ms }),
      deploy: (nodes, type = 'full') => deploy(current, nodes, type),
      statuses: () => Statuses.watch(current.url),
      restart: async () => {
        await current.stop();
        current = running = await launch(Number(new URL(current.url).port));
      },
      stop,
    };
    if (flows) await testNodeRed.deploy(flows);
    return testNodeRed;
  } catch (error) {
    await stop();
    throw error;
  }
}

async function deploy({ url, log }: Awaited<ReturnType<typeof launchNodeRed>>, flows: FlowNode[], type: string): Promise<void> {
  const from = log.text.length;
  const response = await fetch(`${url}/flows`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Node-RED-API-Version': 'v2', 'Node-RED-Deployment-Type': type },
    body: JSON.stringify({ flows }),
  });
  assert.equal(response.status, 200, await response.text());
  const [outcome] = await log.waitFor(flowsSettled, { from });
  assert.match(outcome, /^Started/, log.text.slice(from));
}

export interface Status {
  text?: string;
  fill?: string;
  shape?: string;
}

/** The statuses of nodes, as the editor gets them: `{}` is a cleared one. */
export class Statuses {
  readonly #socket: WebSocket;
  readonly #seen = new Map<string, Status[]>();
  readonly #events = new EventEmitter();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#receive(String(data)));
  }

  static async watch(url: string): Promise<Statuses> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/comms`);
    const statuses = new Statuses(socket);
    await once(socket, 'open');
    socket.send(JSON.stringify({ subscribe: 'status/#' }));
    return statuses;
  }

  /** All statuses of a node since the watch began, and the one that it had then. */
  of(node: string): readonly Status[] {
    return this.#seen.get(`status/${node}`) ?? [];
  }

  /** Resolves with the node's status as soon as it fits: at once if it does so now. */
  async until(node: string, fits: (status: Status) => boolean, ms = 5000): Promise<Status> {
    const latest = this.of(node).at(-1);
    if (latest && fits(latest)) return latest;
    const deadline = AbortSignal.timeout(ms);
    try {
      for await (const [status] of on(this.#events, `status/${node}`, { signal: deadline })) {
        if (fits(status as Status)) return status as Status;
      }
    } catch (error) {
      if (!deadline.aborted) throw error;
    }
    throw new Error(`${node} had no such status within ${ms} ms, but ${JSON.stringify(this.of(node))}`);
  }

  close(): void {
    this.#socket.close();
  }

  /** Node-RED sends many events at a time, and others than statuses. */
  #receive(data: string): void {
    for (const { topic, data: status } of JSON.parse(data) as { topic: string; data: Status }[]) {
      this.#seen.set(topic, [...(this.#seen.get(topic) ?? []), status]);
      this.#events.emit(topic, status);
    }
  }
}
