/** The metrics that OpenTelemetry's conventions have for clients of generative AI. */
import type { Attributes, Meter } from '@opentelemetry/api';
import type { EventBus, LlmEvents } from '../../core/events.ts';
import type { ModelNames } from '../metrics/model-names.ts';
import { errorType, ofRequest, ofResponse, operationDuration, tokenType, tokenUsage } from './attributes.ts';

/** As the conventions advise: seconds, doubling; tokens, times four. */
const durationBounds = Array.from({ length: 14 }, (_, power) => 0.01 * 2 ** power);
const tokenBounds = Array.from({ length: 14 }, (_, power) => 4 ** power);

export class MeterRecorder {
  readonly #unsubscribe: ReadonlyArray<() => void>;

  constructor(bus: EventBus, meter: Meter, names: ModelNames) {
    const duration = meter.createHistogram(operationDuration, { unit: 's', description: 'GenAI operation duration.', advice: { explicitBucketBoundaries: durationBounds } });
    const tokens = meter.createHistogram(tokenUsage, { unit: '{token}', description: 'Number of input and output tokens used.', advice: { explicitBucketBoundaries: tokenBounds } });
    const requested = (event: LlmEvents['request'], model: string): Attributes => ofRequest({ ...event, model: names.label(model, model) });
    this.#unsubscribe = [
      bus.on('completion', (event) => {
        const { requestedModel, model, timing } = event;
        duration.record(timing.totalMs / 1000, { ...requested(event, requestedModel), ...ofResponse(names.label(requestedModel, model)) });
      }),
      bus.on('failure', (event) => duration.record(event.ms / 1000, { ...requested(event, event.model), [errorType]: event.error })),
      bus.on('attempt', (event) => {
        const { requestedModel, model, usage } = event;
        if (!usage) return;
        const attributes = { ...requested(event, requestedModel), ...ofResponse(names.label(requestedModel, model)) };
        tokens.record(usage.inputTokens, { ...attributes, [tokenType]: 'input' });
        tokens.record(usage.outputTokens, { ...attributes, [tokenType]: 'output' });
      }),
    ];
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }
}
