/** A failure in the form in which Node-RED shows it best: the sentence first, then facts that open. */
import type { LlmError } from '../core/errors.ts';

/**
 * What to give to `done` and `node.error`. An Error itself would stand in the debug sidebar with its class before its sentence and
 * with `[object Object]` for its facts, so this is a plain object. What a Catch node takes (`code`, `cause`, `stack`, and the
 * sentence as the text of the whole) is there but not listed: `cause` may hold a part of an answer, which no log is to repeat.
 */
export function reportOf(failure: LlmError): Error {
  const { message, code, status, provider, retryAfterMs, cause } = failure;
  const facts = { message, kind: code, status, provider, retryAfterMs, attempts: cause.attempts };
  const report = Object.fromEntries(Object.entries(facts).filter(([, fact]) => fact !== undefined));
  const hidden = { name: failure.name, code, cause, stack: message, toString: () => message };
  for (const [name, value] of Object.entries(hidden)) Object.defineProperty(report, name, { value });
  return report as unknown as Error;
}
