/** One record for each request, and for each attempt where somebody wants that: facts, and never a prompt or an answer unless a person says so. */
import type { Usage } from '../../core/completion.ts';
import type { FailureKind } from '../../core/errors.ts';
import type { EventBus, LlmEvents } from '../../core/events.ts';
import { withoutUndefined } from '../../core/without-undefined.ts';
import { Contents } from '../capture/contents.ts';
import type { Redaction } from '../capture/redaction.ts';
import { Roots } from '../roots.ts';

/** Times in ms. What is not known is left out. */
export interface LogRecord {
  /** When it was over: ISO 8601, UTC. */
  time: string;
  type: 'request' | 'attempt';
  request: string;
  /** The name of the client's key. */
  client?: string;
  /** The name of the node where the request began. */
  entry?: string;
  /** The API that the client asked, such as `/chat/completions`. */
  path?: string;
  route?: string;
  backend?: string;
  provider?: string;
  model?: string;
  outcome?: 'ok' | 'failed' | 'cancelled';
  kind?: FailureKind;
  /** The HTTP status that an endpoint answered with; 499 for a client that went away. */
  status?: number;
  /** How many were made, or which one it is. */
  attempts?: number;
  attempt?: number;
  inputTokens?: number;
  outputTokens?: number;
  cachedInputTokens?: number;
  costUsd?: number;
  queuedMs?: number;
  firstTokenMs?: number;
  ms?: number;
  /** Only where a person wants them: redacted, and cut where they are long. */
  prompt?: string;
  answer?: string;
}

export interface RequestLogOptions {
  readonly bus: EventBus;
  readonly attempts: boolean;
  /** How prompts and answers are redacted; none of them is written without. */
  readonly content?: Redaction | undefined;
  readonly write: (record: LogRecord) => void;
}

type Facts = Omit<LogRecord, 'time' | 'type' | 'prompt' | 'answer'>;

/** So many requests that are under way have their prompts kept until they are written. */
const maxContents = 500;

export class RequestLog {
  readonly #options: RequestLogOptions;
  /** Only attempts ask for them. */
  readonly #roots: Roots | undefined;
  readonly #contents: Contents | undefined;
  readonly #unsubscribe: ReadonlyArray<() => void>;
  #written: Promise<void> = Promise.resolve();
  /** Requests at endpoints: of one that is answered and of one whose client has gone, the two events come in either order. */
  readonly #exchanges = new Map<string, { ended?: Facts; served?: Facts }>();

  constructor(options: RequestLogOptions) {
    const { bus, attempts, content } = (this.#options = options);
    this.#roots = attempts ? new Roots(bus) : undefined;
    this.#contents = content && new Contents(bus, content, maxContents);
    this.#unsubscribe = [
      bus.on('stage', ({ id, parent, requestId }) => void (parent === undefined && requestId !== undefined && this.#exchanges.set(id, {}))),
      bus.on('stageEnd', (event) => this.#stageEnd(event)),
      bus.on('served', (event) => this.#served(event)),
      bus.on('completion', (event) => this.#completion(event)),
      bus.on('failure', (event) => this.#failure(event)),
      ...(attempts ? [bus.on('attempt', (event) => this.#attempt(event)), bus.on('branch', ({ id }) => this.#roots?.forget(id))] : []),
    ];
  }

  /** Requests that are under way. */
  get size(): number {
    return (this.#roots?.size ?? 0) + this.#exchanges.size + (this.#contents?.size ?? 0);
  }

  /** Resolves when all is written that was over by then. */
  async close(): Promise<void> {
    this.#roots?.close();
    this.#contents?.close();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await this.#written;
  }

  #stageEnd(event: LlmEvents['stageEnd']): void {
    const { id, parent, stage, requestId = id, client, outcome, error, ms, queuedMs, attempts, usage, cost, timing, route, model, provider, backend } = event;
    this.#roots?.forget(id);
    if (parent !== undefined) return;
    const times = { queuedMs: timing?.queuedMs ?? queuedMs, firstTokenMs: timing?.firstTokenMs, ms };
    const ended = facts({ request: requestId, client, entry: stage.name, route, backend, provider, model, outcome, kind: error, attempts, ...tokens(usage), costUsd: cost?.usd, ...times });
    const exchange = this.#exchanges.get(id);
    if (exchange) this.#complete(id, { ...exchange, ended });
    else this.#writeRequest(id, ended);
  }

  #served({ id, requestId, endpoint, client, path, status, ms }: LlmEvents['served']): void {
    const served = facts({ request: requestId, client, entry: endpoint.name, path, status, ms });
    const exchange = this.#exchanges.get(id);
    if (exchange) this.#complete(id, { ...exchange, served });
    else this.#writeRequest(id, served);
  }

  /** Written once both are there. */
  #complete(id: string, { ended, served }: { ended?: Facts; served?: Facts }): void {
    if (ended && served) {
      this.#exchanges.delete(id);
      this.#writeRequest(id, { ...ended, ...served });
    } else {
      this.#exchanges.set(id, { ...(ended && { ended }), ...(served && { served }) });
    }
  }

  #completion({ requestId, parent, backend, provider, model, usage, cost, timing, attempts }: LlmEvents['completion']): void {
    this.#roots?.forget(requestId);
    if (parent !== undefined) return;
    const { queuedMs, firstTokenMs, totalMs } = timing;
    const times = { queuedMs, firstTokenMs, ms: totalMs };
    this.#writeRequest(requestId, facts({ request: requestId, entry: backend.name, backend: backend.name, provider, model, outcome: 'ok', attempts, ...tokens(usage), costUsd: cost?.usd, ...times }));
  }

  #failure({ requestId, parent, backend, provider, model, error, attempts, queuedMs, ms }: LlmEvents['failure']): void {
    this.#roots?.forget(requestId);
    if (parent !== undefined) return;
    const outcome = error === 'cancelled' ? 'cancelled' : 'failed';
    this.#writeRequest(requestId, facts({ request: requestId, entry: backend.name, backend: backend.name, provider, model, outcome, kind: error, attempts, queuedMs, ms }));
  }

  #attempt({ requestId, backend, provider, model, number, outcome, error, ms, usage, cost }: LlmEvents['attempt']): void {
    const root = this.#roots?.of(requestId);
    const request = root?.requestId ?? requestId;
    this.#options.write({ time: now(), type: 'attempt', ...facts({ request, client: root?.client, backend: backend.name, provider, model, outcome, kind: error, attempt: number, ...tokens(usage), costUsd: cost?.usd, ms }) });
  }

  #writeRequest(id: string, known: Facts): void {
    const time = now();
    const content = this.#contents?.take(id);
    if (!content) this.#options.write({ time, type: 'request', ...known });
    else this.#written = this.#writeWithContent(this.#written, { time, type: 'request', ...known }, content);
  }

  /** What is taken out may take a while to find; lines keep their order. */
  async #writeWithContent(before: Promise<void>, record: LogRecord, content: Promise<Pick<LogRecord, 'prompt' | 'answer'> | undefined>): Promise<void> {
    const { prompt, answer } = (await content) ?? {};
    await before;
    this.#options.write({ ...record, ...withoutUndefined({ prompt, answer }) });
  }
}

function now(): string {
  return new Date(Date.now()).toISOString();
}

function tokens({ inputTokens, outputTokens, cachedInputTokens }: Partial<Usage> = {}) {
  return { inputTokens, outputTokens, cachedInputTokens };
}

/** Times to a tenth of a ms, and nothing that is not known or empty. */
function facts(given: { [Name in keyof Facts]: Facts[Name] | undefined }): Facts {
  const known = withoutUndefined(given) as Record<string, unknown>;
  for (const name of textNames) if (known[name] === '') delete known[name];
  for (const name of timeNames) if (known[name] !== undefined) known[name] = Math.round(Number(known[name]) * 10) / 10;
  return known as unknown as Facts;
}

/** A server may tell no model, a node have no name. */
const textNames = ['client', 'entry', 'route', 'backend', 'provider', 'model'] as const satisfies ReadonlyArray<keyof Facts>;
const timeNames = ['queuedMs', 'firstTokenMs', 'ms'] as const satisfies ReadonlyArray<keyof Facts>;
