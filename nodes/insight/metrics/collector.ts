/** Listens to the bus and counts. */
import type { BackendIdentity } from '../../core/completion.ts';
import type { EventBus, LlmEvents } from '../../core/events.ts';
import type { Families } from './families.ts';
import type { ModelNames } from './model-names.ts';

export class Collector {
  readonly #families: Families;
  readonly #names: ModelNames;
  readonly #unsubscribe: ReadonlyArray<() => void>;

  constructor(bus: EventBus, families: Families, names: ModelNames) {
    this.#families = families;
    this.#names = names;
    this.#unsubscribe = [
      bus.on('completion', (event) => this.#completion(event)),
      bus.on('failure', (event) => this.#failure(event)),
      bus.on('attempt', (event) => this.#attempt(event)),
      bus.on('retry', ({ backend, provider, error }) => families.retries.inc({ ...nodeOf(backend), provider, kind: error })),
      bus.on('stageEnd', (event) => this.#stageEnd(event)),
      bus.on('branch', ({ stage, branch, shadow, outcome, error }) =>
        families.branchAttempts.inc({ ...typedNodeOf(stage), branch, shadow: String(shadow), outcome, kind: error ?? '' }),
      ),
      bus.on('breaker', ({ backend, provider, state }) => families.breakerChanges.inc({ ...nodeOf(backend), provider, state })),
      bus.on('served', ({ endpoint, path, client = '', status }) => families.responses.inc({ ...nodeOf(endpoint), path, client, status: String(status) })),
    ];
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  #completion({ backend, provider, model, requestedModel, usage: { outputTokens }, timing }: LlmEvents['completion']): void {
    const { requests, duration, firstToken, perToken } = this.#families;
    const labels = { ...nodeOf(backend), provider, model: this.#names.label(requestedModel, model) };
    requests.inc({ ...labels, outcome: 'ok', kind: '' });
    duration.observe({ ...labels, outcome: 'ok' }, timing.totalMs / 1000);
    this.#waited(backend, timing.queuedMs);
    if (timing.firstTokenMs === undefined) return;
    firstToken.observe(labels, timing.firstTokenMs / 1000);
    if (outputTokens > 1) perToken.observe(labels, (timing.totalMs - timing.firstTokenMs) / 1000 / (outputTokens - 1));
  }

  #failure({ backend, provider, model, error, queuedMs, ms }: LlmEvents['failure']): void {
    const { requests, duration, shed } = this.#families;
    const labels = { ...nodeOf(backend), provider, model: this.#names.label(model, model), outcome: error === 'cancelled' ? 'cancelled' : 'failed' };
    requests.inc({ ...labels, kind: error });
    duration.observe(labels, ms / 1000);
    this.#waited(backend, queuedMs);
    if (error === 'shed') shed.inc(typedNodeOf(backend));
  }

  #attempt({ backend, provider, model, requestedModel, outcome, error, usage, cost }: LlmEvents['attempt']): void {
    const { attempts, inputTokens, cachedTokens, outputTokens, reasoningTokens, cost: spent } = this.#families;
    const labels = { ...nodeOf(backend), provider, model: this.#names.label(requestedModel, model) };
    attempts.inc({ ...labels, outcome, kind: error ?? '' });
    if (cost) spent.inc(labels, cost.usd);
    if (!usage) return;
    inputTokens.inc(labels, usage.inputTokens);
    outputTokens.inc(labels, usage.outputTokens);
    if (usage.cachedInputTokens) cachedTokens.inc(labels, usage.cachedInputTokens);
    if (usage.reasoningTokens) reasoningTokens.inc(labels, usage.reasoningTokens);
  }

  #stageEnd({ stage, outcome, error, ms, queuedMs, attempts }: LlmEvents['stageEnd']): void {
    const { stageRequests, stageDuration, shed } = this.#families;
    const labels = { ...typedNodeOf(stage), outcome };
    stageRequests.inc({ ...labels, kind: error ?? '' });
    stageDuration.observe(labels, ms / 1000);
    this.#waited(stage, queuedMs);
    // What a branch has shed is not this stage's own doing.
    if (error === 'shed' && attempts === 0) shed.inc(typedNodeOf(stage));
  }

  #waited(node: BackendIdentity, ms: number): void {
    if (ms > 0) this.#families.queueWait.observe(typedNodeOf(node), ms / 1000);
  }
}

function nodeOf({ id, name }: BackendIdentity) {
  return { node: name, id };
}

function typedNodeOf({ id, name, type }: BackendIdentity) {
  return { node: name, id, type };
}
