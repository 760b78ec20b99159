/** Spans and metrics by OpenTelemetry: to whatever SDK the process runs, or to an OTLP address by one of our own. */
import { type Meter, metrics, trace, type Tracer } from '@opentelemetry/api';
import { LlmError } from '../../core/errors.ts';
import type { EventBus } from '../../core/events.ts';
import type { ModelNames } from '../metrics/model-names.ts';
import { MeterRecorder } from './meters.ts';
import { SpanRecorder } from './spans.ts';

const scope = '@prompt-orchestrator/node-red';

export interface Telemetry {
  /** Sends what is left. */
  close(): Promise<void>;
}

/** Where spans and metrics go. */
export interface Providers {
  readonly tracer: Tracer;
  readonly meter: Meter;
  /** Sends what is left, and ends. */
  shutdown(): Promise<void>;
}

export function startTelemetry(bus: EventBus, names: ModelNames, providers: Providers): Telemetry {
  const recorders = [new SpanRecorder(bus, providers.tracer), new MeterRecorder(bus, providers.meter, names)];
  return {
    async close() {
      for (const recorder of recorders) recorder.close();
      await providers.shutdown();
    },
  };
}

/** Those of the SDK that the process runs; without one, all of it goes nowhere. */
export function globalProviders(): Providers {
  return { tracer: trace.getTracer(scope), meter: metrics.getMeter(scope), shutdown: () => Promise.resolve() };
}

/** What a person installs who gives an OTLP address. */
export const exporterPackages = [
  '@opentelemetry/sdk-trace',
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/resources',
  '@opentelemetry/exporter-trace-otlp-http',
  '@opentelemetry/exporter-metrics-otlp-http',
] as const;

/** A collector that does not answer must not hold up a deploy. */
const shutdownWithinMs = 3_000;

/**
 * Sends to an OTLP collector, such as `http://localhost:4318`. Headers for it come from `OTEL_EXPORTER_OTLP_HEADERS`, as for any SDK.
 * @throws LlmError `not_found` where the packages are missing
 */
export async function otlpProviders(url: string, service: string): Promise<Providers> {
  const [sdkTrace, sdkMetrics, { resourceFromAttributes }, { OTLPTraceExporter }, { OTLPMetricExporter }] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/exporter-metrics-otlp-http'),
  ]).catch((error: unknown) => {
    throw explain(error);
  });
  const resource = resourceFromAttributes({ 'service.name': service });
  const tracing = new sdkTrace.TracerProvider({ resource, spanProcessors: [new sdkTrace.BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${url}/v1/traces` }) })] });
  const reader = new sdkMetrics.PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter({ url: `${url}/v1/metrics` }) });
  const metering = new sdkMetrics.MeterProvider({ resource, readers: [reader] });
  return {
    tracer: tracing.getTracer(scope),
    meter: metering.getMeter(scope),
    async shutdown() {
      const ended = Promise.allSettled([tracing.shutdown(), metering.shutdown()]);
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, shutdownWithinMs).unref())]);
    },
  };
}

function explain(error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') return error;
  const hint = `In Node-RED's user folder run: npm install ${exporterPackages.join(' ')} – and restart Node-RED.`;
  return new LlmError('not_found', 'The packages that send to an OTLP address are not installed.', { hint });
}
