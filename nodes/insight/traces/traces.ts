/** The last requests and those under way, from the bus, each with all that belongs to it. */
import type { BackendIdentity } from '../../core/completion.ts';
import type { EventBus, LlmEvents } from '../../core/events.ts';
import type { RequestList, RequestTrace } from '../sidebar/api.ts';
import { KeptRequest, type Told, type TracedEvent } from './kept-request.ts';
import { rowOf, traceOf } from './rows.ts';

/** Requests that are over, and those under way: beyond it the oldest are let go. */
const maxEnded = 300;
const maxRunning = 500;

export class Traces {
  /** By the ids of what is under way: stages' requests, attempts in branches, backends' requests. */
  readonly #open = new Map<string, KeptRequest>();
  /** By the ids of requests where they began. */
  readonly #running = new Map<string, KeptRequest>();
  readonly #ended = new Map<string, KeptRequest>();
  /** Counts on where an earlier process has ended: who asks what came after another count is not taken for one of today's. */
  readonly #first = Date.now() * 1000;
  #change = this.#first;
  #lastLoss = this.#first;
  #requests = 0;
  readonly #unsubscribe: ReadonlyArray<() => void>;

  constructor(bus: EventBus) {
    const on = <N extends TracedEvent>(name: N, take: (told: Extract<Told, { name: N }>) => void) =>
      bus.on(name, (event) => take({ name, at: performance.now(), event } as unknown as Extract<Told, { name: N }>));
    this.#unsubscribe = [
      on('stage', (told) => this.#begin(told, told.event.id, told.event.parent, told.event.stage)),
      on('branchStart', (told) => this.#beginWithin(told, told.event.id, told.event.parent)),
      on('request', (told) => this.#begin(told, told.event.requestId, told.event.parent, told.event.backend)),
      on('firstToken', (told) => this.#tell(told, this.#open.get(told.event.requestId))),
      on('attempt', (told) => this.#grow(told, this.#open.get(told.event.requestId))),
      on('retry', (told) => this.#grow(told, this.#open.get(told.event.requestId))),
      on('completion', (told) => this.#end(told, told.event.requestId)),
      on('failure', (told) => this.#end(told, told.event.requestId)),
      on('branch', (told) => this.#branch(told)),
      on('stageEnd', (told) => this.#end(told, told.event.id)),
      on('served', (told) => this.#served(told)),
    ];
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  /** How many are kept, over or not, and how much of them is under way. */
  get size(): { ended: number; running: number; open: number } {
    return { ended: this.#ended.size, running: this.#running.size, open: this.#open.size };
  }

  /** What has changed since the list whose `last` is given. */
  list(after: number): RequestList {
    const isOurs = after >= this.#first && after <= this.#change;
    const all = [...this.#running.values(), ...this.#ended.values()].sort((a, b) => b.number - a.number);
    return {
      last: this.#change,
      requests: all.filter(({ change }) => !isOurs || change > after).map(rowOf),
      ...((!isOurs || after < this.#lastLoss) && { kept: all.map(({ id }) => id) }),
    };
  }

  trace(id: string): RequestTrace | undefined {
    const request = this.#find(id);
    return request && traceOf(request);
  }

  entryOf(id: string): BackendIdentity | undefined {
    return this.#find(id)?.entry;
  }

  #find(id: string): KeptRequest | undefined {
    return this.#running.get(id) ?? this.#ended.get(id);
  }

  #begin(told: Told, id: string, parent: string | undefined, entry: BackendIdentity): void {
    if (parent !== undefined) return this.#beginWithin(told, id, parent);
    const request = this.#create(id, entry);
    if (this.#grow(told, request)) this.#open.set(id, request);
    this.#running.set(id, request);
    this.#letGoOldest(this.#running, maxRunning);
  }

  #beginWithin(told: Told, id: string, parent: string): void {
    const request = this.#open.get(parent);
    if (this.#grow(told, request)) this.#open.set(id, request);
  }

  #branch(told: Extract<Told, { name: 'branch' }>): void {
    const { id, parent } = told.event;
    if (this.#open.has(id)) this.#end(told, id);
    // One that was refused never began.
    else this.#grow(told, this.#open.get(parent));
  }

  #end(told: Told, id: string): void {
    const request = this.#open.get(id);
    this.#open.delete(id);
    this.#tell(told, request);
    if (request?.id === id) this.#finish(request);
  }

  #served(told: Extract<Told, { name: 'served' }>): void {
    const { id, endpoint, status, ms } = told.event;
    const known = this.#find(id);
    if (known) return this.#tell(told, known);
    // What an endpoint has refused never came to its stage; one that was answered was let go.
    if (status < 400) return;
    const refused = this.#create(id, endpoint, ms);
    this.#grow(told, refused);
    this.#finish(refused);
  }

  #create(id: string, entry: BackendIdentity, agoMs = 0): KeptRequest {
    return new KeptRequest(++this.#requests, id, entry, agoMs);
  }

  #tell(told: Told, request: KeptRequest | undefined): void {
    if (!request) return;
    request.told.push(told);
    request.change = ++this.#change;
  }

  #grow(told: Told, request: KeptRequest | undefined): request is KeptRequest {
    if (!request) return false;
    request.change = ++this.#change;
    return request.grow(told);
  }

  #finish(request: KeptRequest): void {
    this.#running.delete(request.id);
    this.#ended.set(request.id, request);
    this.#letGoOldest(this.#ended, maxEnded);
  }

  #letGoOldest(requests: Map<string, KeptRequest>, max: number): void {
    if (requests.size <= max) return;
    const [oldest] = requests.values() as Iterable<KeptRequest> as [KeptRequest];
    requests.delete(oldest.id);
    this.#lastLoss = ++this.#change;
    for (const id of idsIn(oldest)) this.#open.delete(id);
  }
}

/** The ids of all that began within it: some of it may still be under way. */
function idsIn({ told }: KeptRequest): string[] {
  return told.flatMap(({ name, event }) => {
    if (name === 'stage' || name === 'branchStart') return [(event as LlmEvents['stage']).id];
    return name === 'request' ? [(event as LlmEvents['request']).requestId] : [];
  });
}
