/** What clients learn of the backends behind an endpoint: by its setting, all or nothing. */
import type { Completion } from '../core/completion.ts';
import { type FailureKind, LlmError } from '../core/errors.ts';
import { statusFor } from '../core/http-status.ts';
import type { JsonObject } from '../core/json.ts';
import { asHeader } from './http.ts';
import { Refusal } from './status.ts';

export class Disclosure {
  readonly tells: boolean;

  constructor(tells: boolean) {
    this.tells = tells;
  }

  /** What an answer's own format has no field for. */
  ofAnswer({ backend, route, attempts, cost, timing, citations }: Completion): JsonObject | undefined {
    const cited = citations && { citations };
    if (!this.tells) return cited;
    return { backend: backend.name, ...(route !== undefined && { route }), attempts, ...(cost && { costUsd: cost.usd }), timing, ...cited };
  }

  headers({ backend, attempts }: Completion): Record<string, string> {
    return this.tells ? { 'x-llm-backend': asHeader(backend.name), 'x-llm-attempts': String(attempts.length) } : {};
  }

  /** What was tried before a request failed. */
  ofFailure({ cause: { attempts } }: LlmError): JsonObject | undefined {
    return this.tells && attempts ? { attempts } : undefined;
  }

  /** Why a request failed, in words that are fit for its client: what is wrong behind the endpoint names addresses and settings. */
  failure(failure: LlmError): LlmError {
    if (this.tells || failure instanceof Refusal) return failure;
    const said = failure.provider === undefined ? discreet[statusFor(failure.kind)] : (ofRequests[failure.kind] ?? discreet[statusFor(failure.kind)]);
    return said === undefined ? failure : new LlmError(failure.kind, said, { retryAfterMs: failure.retryAfterMs });
  }
}

/** What a provider had against a request; what the gateway itself has against one is no secret. */
const ofRequests: Readonly<Partial<Record<FailureKind, string>>> = {
  invalid_request: 'The model behind this endpoint refused the request: something in it is wrong.',
  context_length: 'The request is too long for the model behind this endpoint.',
  content_filter: 'The model behind this endpoint refused the content.',
};

const discreet: Readonly<Record<number, string | undefined>> = {
  404: 'There is no such model here.',
  429: 'Too many requests. Send it again later.',
  502: 'The model behind this endpoint failed.',
  503: 'The model behind this endpoint is not available now. Send the request again later.',
  504: 'The model behind this endpoint took too long.',
};
