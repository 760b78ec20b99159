/** All that is counted and measured, by its name for Prometheus. What each label may hold is bounded by the flows, never by clients. */
import { Counter, Histogram, type Registry } from 'prom-client';
import { durationBuckets, firstTokenBuckets, perTokenBuckets, waitBuckets } from './buckets.ts';

/** Names are for people and may stand twice; ids do not. */
const ofNode = ['node', 'id'] as const;
const ofModel = [...ofNode, 'provider', 'model'] as const;
const ofType = [...ofNode, 'type'] as const;

export type Families = ReturnType<typeof createFamilies>;

/** The families, empty, in the registry. Series appear with their first event. */
export function createFamilies(registry: Registry) {
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) => new Counter<Label>({ name, help, labelNames: [...labelNames], registers });
  const histogram = <Label extends string>(name: string, help: string, labelNames: readonly Label[], buckets: number[]) =>
    new Histogram<Label>({ name, help, labelNames: [...labelNames], buckets, registers });
  return {
    requests: counter('llm_requests_total', 'Requests at backends by their outcome; kind is that of a failure.', [...ofModel, 'outcome', 'kind']),
    duration: histogram('llm_request_duration_seconds', 'From the request at a backend to its end, with waiting and retries.', [...ofModel, 'outcome'], durationBuckets),
    firstToken: histogram('llm_time_to_first_token_seconds', 'From the request at a backend to the first token of its answer.', ofModel, firstTokenBuckets),
    perToken: histogram('llm_time_per_output_token_seconds', 'Of an answer, for each token after the first.', ofModel, perTokenBuckets),
    queueWait: histogram('llm_queue_wait_seconds', 'How long those waited for a place that had to.', ofType, waitBuckets),
    attempts: counter('llm_attempts_total', 'Attempts of backends: a request that is retried has several.', [...ofModel, 'outcome', 'kind']),
    retries: counter('llm_retries_total', 'Retries of backends by the failure before.', [...ofNode, 'provider', 'kind']),
    inputTokens: counter('llm_input_tokens_total', 'Tokens of prompts, cached ones among them.', ofModel),
    cachedTokens: counter('llm_cached_input_tokens_total', 'Tokens of prompts that providers read from their cache.', ofModel),
    outputTokens: counter('llm_output_tokens_total', 'Tokens of answers, those of thinking among them, also of answers that broke off.', ofModel),
    reasoningTokens: counter('llm_reasoning_tokens_total', 'Tokens of thinking.', ofModel),
    cost: counter('llm_cost_usd_total', 'What attempts cost, in US dollars, where the price is known.', ofModel),
    stageRequests: counter('llm_stage_requests_total', 'Requests at endpoints and stages by their outcome.', [...ofType, 'outcome', 'kind']),
    stageDuration: histogram('llm_stage_duration_seconds', 'From the request at an endpoint or stage to its outcome.', [...ofType, 'outcome'], durationBuckets),
    branchAttempts: counter('llm_branch_attempts_total', 'Attempts of branches: the routes of a router, the members of a pool.', [...ofType, 'branch', 'shadow', 'outcome', 'kind']),
    shed: counter('llm_shed_total', 'Requests that the node refused at once, or let go unserved, because it was full.', ofType),
    breakerChanges: counter('llm_breaker_changes_total', 'Changes of breakers by the state that they came to.', [...ofNode, 'provider', 'state']),
    responses: counter('llm_http_responses_total', 'Answers of endpoints by status; 499 is a client that went away.', [...ofNode, 'path', 'client', 'status']),
  };
}
