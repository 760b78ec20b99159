/** The node of a monitor: metrics, alerts, summaries and the request log of all flows, and what the sidebar shows of the past. It only listens. */
import type { Node, NodeAPI, NodeDef, NodeStatus } from 'node-red';
import { bus } from '../../core/events.ts';
import { afterDeploy } from '../../runtime/after-deploy.ts';
import { asProblem } from '../../runtime/connection.ts';
import { llmNodes } from '../../runtime/llm-nodes.ts';
import { mount } from '../../runtime/routes.ts';
import { misconfigured, StatusLine } from '../../runtime/status.ts';
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
  #isWrong = false;
  #hasTelemetryFailed = false;

  constructor(RED: NodeAPI, node: Node<MonitorCredentials>, config: MonitorConfig) {
    this.#RED = RED;
    this.#node = node;
    this.#status = new StatusLine(node, () => this.#statusNow());
    try {
      this.#start(readMonitorSettings(config));
    } catch (error) {
      this.#isWrong = true;
      node.error(asProblem(error).message);
    }
    this.#status.update();
    node.on('close', (done: () => void) => void this.#close().then(done));
  }

  #start(settings: MonitorSettings): void {
    if (settings.path !== undefined) this.#serveMetrics(settings.path, settings.models);
    this.#watcher = new Watcher(settings.alerts, { bus, nodes: llmNodes }, (alert) => this.#tell(alert));
    this.#log = openLog(this.#RED, this.#node, settings.log, () => this.#status.update());
    const telemetry = openTelemetry(this.#node, settings, () => this.#failTelemetry());
    this.#ends.push(() => this.#watcher?.close(), () => this.#log?.close(), () => telemetry?.close());
    const release = recorder.keep(settings.capture);
    this.#ends.push(() => afterDeploy(this.#RED, release));
    if (settings.summaryMs > 0) this.#startSummaries(settings.summaryMs);
  }

  #serveMetrics(path: string, models: readonly string[]): void {
    const metrics = useMetrics(this.#RED, models);
    this.#ends.push(() => metrics.release());
    const unmount = mount(this.#RED, path, metricsRoute({ token: readToken(this.#node.credentials), contentType: metrics.contentType, text: () => metrics.text() }));
    if (!unmount) throw new RangeError(`Another node has the path ${path}.`);
    this.#ends.push(unmount);
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

function readToken({ token }: MonitorCredentials = {}): string | undefined {
  return typeof token === 'string' && token.trim() !== '' ? token.trim() : undefined;
}
