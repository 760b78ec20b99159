/**
 * The process that all of it runs in, by the names that Prometheus's own clients use. prom-client's default metrics would wake the
 * process a hundred times a second and could not be stopped: these cost nothing until somebody looks.
 */
import { performance } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';

export function addProcessMetrics(registry: Registry): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Processor time of Node-RED, in seconds.',
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  gauge('process_start_time_seconds', 'When Node-RED started, in seconds since the epoch.', () => performance.timeOrigin / 1000);
  gauge('process_resident_memory_bytes', 'Memory of Node-RED.', () => process.memoryUsage.rss());
  gauge('nodejs_heap_size_used_bytes', 'Heap that is used.', () => process.memoryUsage().heapUsed);
  gauge('nodejs_heap_size_total_bytes', 'Heap that is taken from the system.', () => process.memoryUsage().heapTotal);
  gauge('nodejs_external_memory_bytes', 'Memory outside of the heap, such as buffers.', () => process.memoryUsage().external);
  let last = performance.eventLoopUtilization();
  gauge('nodejs_eventloop_utilization_ratio', 'How busy the event loop was since the last look, from 0 to 1.', () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return Number.isFinite(utilization) ? utilization : 0;
  });
  new Gauge({ name: 'nodejs_version_info', help: 'The version of Node.js.', labelNames: ['version'], registers: [registry] }).set({ version: process.version }, 1);
}
