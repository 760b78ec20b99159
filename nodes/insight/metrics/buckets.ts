/**
 * Bounds of the histograms, in seconds. The first bounds are those that OpenTelemetry's GenAI conventions advise
 * (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/): a token may take milliseconds, an answer minutes.
 */

/** Doubling, as advised, and on to the longest that a request takes by default. */
export const durationBuckets = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68, 655.36];

/** As advised, and on to the default limit of the first token: a small machine reads long prompts slowly. */
export const firstTokenBuckets = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 120];

export const perTokenBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];

export const waitBuckets = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
