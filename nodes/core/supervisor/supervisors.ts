/** The servers that this process runs: one for each port, whoever asks for it. */
import { LlmError } from '../errors.ts';
import type { SupervisorOptions } from './options.ts';
import { Supervisor } from './supervisor.ts';

interface Claim {
  readonly supervisor: Supervisor;
  owner: string;
  /** Between two deploys nobody does. */
  isHeld: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** A deploy closes a node and makes it anew at once: the server runs on meanwhile. A Node-RED that ends does so earlier than this. */
const graceMs = 10_000;

export class Supervisors {
  readonly #claims = new Map<number, Claim>();

  /** The server of a port, from now on run as these options say. @throws LlmError where another owner has the port */
  claim(owner: string, options: SupervisorOptions): Supervisor {
    const { port } = options.address;
    const known = this.#claims.get(port);
    if (known?.isHeld) throw taken(options);
    this.dismiss(owner, port);
    if (known) {
      clearTimeout(known.timer);
      Object.assign(known, { owner, isHeld: true });
      known.supervisor.configure(options);
      return known.supervisor;
    }
    const supervisor = new Supervisor(options);
    this.#claims.set(port, { supervisor, owner, isHeld: true, timer: undefined });
    return supervisor;
  }

  /** Ends the claim. `isGone`: nobody will claim it again, and it resolves when the server has ended. */
  async release(port: number, isGone: boolean): Promise<void> {
    const claim = this.#claims.get(port);
    if (!claim) return;
    claim.isHeld = false;
    if (isGone) await this.#end(port, claim);
    else claim.timer = setTimeout(() => void this.#end(port, claim), graceMs).unref();
  }

  /** What this owner ran before, at any other port, ends now. */
  dismiss(owner: string, port?: number): void {
    for (const [other, claim] of this.#claims) {
      if (claim.owner === owner && !claim.isHeld && other !== port) void this.#end(other, claim);
    }
  }

  /** Whether a port is somebody's here. */
  isClaimed(port: number): boolean {
    return this.#claims.has(port);
  }

  async #end(port: number, claim: Claim): Promise<void> {
    clearTimeout(claim.timer);
    await claim.supervisor.stop();
    // A deploy may have brought the next owner meanwhile.
    if (claim.isHeld) return;
    this.#claims.delete(port);
  }
}

function taken({ provider, address }: SupervisorOptions): LlmError {
  const hint = 'Give one of them another port, or let the nodes use the same server.';
  return new LlmError('misconfigured', `Another node runs a server at port ${address.port}.`, { provider: provider.id, retryable: false, hint });
}

/** Those of the process. */
export const supervisors = new Supervisors();
