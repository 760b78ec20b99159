/** The settings of a port of one's own: where nodes listen beside Node-RED's HTTP server. Read by the runtime and by the editors. */
import { readChoice, readNumber } from './fields.ts';

/** Plain HTTP, a certificate in files, or what Node-RED itself serves the editor with. */
export const tlsKinds = ['off', 'files', 'node-red'] as const;

export const portField = { value: '', min: 1, max: 65_535 } as const;

export interface ListeningFields {
  /** Empty is Node-RED's own. */
  readonly port?: unknown;
  readonly host?: unknown;
  readonly tls?: unknown;
  readonly certFile?: unknown;
  readonly keyFile?: unknown;
}

export type Tls = { readonly kind: 'off' | 'node-red' } | { readonly kind: 'files'; readonly cert: string; readonly key: string };

export interface Listening {
  readonly port: number;
  /** Empty for every address of the machine. */
  readonly host: string;
  readonly tls: Tls;
}

/** What only programs on the machine itself can reach. */
export const loopback = '127.0.0.1';

/**
 * Undefined for Node-RED's own port. Until somebody has chosen who may come in, only the machine itself may.
 * @throws RangeError that names the field
 */
export function readListening(fields: ListeningFields, isAccessChosen: boolean): Listening | undefined {
  const port = readPort(fields.port);
  if (port === undefined) return undefined;
  const host = readHost(fields.host);
  return { port, host: isAccessChosen || isLoopback(host) ? host : loopback, tls: readTls(fields) };
}

/** @throws RangeError */
export function readPort(given: unknown): number | undefined {
  return readNumber('port', given, { ...portField, integer: true });
}

/** @throws RangeError */
export function readHost(given: unknown): string {
  const host = String(given ?? '').trim();
  if (!/^[\w.:%-]*$/.test(host)) throw new RangeError('host must be an address of this machine, such as 127.0.0.1 or 0.0.0.0.');
  return host;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function readTls({ tls, certFile, keyFile }: ListeningFields): Tls {
  const kind = readChoice('tls', tls, tlsKinds);
  if (kind !== 'files') return { kind };
  const [cert, key] = [certFile, keyFile].map((file) => String(file ?? '').trim()) as [string, string];
  if (cert === '' || key === '') throw new RangeError('certFile and keyFile must name the files of the certificate and of its key.');
  return { kind, cert, key };
}
