/** The paths of one HTTP server, and the nodes that answer there. A path outlives the deploy that puts a new node in the place of the old one. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Deploys } from '../deploys.ts';

/** Why nobody answers at a path: its node is being deployed, the flows have stopped, or no node has it any more. */
export type Absence = 'deploying' | 'stopped' | 'gone';

/** What answers at a path and below it. The `path` of a request is what follows its own. */
export interface Mounted {
  handle(req: IncomingMessage, res: ServerResponse, path: string): void;
  /** Whether it has something at the path: of two nodes whose paths begin a request's, the one answers that knows the rest. */
  knows(path: string): boolean;
  /** Whether it reads the bodies that are sent there. */
  readsBody(path: string): boolean;
  /** Answers in its own form while it is not there. */
  turnAway(req: IncomingMessage, res: ServerResponse, path: string, absence: Absence): void;
}

export interface Claimant {
  /** The id of the node: deployed anew, it has its path again before all others. */
  readonly owner: string;
  readonly mounted: Mounted;
  /** How long a request waits for the node that comes. */
  readonly holdMs: number;
  /** The path is its own from now on, for whoever had it has gone. */
  onTurn(): void;
}

/** A node's hold on a path. */
export interface Claim {
  /** False while another node has the path. */
  readonly isHeld: boolean;
  /** Gives the path up: in a deploy it waits for the node that comes. */
  leave(): void;
  /** Gives a request to the node that comes, or has come. */
  handOn(req: IncomingMessage, res: ServerResponse, path: string): void;
}

interface Place {
  holder: Claimant | undefined;
  /** Who has answered here last. */
  last: Claimant;
  /** Others that want the path, the first of them first. */
  readonly queue: Claimant[];
}

/** A request at a place. */
export interface Found {
  readonly place: Place;
  /** What follows the place's own path. */
  readonly path: string;
}

/** So many requests wait for a deploy to end, none of them read beyond what its socket holds. */
const maxHeld = 1_000;

export class Places {
  readonly #places = new Map<string, Place>();
  readonly #deploys: Deploys;
  /** How to send on those that wait. */
  readonly #held = new Set<() => void>();

  constructor(deploys: Deploys) {
    this.#deploys = deploys;
    deploys.onOver(() => this.#settle());
  }

  claim(path: string, claimant: Claimant): Claim {
    const place = this.#places.get(path) ?? { holder: undefined, last: claimant, queue: [] };
    this.#places.set(path, place);
    const isFree = place.holder === undefined && (place.last === claimant || place.last.owner === claimant.owner);
    if (isFree) place.holder = place.last = claimant;
    else place.queue.push(claimant);
    return {
      get isHeld() {
        return place.holder === claimant;
      },
      leave: () => this.#leave(place, claimant),
      handOn: (req, res, path) => this.handle(req, res, { place, path }),
    };
  }

  /** What a request is for. Where the paths of several nodes begin its own, it is for the first one that knows the rest, else for the innermost. */
  find(path: string): Found | undefined {
    let found: Found | undefined;
    for (let end = path.indexOf('/', 1); ; end = path.indexOf('/', end + 1)) {
      const place = this.#places.get(end === -1 ? path : path.slice(0, end));
      if (place) {
        found = { place, path: end === -1 ? '' : path.slice(end) };
        if (place.last.mounted.knows(found.path)) return found;
      }
      if (end === -1) return found;
    }
  }

  /** Whether the node reads the body itself. */
  readsBody({ place, path }: Found): boolean {
    return place.last.mounted.readsBody(path);
  }

  handle(req: IncomingMessage, res: ServerResponse, found: Found): void {
    const { place, path } = found;
    if (place.holder) place.holder.mounted.handle(req, res, path);
    else this.#hold(req, res, found);
  }

  #hold(req: IncomingMessage, res: ServerResponse, found: Found): void {
    const { state } = this.#deploys;
    const { holdMs } = found.place.last;
    if (state !== 'deploying') return this.#turnAway(req, res, found, state === 'stopped' ? 'stopped' : 'gone');
    if (holdMs === 0 || this.#held.size >= maxHeld) return this.#turnAway(req, res, found, 'deploying');
    const forget = () => {
      clearTimeout(timer);
      this.#held.delete(sendOn);
      res.off('close', forget);
    };
    const sendOn = () => {
      forget();
      // A request that came while the deploy went on may meet the next one.
      this.handle(req, res, found);
    };
    const timer = setTimeout(() => {
      forget();
      this.#turnAway(req, res, found, 'deploying');
    }, holdMs);
    this.#held.add(sendOn);
    res.once('close', forget);
  }

  #turnAway(req: IncomingMessage, res: ServerResponse, { place, path }: Found, absence: Absence): void {
    place.last.mounted.turnAway(req, res, path, absence);
  }

  #leave(place: Place, claimant: Claimant): void {
    const at = place.queue.indexOf(claimant);
    if (at !== -1) place.queue.splice(at, 1);
    if (place.holder !== claimant) return;
    place.holder = undefined;
    // In a deploy the same node may come back.
    if (this.#deploys.state === 'running') this.#settle();
  }

  /** The flows run, or have stopped: what is free goes to whoever waits for it. */
  #settle(): void {
    if (this.#deploys.state === 'running') {
      for (const [path, place] of this.#places) {
        const next = place.holder ? undefined : place.queue.shift();
        if (next) {
          place.holder = place.last = next;
          next.onTurn();
        } else if (!place.holder) this.#places.delete(path);
      }
    }
    // One that has to wait again is not among them.
    const held = [...this.#held];
    for (const sendOn of held) sendOn();
  }
}
