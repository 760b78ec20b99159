/** One row of the table: something that every backend must do with a real server. */
import type { TestContext } from 'node:test';
import type { Backend } from '../../../nodes/core/backend.ts';
import type { RequestSettings } from '../../../nodes/core/request.ts';
import { requestOf } from '../../support/requests.ts';
import type { RealServer } from './server.ts';
import type { Subject } from './subject.ts';

export interface Row {
  /** The name that a subject's `cannot` and the report know it by. */
  readonly name: string;
  /** Resolves with why the row cannot be met, in plain words, where only the server itself could tell. */
  readonly run: (on: RowContext) => Promise<string | void>;
}

export interface RowContext {
  readonly t: TestContext;
  readonly subject: Subject;
  readonly server: RealServer;
  /** Of the subject, for the server. */
  readonly backend: Backend;
}

export const story = 'Once upon a time';

/** The same answer each time. */
export const greedy: RequestSettings = { temperature: 0, seed: 1, maxTokens: 8 };

/** Goes on until the slot is nearly full, which with vLLM is for half a minute: the model may not end by itself. */
export const endless = { temperature: 0, maxTokens: 8_000, extra: { ignore_eos: true } } satisfies RequestSettings;

/** A request for the server's own model. */
export function ask({ server }: { server: Pick<RealServer, 'model'> }, payload: unknown, settings: RequestSettings) {
  return requestOf(payload, { ...(server.model && { model: server.model }), ...settings });
}
