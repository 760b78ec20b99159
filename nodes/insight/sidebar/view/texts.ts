/** The texts of the sidebar's catalog, and words for what the runtime tells. */
import type { FailureKind } from '../../../core/errors.ts';
import type { Outcome } from '../api.ts';
import { Refusal } from './runtime.ts';

export type Translate = (key: string, values?: Record<string, unknown>) => string;

/** In two or three words. */
export function outcomeWords(t: Translate, outcome: Outcome, error?: FailureKind): string {
  return outcome === 'failed' && error !== undefined ? kindWords(t, error) : t(`sidebar.outcome.${outcome}`);
}

export function kindWords(t: Translate, kind: FailureKind): string {
  return t(`llm.kind.${kind}`);
}

/** Why Node-RED did not do what it was asked. */
export function refusalWords(t: Translate, error: unknown): string {
  const { status, reason } = error instanceof Refusal ? error : new Refusal(0);
  if (status === 401 || status === 403) return t('sidebar.problem.forbidden');
  if (reason !== '') return reason;
  return status === 0 || status >= 502 ? t('sidebar.problem.noAnswer') : t('sidebar.problem.refused', { status });
}
