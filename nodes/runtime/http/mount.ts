/** Where a node is to be found by HTTP: at a path of Node-RED's port, or of one of its own. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Node, NodeAPI, NodeStatus } from 'node-red';
import type { Listening } from '../../core/listening.ts';
import { holdMsOf } from '../deploys.ts';
import { nodeRedPlaces } from './node-red-port.ts';
import { type PortTrouble, ownPort } from './own-port.ts';
import type { Claim, Mounted } from './places.ts';

const statusTexts = { path: 'llm.status.pathTaken', port: 'llm.status.portTaken', settings: 'llm.status.portShared' };

export interface MountOptions {
  readonly path: string;
  /** Undefined for Node-RED's port. */
  readonly listening: Listening | undefined;
  readonly mounted: Mounted;
  /** For the node's status, which {@link Mount.status} goes into. */
  readonly update: () => void;
}

export class Mount {
  readonly #node: Node;
  readonly #options: MountOptions;
  readonly #seat: { readonly claim: Claim | undefined; readonly trouble?: PortTrouble | undefined; leave(): void };
  /** What the log has been told last. */
  #told: string | undefined;

  constructor(RED: NodeAPI, node: Node, options: MountOptions) {
    this.#node = node;
    this.#options = options;
    const { path, listening, mounted } = options;
    const onChange = () => {
      this.#log();
      options.update();
    };
    const claimant = { owner: node.id, mounted, holdMs: holdMsOf(RED), onTurn: onChange };
    if (listening) {
      this.#seat = ownPort(RED, listening.port).join({ ...claimant, listening, path, onChange });
    } else {
      const claim = nodeRedPlaces(RED).claim(path, claimant);
      this.#seat = { claim, leave: () => claim.leave() };
      this.#log();
    }
  }

  /** What keeps clients away, for the line under the node. */
  get status(): NodeStatus | undefined {
    const problem = this.#problem;
    return problem && { fill: 'red', shape: 'ring', text: statusTexts[problem.kind] };
  }

  /** Gives the path to whoever waits for it. In a deploy requests wait for the node that comes. */
  leave(): void {
    this.#seat.leave();
  }

  /** Gives a request to the node that takes the place of this one. */
  handOn(req: IncomingMessage, res: ServerResponse, path: string): void {
    const { claim } = this.#seat;
    if (claim) claim.handOn(req, res, path);
    else this.#options.mounted.turnAway(req, res, path, 'gone');
  }

  get #problem(): { readonly kind: PortTrouble['kind'] | 'path'; readonly message: string } | undefined {
    const { claim, trouble } = this.#seat;
    if (trouble) return trouble;
    const { path } = this.#options;
    return claim && !claim.isHeld ? { kind: 'path', message: `Another node has the path ${path}. It is taken as soon as that one goes.` } : undefined;
  }

  #log(): void {
    const message = this.#problem?.message;
    if (message === this.#told) return;
    if (message === undefined) this.#node.log(`The path ${this.#options.path} is there.`);
    else this.#node.error(message);
    this.#told = message;
  }
}
