/** What somebody should look at. */
import { type LiveNode, nodeStates } from '../api.ts';

const firstBad = nodeStates.indexOf('degraded');

/** In percent: where so many fail, it is no accident. */
const tooManyFailed = 20;

/** A bad state goes before a share of failures: it says why. */
export function troubleOf({ state, failedPercent }: Pick<LiveNode, 'state' | 'failedPercent'>): 'state' | 'failures' | undefined {
  if (nodeStates.indexOf(state) >= firstBad) return 'state';
  return failedPercent >= tooManyFailed ? 'failures' : undefined;
}
