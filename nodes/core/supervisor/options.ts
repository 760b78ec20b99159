/** How a server is run. */
import type { HealthState } from '../events.ts';
import type { Provider } from '../provider.ts';
import type { Command } from './command.ts';
import type { Address } from './listening.ts';
import type { RestartOptions } from './restarts.ts';
import type { WatchdogOptions } from './watchdog.ts';

export interface SupervisorOptions {
  readonly provider: Provider;
  readonly command: Command;
  readonly address: Address;
  /** Where to keep who runs; without one nothing is found again after a kill. */
  readonly recordFile: string | undefined;
  /** Whether the server answers requests; a failure means not yet. */
  readonly check: (signal: AbortSignal) => Promise<HealthState>;
  /** How long a request waits for the server to be ready; 0 turns it away at once. */
  readonly waitMs: number;
  /** How long it stays without requests; 0 for ever. */
  readonly idleStopMs: number;
  readonly restarts: RestartOptions;
  /** When a server that was ready is taken to hang: it is ended, which counts as a crash. */
  readonly watchdog: WatchdogOptions;
  /** How long it may take to end by itself. */
  readonly stopWithinMs: number;
}
