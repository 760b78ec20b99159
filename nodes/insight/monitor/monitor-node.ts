/** The node of a monitor: metrics, alerts, summaries and the request log of all flows, and what the sidebar shows of the past. It only listens. */
import type { Node, NodeAPI, NodeDef, NodeStatus } from 'node-red';
import { isUnsetVariable } from '../../core/access.ts';
import { bus } from '../../core/events.ts';
import { readListening } from '../../core/listening.ts';
import { refuseUnset } from '../../core/variables.ts';
import { accessOf, type Found } from '../../runtime/access.ts';
import { afterDeploy } from '../../runtime/deploys.ts';
import { asProblem } from '../../runtime/connection.ts';
import { llmNodes } from '../../runtime/llm-nodes.ts';
import { Mount } from '../../runtime/http/mount.ts';
import { misconfigured, StatusLine, withAccess } from '../../runtime/status.ts';
import { type Alert, sentenceOf } from '../alerts/alert.ts';
import { Watcher } from '../alerts/watcher.ts';
import { recorder } from '../recorder.ts';
import { Summary } from '../summary/summary.ts';
import { openLog, type OpenLog } from './log-target.ts';
import { metricsRoute } from './metrics-route.ts';
import { type MonitorFields, type MonitorSettings, readMonitorSettings } from './settings.ts';
import { useMetrics } from './shared-metrics.ts';
import { openTelemetry } from './telemetry-target.ts';

export interface MonitorConfig extends NodeDef, MonitorFields {}

export interface MonitorCredentials {
  /** For those who fetch the metrics. */
  token?: unknown;
}

export class MonitorNode {
  readonly #RED: NodeAPI;
  readonly #node: Node<MonitorCredentials>;
  readonly #status: StatusLine;
  /** What ends with the node, in order. */
  readonly #ends: Array<() => void | Promise<void>> = [];
  #watcher: Watcher | undefined;
  #log: OpenLog | undefined;
  #found: Found | undefined;
  #mount: Mount | undefined;
  #isWrong = false;
  #hasTelemetryFailed = false;

  constructor(RED: NodeAPI, node: Node<MonitorCredentials>, config: MonitorConfig) {
    this.#RED = RED;
    this.#node = node;
    this.#status = new StatusLine(node, () => withAccess(this.#statusNow(), this.#found));
    try {
      refuseUnset({ ...config, ...node.credentials });
      this.#start(readMonitorSettings(config), config);
    } catch (error) {
      this.#isWrong = true;
      node.error(asProblem(error).message);
    }
    this.#status.update();
    node.on('close', (done: () => void) => void this.#close().then(done));
  }

  #start(settings: MonitorSettings, config: MonitorConfig): void {
    if (settings.path !== undefined) this.#serveMetrics(settings.path, settings, config);
    this.#watcher = new Watcher(settings.alerts, { bus, nodes: llmNodes }, (alert) => this.#tell(alert));
    this.#log = openLog(this.#RED, this.#node, settings.log, () => this.#status.update());
    const telemetry = openTelemetry(this.#node, settings, () => this.#failTelemetry());
    this.#ends.push(() => this.#watcher?.close(), () => this.#log?.close(), () => telemetry?.close());
    const release = recorder.keep(settings.capture && { ...settings.capture, onTrouble: (complaint) => this.#node.warn(complaint) });
    this.#ends.push(() => afterDeploy(this.#RED, release));
    if (settings.summaryMs > 0) this.#startSummaries(settings.summaryMs);
  }

  #serveMetrics(path: string, { models }: MonitorSettings, config: MonitorConfig): void {
    const metrics = useMetrics(this.#RED, models);
    this.#ends.push(() => metrics.release());
    const { token, isBroken } = readToken(this.#node.credentials);
    const found = accessOf(this.#RED, this.#node, { choice: config.access, hasKeys: token !== undefined, hasBrokenKeys: isBroken });
    tellAccess(this.#node, path, found);
    const mounted = metricsRoute({ access: found.access, token, contentType: metrics.contentType, text: () => metrics.text() });
    const mount = new Mount(this.#RED, this.#node, { path, listening: readListening(config, found.isChosen), mounted, update: () => this.#status.update() });
    this.#found = found;
    this.#mount = mount;
    this.#ends.push(() => mount.leave());
  }

  #startSummaries(everyMs: number): void {
    const summary = new Summary(bus, llmNodes);
    const timer = setTimeout(() => {
      this.#node.send([null, { topic: 'summary', payload: summary.take() }]);
      timer.refresh();
    }, everyMs);
    this.#ends.push(() => {
      clearTimeout(timer);
      summary.close();
    });
  }

  #failTelemetry(): void {
    this.#hasTelemetryFailed = true;
    this.#status.update();
  }

  #tell(alert: Alert): void {
    this.#node.send([{ topic: alert.name, payload: sentenceOf(alert), alert }, null]);
    this.#status.update();
  }

  #statusNow(): NodeStatus {
    if (this.#isWrong) return misconfigured;
    if (this.#mount?.status) return this.#mount.status;
    const firing = this.#watcher?.firing ?? 0;
    if (firing > 0) return { fill: 'red', shape: 'ring', text: firing === 1 ? '1 alert' : `${firing} alerts` };
    const lost = this.#log?.lost ?? 0;
    if (lost > 0) return { fill: 'yellow', shape: 'ring', text: 'monitor.status.log' };
    return this.#hasTelemetryFailed ? { fill: 'yellow', shape: 'ring', text: 'monitor.status.telemetry' } : {};
  }

  async #close(): Promise<void> {
    for (const end of this.#ends) await end();
    this.#status.close();
  }
}

/** A token that is empty, or a variable that nobody has set, was meant to keep people out. */
function readToken({ token: given }: MonitorCredentials = {}): { token: string | undefined; isBroken: boolean } {
  if (typeof given !== 'string') return { token: undefined, isBroken: false };
  const token = given.trim();
  const isBroken = token === '' || isUnsetVariable(token);
  return { token: isBroken ? undefined : token, isBroken };
}

function tellAccess(node: Node<object>, path: string, { access, isChosen }: Found): void {
  if (access === 'closed') {
    const why = isChosen ? 'they are for those who have the token, and it has none' : 'it had a token, or may have had one, and has none now';
    node.error(`The monitor shows nobody the metrics at ${path}: ${why}. Open the node and give it a token, or let everybody look.`);
  } else if (access === 'everybody' && !isChosen) {
    node.warn(`Everybody who reaches ${path} may read the metrics, for nobody has chosen who may. Open the node, and choose it under Metrics.`);
  }
}
