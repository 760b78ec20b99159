/** A port beside Node-RED's: a plain HTTP server that several nodes may share, each at its path. It stays open through deploys. */
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import type { NodeAPI } from 'node-red';
import type { Listening } from '../../core/listening.ts';
import { type Deploys, deploysOf } from '../deploys.ts';
import { readCertificates, watchCertificates } from './certificates.ts';
import { pathOf } from './path.ts';
import { type Claim, type Claimant, Places } from './places.ts';

/** Longer than what balancers and proxies before it keep their connections open, so that none is closed while a request is on its way. */
const keepAliveTimeout = 75_000;

const serverOptions: ServerOptions = { keepAliveTimeout, headersTimeout: 30_000, requestTimeout: 300_000, noDelay: true };

/** When a port is tried again that could not be opened. */
const retryMs = 2_000;

/** Why a node is not to be found at its port. */
export interface PortTrouble {
  readonly kind: 'port' | 'settings';
  readonly message: string;
}

/** A node that wants the port. */
export interface Tenant extends Claimant {
  readonly listening: Listening;
  readonly path: string;
  /** {@link Tenancy.trouble} or {@link Tenancy.claim} may have changed. */
  onChange(): void;
}

/** A node's stay at the port. */
export interface Tenancy {
  readonly trouble: PortTrouble | undefined;
  /** Undefined while the port has other settings than the node wants, or the flows do not run yet. */
  readonly claim: Claim | undefined;
  leave(): void;
}

interface Stay {
  readonly tenant: Tenant;
  claim: Claim | undefined;
  trouble: PortTrouble | undefined;
}

export class OwnPort {
  readonly #RED: NodeAPI;
  readonly #deploys: Deploys;
  readonly #places: Places;
  readonly #number: number;
  readonly #stays = new Set<Stay>();
  #server: Server | undefined;
  /** What the server was opened with. */
  #listening: Listening | undefined;
  #unwatch: (() => void) | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** One change after the other. */
  #work: Promise<void> = Promise.resolve();

  constructor(RED: NodeAPI, number: number) {
    this.#RED = RED;
    this.#number = number;
    this.#deploys = deploysOf(RED);
    // Before the places send on who waits there.
    this.#deploys.onOver(() => this.#settle());
    this.#places = new Places(this.#deploys);
  }

  join(tenant: Tenant): Tenancy {
    const stay: Stay = { tenant, claim: undefined, trouble: undefined };
    this.#stays.add(stay);
    this.#server?.ref();
    if (this.#deploys.state === 'running') queueMicrotask(() => this.#settle());
    return {
      get trouble() {
        return stay.trouble;
      },
      get claim() {
        return stay.claim;
      },
      leave: () => this.#leave(stay),
    };
  }

  #leave(stay: Stay): void {
    this.#stays.delete(stay);
    stay.claim?.leave();
    // A process that ends does not wait for a port that nobody wants.
    if (this.#stays.size === 0) this.#server?.unref();
    if (this.#deploys.state === 'running') this.#settle();
  }

  /** The settings of the first one are the port's: others come in that want the same. */
  #settle(): void {
    if (this.#deploys.state !== 'running') return;
    const [first] = this.#stays;
    for (const stay of this.#stays) {
      const fits = isDeepStrictEqual(stay.tenant.listening, first?.tenant.listening);
      if (fits) {
        stay.claim ??= this.#places.claim(stay.tenant.path, stay.tenant);
        if (stay.trouble?.kind === 'settings') stay.trouble = undefined;
        stay.tenant.onChange();
      } else {
        stay.claim?.leave();
        stay.claim = undefined;
        this.#tell(stay, { kind: 'settings', message: `Port ${this.#number} has another host or certificate at another node. Give both nodes the same.` });
      }
    }
    this.#work = this.#work.then(() => this.#adjust(first?.tenant.listening));
  }

  /** Never rejects. */
  async #adjust(wanted: Listening | undefined): Promise<void> {
    clearTimeout(this.#retry);
    try {
      if (this.#server && isDeepStrictEqual(wanted, this.#listening)) await this.#renew();
      else {
        this.#close();
        if (wanted) await this.#open(wanted);
      }
      this.#tellPort(undefined);
    } catch (error) {
      this.#tellPort(`Port ${this.#number} cannot be opened: ${reasonOf(error)} It is tried again.`);
      this.#retry = setTimeout(() => this.#settle(), retryMs).unref();
    }
  }

  async #open(wanted: Listening): Promise<void> {
    const certificates = await readCertificates(this.#RED, wanted.tls);
    const server = certificates ? createTlsServer({ ...serverOptions, ...certificates }, this.#serve) : createServer(serverOptions, this.#serve);
    await listen(server, wanted);
    if (this.#stays.size === 0) server.unref();
    server.on('error', (error) => this.#RED.log.warn(`Port ${this.#number}: ${error.message}`));
    this.#server = server;
    this.#listening = wanted;
    this.#unwatch = watchCertificates(this.#RED, wanted.tls, () => (this.#work = this.#work.then(() => this.#adjust(this.#listening))));
  }

  /** With broken files, as in the middle of a renewal, the port goes on with what it has. */
  async #renew(): Promise<void> {
    const { tls } = this.#listening ?? {};
    if (!tls || !(this.#server instanceof TlsServer)) return;
    try {
      this.#server.setSecureContext((await readCertificates(this.#RED, tls)) ?? {});
    } catch (error) {
      this.#RED.log.warn(`Port ${this.#number} goes on with the certificate that it has: ${reasonOf(error)}`);
    }
  }

  #close(): void {
    this.#unwatch?.();
    this.#server?.close();
    this.#server?.closeIdleConnections();
    this.#server = this.#listening = undefined;
  }

  readonly #serve: RequestListener = (req, res) => {
    const found = this.#places.find(pathOf(req.url));
    if (found) {
      this.#places.handle(req, res, found);
      return;
    }
    const text = '{"error":{"message":"There is nothing at this path.","type":"invalid_request_error","param":null,"code":"not_found"}}';
    res.writeHead(404, { 'content-type': 'application/json; charset=utf-8', 'content-length': text.length });
    res.end(text);
  };

  #tellPort(message: string | undefined): void {
    for (const stay of this.#stays) {
      if (stay.trouble?.kind !== 'settings') this.#tell(stay, message === undefined ? undefined : { kind: 'port', message });
    }
  }

  #tell(stay: Stay, trouble: PortTrouble | undefined): void {
    if (stay.trouble?.message === trouble?.message) return;
    stay.trouble = trouble;
    stay.tenant.onChange();
  }
}

function listen(server: Server, { port, host }: Listening): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, ...(host !== '' && { host }) }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'EADDRINUSE':
      return 'another program, or Node-RED itself, listens there.';
    case 'EACCES':
      return 'Node-RED may not read its files, or not listen there: ports below 1024 need a right of their own.';
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address.';
    default:
      return /[.!?]$/.test(message) ? message : `${message}.`;
  }
}

const ports = new WeakMap<object, Map<number, OwnPort>>();

export function ownPort(RED: NodeAPI, number: number): OwnPort {
  let known = ports.get(RED.events);
  if (!known) ports.set(RED.events, (known = new Map()));
  let port = known.get(number);
  if (!port) known.set(number, (port = new OwnPort(RED, number)));
  return port;
}
