/** What Node-RED gives to a server that is run here: a folder, the moment to start, and ways to tell what happens. */
import { join } from 'node:path';
import type { Node, NodeAPI, NodeMessage, NodeStatus } from 'node-red';
import { endOrphans } from '../core/supervisor/orphans.ts';
import { supervisors } from '../core/supervisor/supervisors.ts';
import { reportOf } from './report.ts';
import type { RunOwner } from './supervision.ts';

export interface ServerHost extends RunOwner {
  /** For the records of what runs; undefined where Node-RED has no folder. */
  readonly folder: string | undefined;
}

/** What a Catch node gets of a crash, beside `error`. */
interface CrashMessage extends NodeMessage {
  server: { id: string; name: string; state: string; reason: string; restarts: number; code?: number | null; signal?: string | null };
}

export function serverHost(RED: NodeAPI, node: Node<object>): ServerHost {
  const { userDir } = RED.settings as { userDir?: string };
  let isClosed = false;
  node.on('close', () => (isClosed = true));
  return {
    id: node.id,
    folder: userDir === undefined ? undefined : join(userDir, 'llm-servers'),
    whenStarted: (start) => RED.events.once('flows:started', () => void (isClosed || start())),
    onStatus: (status: NodeStatus) => node.status(status),
    onCrash: ({ reason, error, exit }, { state, restarts }) => {
      const { id, name = '' } = node;
      const ended = exit && { code: exit.code, signal: exit.signal };
      const msg: CrashMessage = { server: { id, name, state, reason, restarts, ...ended } };
      // An error with a message goes to the Catch nodes of the flows that use the server, else into the log.
      node.error(reportOf(error), msg);
    },
  };
}

const watched = new WeakSet<object>();
const patienceMs = 5_000;

/** With each start of the flows: what a killed Node-RED has left behind and no node wants any more, ends. */
export function endOrphansWithFlows(RED: NodeAPI): void {
  const { userDir } = RED.settings as { userDir?: string };
  if (userDir === undefined || watched.has(RED.events)) return;
  watched.add(RED.events);
  RED.events.on('flows:started', () => {
    endOrphans(join(userDir, 'llm-servers'), (port) => supervisors.isClaimed(port), patienceMs).then(
      (ended) => void (ended > 0 && RED.log.info(`Ended ${ended} model server(s) that an earlier Node-RED had left running.`)),
      (error: unknown) => RED.log.error(`Model servers left running could not be looked for: ${String(error)}`),
    );
  });
}
