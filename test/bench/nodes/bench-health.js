/** GET /bench/health: the event loop's delay in ms since the last time, and the memory in MiB. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export default function register(RED) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const ms = (value) => value / 1e6;
  RED.nodes.registerType('bench-health', function construct(config) {
    RED.nodes.createNode(this, config);
    RED.httpNode.get('/bench/health', (_req, res) => {
      const { rss, heapUsed } = process.memoryUsage();
      res.json({ p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max), rss: rss / 2 ** 20, heap: heapUsed / 2 ** 20 });
      delay.reset();
    });
  });
}
