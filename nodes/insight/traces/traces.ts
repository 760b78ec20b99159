/** The last requests and those under way, from the bus, each with all that belongs to it. Where many are answered, a sample of them. */
import type { BackendIdentity } from '../../core/completion.ts';
import type { EventBus, LlmEvents } from '../../core/events.ts';
import { trialPrefix } from '../../runtime/ask-node.ts';
import type { RequestList, RequestTrace } from '../sidebar/api.ts';
import { KeptRequest, type TracedEvent } from './kept-request.ts';
import { rowOf, traceOf } from './rows.ts';

/** Requests that are over, and those under way: beyond it the oldest are let go. */
const maxEnded = 300;
const maxRunning = 500;

/** Of those that were answered so many are kept in a second, which is more than anybody reads: all of them would be most of what tracing costs. */
const answeredPerSecond = 50;

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
  readonly #onFinish: (id: string, isKept: boolean) => void;
  #requests = 0;
  #answered = { second: 0, kept: 0 };
  #skipped = 0;
  readonly #unsubscribe: ReadonlyArray<() => void>;

  /** `onFinish` is told of each request that is over, or let go, and whether it is kept. */
  constructor(bus: EventBus, onFinish: (id: string, isKept: boolean) => void = () => undefined) {
    this.#onFinish = onFinish;
    this.#unsubscribe = [
      bus.on('stage', (event) => this.#begin('stage', event, event.id, event.parent, event.stage)),
      bus.on('branchStart', (event) => this.#beginWithin('branchStart', event, event.id, event.parent)),
      bus.on('request', (event) => this.#begin('request', event, event.requestId, event.parent, event.backend)),
      bus.on('firstToken', (event) => this.#tell('firstToken', event, this.#open.get(event.requestId))),
      bus.on('attempt', (event) => this.#grow('attempt', event, this.#open.get(event.requestId))),
      bus.on('retry', (event) => this.#grow('retry', event, this.#open.get(event.requestId))),
      bus.on('completion', (event) => this.#end('completion', event, event.requestId)),
      bus.on('failure', (event) => this.#end('failure', event, event.requestId)),
      bus.on('branch', (event) => this.#branch(event)),
      bus.on('stageEnd', (event) => this.#end('stageEnd', event, event.id)),
      bus.on('served', (event) => this.#served(event)),
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
      ...(this.#skipped > 0 && { skipped: this.#skipped }),
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

  #begin<N extends TracedEvent>(name: N, event: Readonly<LlmEvents[N]>, id: string, parent: string | undefined, entry: BackendIdentity): void {
    if (parent !== undefined) return this.#beginWithin(name, event, id, parent);
    const request = this.#create(id, entry);
    this.#running.set(id, request);
    const lost = this.#letGoOldest(this.#running, maxRunning);
    if (lost) this.#onFinish(lost.id, false);
    if (this.#grow(name, event, request)) this.#enter(id, request);
  }

  #beginWithin<N extends TracedEvent>(name: N, event: Readonly<LlmEvents[N]>, id: string, parent: string): void {
    const request = this.#open.get(parent);
    if (this.#grow(name, event, request)) this.#enter(id, request);
  }

  #enter(id: string, request: KeptRequest): void {
    this.#open.set(id, request);
    request.open++;
  }

  #branch(event: LlmEvents['branch']): void {
    const { id, parent } = event;
    if (this.#open.has(id)) this.#end('branch', event, id);
    // One that was refused never began.
    else this.#grow('branch', event, this.#open.get(parent));
  }

  #end<N extends TracedEvent>(name: N, event: Readonly<LlmEvents[N]>, id: string): void {
    const request = this.#open.get(id);
    if (!request) return;
    this.#open.delete(id);
    request.open--;
    this.#tell(name, event, request);
    if (request.id === id) this.#finish(request, name === 'completion' || (event as { outcome?: string }).outcome === 'ok');
  }

  #served(event: LlmEvents['served']): void {
    const { id, endpoint, status, ms } = event;
    const known = this.#find(id);
    if (known) return this.#tell('served', event, known);
    // What an endpoint has refused never came to its stage; one that was answered was let go.
    if (status < 400) return;
    const refused = this.#create(id, endpoint, ms);
    this.#grow('served', event, refused);
    this.#finish(refused, false);
  }

  #create(id: string, entry: BackendIdentity, agoMs = 0): KeptRequest {
    return new KeptRequest(++this.#requests, id, entry, agoMs);
  }

  #tell<N extends TracedEvent>(name: N, event: Readonly<LlmEvents[N]>, request: KeptRequest | undefined): void {
    if (!request) return;
    request.tell(name, event);
    request.change = ++this.#change;
  }

  #grow<N extends TracedEvent>(name: N, event: Readonly<LlmEvents[N]>, request: KeptRequest | undefined): request is KeptRequest {
    if (!request) return false;
    request.change = ++this.#change;
    return request.grow(name, event);
  }

  #finish(request: KeptRequest, isAnswered: boolean): void {
    this.#running.delete(request.id);
    if (isAnswered && !isTrial(request) && !this.#hasRoom()) {
      this.#skipped++;
      this.#forget(request);
      this.#onFinish(request.id, false);
      return;
    }
    this.#ended.set(request.id, request);
    this.#letGoOldest(this.#ended, maxEnded);
    this.#onFinish(request.id, true);
  }

  #hasRoom(): boolean {
    const second = Math.floor(performance.now() / 1000);
    if (this.#answered.second !== second) this.#answered = { second, kept: 0 };
    return ++this.#answered.kept <= answeredPerSecond;
  }

  #letGoOldest(requests: Map<string, KeptRequest>, max: number): KeptRequest | undefined {
    if (requests.size <= max) return undefined;
    const [oldest] = requests.values() as Iterable<KeptRequest> as [KeptRequest];
    requests.delete(oldest.id);
    this.#forget(oldest);
    return oldest;
  }

  #forget(request: KeptRequest): void {
    this.#lastLoss = ++this.#change;
    // Some of it may still be under way.
    if (request.open > 0) for (const id of idsIn(request)) this.#open.delete(id);
  }
}

/** Who tries something out in the editor wants to see what became of it. */
function isTrial({ id }: KeptRequest): boolean {
  return id.startsWith(trialPrefix);
}

/** The ids of all that began within it. */
function idsIn({ told }: KeptRequest): string[] {
  return told.flatMap(({ name, event }) => {
    if (name === 'stage' || name === 'branchStart') return [(event as LlmEvents['stage']).id];
    return name === 'request' ? [(event as LlmEvents['request']).requestId] : [];
  });
}
