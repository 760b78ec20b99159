/** What OpenTelemetry's own SDK gets. */
import type { TestContext } from 'node:test';
import { AggregationTemporality, type HistogramMetricData, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { bus } from '../../nodes/core/events.ts';
import { ModelNames } from '../../nodes/insight/metrics/model-names.ts';
import { startTelemetry } from '../../nodes/insight/telemetry/telemetry.ts';

/** Everything that the process does, as spans and metrics in memory. */
export function telemetryOf(t: TestContext) {
  const spans = new InMemorySpanExporter();
  const tracing = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] });
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const metering = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })] });
  const names = new ModelNames((name) => name === 'small');
  const telemetry = startTelemetry(bus, names, { tracer: tracing.getTracer('test'), meter: metering.getMeter('test'), shutdown: () => Promise.resolve() });
  t.after(async () => {
    await telemetry.close();
    await Promise.all([tracing.shutdown(), metering.shutdown()]);
  });
  const all = async () => {
    await metering.forceFlush();
    return exporter.getMetrics().at(-1)?.scopeMetrics.flatMap(({ metrics }) => metrics) ?? [];
  };
  const metrics = async () => {
    const found = await all();
    return (name: string) => (found.find(({ descriptor }) => descriptor.name === name) as HistogramMetricData | undefined)?.dataPoints ?? [];
  };
  return { spans: () => spans.getFinishedSpans(), metrics, all };
}
