/** From the fields of a server that is run here to how its supervisor runs it. */
import { readChoice, readNumber } from '../core/fields.ts';
import { isLoopback } from '../core/addresses.ts';
import { runFields, startChoices } from '../core/supervisor/fields.ts';
import type { Address } from '../core/supervisor/listening.ts';
import { restartDefaults } from '../core/supervisor/restarts.ts';
import type { SupervisorOptions } from '../core/supervisor/options.ts';
import { watchdogDefaults } from '../core/supervisor/watchdog.ts';
import type { ConnectionFields } from './connection.ts';

export interface RunSettings extends Pick<SupervisorOptions, 'waitMs' | 'idleStopMs' | 'restarts' | 'watchdog' | 'stopWithinMs'> {
  /** With the flows, or by the first request. */
  readonly start: (typeof startChoices)[number];
}

/** Below the 15 s that Node-RED gives a node to close. */
const stopWithinMs = 8_000;

/** @throws RangeError that names the field */
export function readRunSettings(fields: ConnectionFields): RunSettings {
  const read = (name: keyof typeof runFields) => {
    const { value, ...bounds } = runFields[name];
    return readNumber(name, fields[name], { ...bounds, integer: name !== 'idleStopMinutes' }) ?? value;
  };
  return {
    start: readChoice('start', fields['start'], startChoices),
    waitMs: read('waitForStartMs'),
    idleStopMs: read('idleStopMinutes') * 60_000,
    restarts: { ...restartDefaults, maxRestarts: read('maxRestarts') },
    watchdog: watchdogDefaults,
    stopWithinMs,
  };
}

/** Where it shall listen. @throws RangeError for an address that is not this machine's */
export function readListenAddress(url: string): Address {
  const { hostname, port, protocol } = new URL(url);
  if (protocol !== 'http:' || !isLoopback(url)) {
    throw new RangeError('A server that is run here needs an http address of this machine, such as http://127.0.0.1:8080. To let others in, add --host and 0.0.0.0 to its arguments.');
  }
  const host = hostname.replace(/^\[|\]$/g, '');
  return { host: host.endsWith('localhost') ? '127.0.0.1' : host, port: Number(port || 80) };
}
