/** Starts and ends the telemetry of a monitor: what it needs may have to be loaded first. */
import type { Node } from 'node-red';
import { bus } from '../../core/events.ts';
import { asProblem } from '../../runtime/connection.ts';
import { llmNodes } from '../../runtime/llm-nodes.ts';
import { configuredIn, ModelNames } from '../metrics/model-names.ts';
import { globalProviders, otlpProviders, startTelemetry, type Telemetry } from '../telemetry/telemetry.ts';
import type { MonitorSettings } from './settings.ts';

export interface OpenTelemetry {
  close(): Promise<void>;
}

/** `onFailure` is told where it cannot be started: the rest of the monitor goes on. */
export function openTelemetry(node: Node, settings: MonitorSettings, onFailure: () => void): OpenTelemetry | undefined {
  if (settings.telemetry === 'off') return undefined;
  const started = start(settings).catch((error: unknown) => {
    node.error(asProblem(error).message);
    onFailure();
    return undefined;
  });
  return {
    async close() {
      const telemetry = await started;
      await telemetry?.close();
    },
  };
}

async function start({ telemetry, otlpUrl, models }: MonitorSettings): Promise<Telemetry> {
  const providers = telemetry === 'otlp' ? await otlpProviders(otlpUrl, process.env['OTEL_SERVICE_NAME'] || 'node-red') : globalProviders();
  return startTelemetry(bus, new ModelNames(configuredIn(llmNodes, new Set(models))), providers);
}
