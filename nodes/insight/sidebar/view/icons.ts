/** The signs of states and outcomes: color is never the only one, a word stands beside each. */
import { element } from '../../../editor/dom.ts';
import type { NodeState, Outcome } from '../api.ts';

export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'quiet';

interface Sign {
  readonly icon: string;
  readonly tone: Tone;
}

export const stateSigns: Readonly<Record<NodeState, Sign>> = {
  ready: { icon: 'fa-check-circle', tone: 'good' },
  busy: { icon: 'fa-play-circle', tone: 'busy' },
  queueing: { icon: 'fa-hourglass-half', tone: 'warn' },
  degraded: { icon: 'fa-exclamation-triangle', tone: 'warn' },
  loading: { icon: 'fa-download', tone: 'warn' },
  open: { icon: 'fa-chain-broken', tone: 'bad' },
  down: { icon: 'fa-times-circle', tone: 'bad' },
  misconfigured: { icon: 'fa-wrench', tone: 'bad' },
};

export const outcomeSigns: Readonly<Record<Outcome, Sign>> = {
  running: { icon: 'fa-ellipsis-h', tone: 'busy' },
  ok: { icon: 'fa-check', tone: 'good' },
  failed: { icon: 'fa-times', tone: 'bad' },
  cancelled: { icon: 'fa-minus-circle', tone: 'quiet' },
};

/** Is seen, not heard. */
export function icon(name = ''): HTMLElement {
  const made = element('i', `fa ${name}`.trimEnd());
  made.setAttribute('aria-hidden', 'true');
  return made;
}

/** Makes an icon that of a state or an outcome. */
export function showSign(target: HTMLElement, { icon, tone }: Sign): void {
  const className = `fa fa-fw ${icon} llm-${tone}`;
  if (target.className !== className) target.className = className;
}
