/** Requests as the bus tells of them, made up by a small model that knows what their traces should be. Time is the model's own. */
import type { BackendIdentity, Usage } from '../../nodes/core/completion.ts';
import type { EventBus, LlmEvents } from '../../nodes/core/events.ts';
import type { Span } from '../../nodes/insight/sidebar/api.ts';
import type { Chance } from './chance.ts';

type Draft = { -readonly [Name in keyof Omit<Span, 'children'>]: Span[Name] } & { children: Draft[] };

/** Something that goes on, and yields how long it waits until it goes on. */
type Course = Generator<number, void>;

type End = Pick<LlmEvents['branch'], 'outcome' | 'error' | 'hint'>;

export interface ModelRequest {
  readonly id: string;
  readonly root: Draft;
  attempts: number;
  costUsd: number;
  status?: number;
}

const usage: Usage = { inputTokens: 7, outputTokens: 5, estimated: false };
const kinds = ['overloaded', 'server', 'unavailable', 'timeout'] as const;

export class TrafficModel {
  readonly requests: ModelRequest[] = [];
  readonly #bus: EventBus;
  readonly #chance: Chance;
  readonly #courses: Array<{ at: number; course: Course }> = [];
  now = 0;
  #ids = 0;

  constructor(bus: EventBus, chance: Chance) {
    this.#bus = bus;
    this.#chance = chance;
  }

  /** One request more, that begins within the next while. */
  add(): void {
    this.#go(this.#request(), this.#wait());
  }

  /** Lets the next thing happen. Returns false when nothing is left. */
  step(): boolean {
    const next = this.#courses.reduce<{ at: number; course: Course } | undefined>((best, one) => (best && best.at <= one.at ? best : one), undefined);
    if (!next) return false;
    this.now = next.at;
    const { value, done } = next.course.next();
    if (done) this.#courses.splice(this.#courses.indexOf(next), 1);
    else next.at = this.now + value;
    return true;
  }

  #go(course: Course, afterMs: number): void {
    this.#courses.push({ at: this.now + afterMs, course });
  }

  /** Whole ms, so that sums are exact; never none where the model must tell two times from each other. */
  #wait(least = 1): number {
    return least + this.#chance.below(50);
  }

  #id(kind: string): string {
    return `${kind}-${++this.#ids}`;
  }

  #emit<N extends keyof LlmEvents>(name: N, event: LlmEvents[N]): void {
    this.#bus.emit(name, event);
  }

  *#request(): Course {
    const chance = this.#chance;
    const began = this.now;
    const request: ModelRequest = { id: '', root: undefined as never, attempts: 0, costUsd: 0 };
    const enter = (root: Draft) => this.requests.push(Object.assign(request, { root, id: root.id }));
    const relative = () => this.now - began;
    if (chance.oneIn(3)) {
      yield* this.#backend(request, undefined, relative, enter);
      return;
    }
    yield* this.#stage(request, undefined, relative, 3, enter);
    const { root, id } = request;
    request.status = root.outcome === 'ok' ? 200 : 502;
    const { node: endpoint } = root as { node: BackendIdentity };
    const ms = this.now - began;
    yield chance.below(20);
    this.#emit('served', { id, requestId: 'mine', endpoint, path: '/chat/completions', status: request.status, ms });
  }

  *#stage(request: ModelRequest, parent: string | undefined, relative: () => number, depth: number, enter: (span: Draft) => void): Course {
    const chance = this.#chance;
    const node = { id: chance.pick(['n1', 'n2']), name: chance.pick(['One', 'Two']), type: 'llm-x' };
    const about = { id: this.#id('stage'), stage: node, ...(parent !== undefined && { parent }) };
    const span = begin(about.id, 'stage', node.name, relative(), node);
    enter(span);
    const asked = parent === undefined ? { client: 'ann', requestId: 'mine' } : {};
    this.#emit('stage', { ...about, ...asked });
    let queuedMs = 0;
    const count = chance.below(3);
    for (let branch = 0; branch < count; branch++) {
      if (chance.oneIn(3)) {
        const from = relative();
        yield this.#wait();
        queuedMs += relative() - from;
        span.children.push({ ...begin('', 'queue', '', from), endMs: relative(), outcome: 'ok' });
      }
      yield* this.#branch(request, about, span, relative, depth);
    }
    const end = this.#outcome();
    this.#emit('stageEnd', { ...about, ...asked, ...end, ms: relative() - span.startMs, queuedMs, attempts: count, ...(end.outcome === 'ok' && { usage }) });
    Object.assign(span, end, { endMs: relative() }, end.outcome === 'ok' && { usage });
  }

  *#branch(request: ModelRequest, stage: LlmEvents['stage'], owner: Draft, relative: () => number, depth: number): Course {
    const chance = this.#chance;
    const isNamed = !chance.oneIn(5);
    const shadow = isNamed && chance.oneIn(5);
    const about = { id: this.#id('branch'), parent: stage.id, stage: stage.stage, branch: isNamed ? `to ${this.#ids}` : '', shadow };
    const span: Draft = { ...begin(about.id, 'branch', about.branch, relative()), ...(shadow && { shadow }) };
    if (isNamed) owner.children.push(span);
    if (isNamed && chance.oneIn(6)) {
      const end = { outcome: 'failed', error: 'not_found', hint: 'Wire it.' } as const;
      this.#emit('branch', { ...about, ...end, ms: 0 });
      Object.assign(span, end, { endMs: relative() });
      return;
    }
    this.#emit('branchStart', about);
    const inner = this.#inBranch(request, about, isNamed ? span : owner, isNamed, relative, depth);
    if (shadow) this.#go(inner, 0);
    else yield* inner;
  }

  *#inBranch(request: ModelRequest, about: LlmEvents['branchStart'], owner: Draft, isNamed: boolean, relative: () => number, depth: number): Course {
    const chance = this.#chance;
    const enter = (span: Draft) => void owner.children.push(span);
    if (depth > 0 && chance.oneIn(3)) yield* this.#stage(request, about.id, relative, depth - 1, enter);
    else if (!chance.oneIn(5)) yield* this.#backend(request, about.id, relative, enter);
    const end = this.#outcome();
    this.#emit('branch', { ...about, ...end, ms: 1 });
    if (isNamed) Object.assign(owner, end, { endMs: relative() });
  }

  *#backend(request: ModelRequest, parent: string | undefined, relative: () => number, enter: (span: Draft) => void): Course {
    const chance = this.#chance;
    const node = { id: 'b', name: 'Backend', type: 'llm-y' };
    const about = { requestId: this.#id('request'), backend: node, provider: 'p', model: 'small', operation: 'chat', ...(parent !== undefined && { parent }) } as const;
    const span: Draft = { ...begin(about.requestId, 'backend', node.name, relative(), node), provider: 'p', model: 'small' };
    enter(span);
    this.#emit('request', about);
    const began = relative();
    let queuedMs = 0;
    if (chance.oneIn(2)) {
      yield this.#wait();
      queuedMs = relative() - began;
      span.children.push({ ...begin('', 'queue', '', began), endMs: relative(), outcome: 'ok' });
    }
    const attempts = chance.below(4);
    let end: End = { outcome: 'failed', error: 'timeout' };
    for (let number = 1; number <= attempts; number++) {
      end = number < attempts ? { outcome: 'failed', error: chance.pick(kinds) } : this.#outcome();
      yield* this.#attempt(request, about, span, relative, number, end);
      if (number < attempts) {
        const delayMs = this.#wait();
        this.#emit('retry', { ...about, error: end.error ?? 'server', delayMs });
        span.children.push({ ...begin('', 'backoff', '', relative()), endMs: relative() + delayMs, outcome: 'ok', error: end.error ?? 'server' });
        yield delayMs;
      }
    }
    const ms = relative() - began;
    if (end.outcome === 'ok') this.#emit('completion', { ...about, requestedModel: 'small', finishReason: 'stop', usage, timing: { queuedMs, totalMs: ms }, attempts });
    else this.#emit('failure', { ...about, error: end.error ?? 'cancelled', ...(end.hint !== undefined && { hint: end.hint }), attempts, queuedMs, ms });
    Object.assign(span, end, { endMs: relative() }, end.outcome === 'ok' && { usage });
  }

  *#attempt(request: ModelRequest, about: LlmEvents['request'], owner: Draft, relative: () => number, number: number, end: End): Course {
    const from = relative();
    yield this.#wait();
    const isStarted = end.outcome === 'ok';
    if (isStarted) {
      this.#emit('firstToken', { ...about, ms: relative() - owner.startMs });
      owner.firstTokenMs = relative();
      yield this.#wait();
    }
    const paid = isStarted ? { usage, cost: { usd: 0.25, inputUsd: 0, outputUsd: 0.25 } } : {};
    const { hint: _told, ...facts } = end;
    this.#emit('attempt', { ...about, number, requestedModel: 'small', ...facts, ms: relative() - from, ...paid });
    request.attempts++;
    request.costUsd += paid.cost?.usd ?? 0;
    const firstToken = isStarted ? { firstTokenMs: owner.firstTokenMs as number } : {};
    owner.children.push({ ...begin('', 'attempt', String(number), from), model: 'small', ...facts, endMs: relative(), ...paid, ...firstToken });
  }

  #outcome(): End {
    const chance = this.#chance;
    if (!chance.oneIn(3)) return { outcome: 'ok' };
    return chance.oneIn(4) ? { outcome: 'cancelled', error: 'cancelled' } : { outcome: 'failed', error: chance.pick(kinds), hint: 'Look at it.' };
  }
}

function begin(id: string, kind: Span['kind'], name: string, startMs: number, node?: Span['node']): Draft {
  return { id, kind, name, startMs, outcome: 'running', children: [], ...(node && { node }) };
}
