/** The HTTP status that tells a client of a failure. What is wrong between us and a provider is no fault of the client's. */
import type { FailureKind } from './errors.ts';

const statuses: Record<FailureKind, number> = {
  auth: 502,
  quota: 502,
  rate_limit: 429,
  overloaded: 503,
  unavailable: 502,
  timeout: 504,
  server: 502,
  out_of_memory: 503,
  interrupted: 502,
  context_length: 400,
  not_found: 404,
  invalid_request: 400,
  content_filter: 400,
  shed: 429,
  circuit_open: 503,
  budget: 429,
  misconfigured: 502,
  cancelled: 503,
};

export function statusFor(kind: FailureKind): number {
  return statuses[kind];
}
