/** The branches of a stage: which of them would be tried, and what the members of a pool do. */
import { percent } from '../../../core/units.ts';
import { element, setText } from '../../../editor/dom.ts';
import type { LiveBranch } from '../api.ts';
import { actingButton } from './buttons.ts';
import { icon, showSign, stateSigns } from './icons.ts';
import { KeyedList, type RowView } from './keyed-list.ts';
import { setDrained } from './runtime.ts';
import type { Surroundings } from './surroundings.ts';
import { kindWords, type Translate } from './texts.ts';

export class BranchesView {
  readonly element = element('ul', 'llm-branches');
  readonly #list: KeyedList<LiveBranch>;

  /** `stage` is the id of the stage. */
  constructor(surroundings: Surroundings, stage: string) {
    this.element.setAttribute('aria-label', surroundings.t('sidebar.live.branches'));
    this.#list = new KeyedList(this.element, { key: ({ name }) => name, make: (branch) => new BranchRow(surroundings, stage, branch) });
  }

  show(branches: readonly LiveBranch[]): void {
    this.element.hidden = branches.length === 0;
    this.#list.show(branches);
  }
}

class BranchRow implements RowView<LiveBranch> {
  readonly element: HTMLElement;
  readonly #t: Translate;
  readonly #sign = icon();
  readonly #facts = element('span', 'llm-branch-facts');
  readonly #drain: HTMLButtonElement;
  readonly #takeBack: HTMLButtonElement;

  constructor(surroundings: Surroundings, stage: string, { name }: LiveBranch) {
    this.#t = surroundings.t;
    const drain = (isOn: boolean) => () => surroundings.act(() => setDrained(stage, name, isOn));
    this.#drain = actingButton(surroundings, 'fa-sign-out', 'sidebar.drain', drain(true));
    this.#takeBack = actingButton(surroundings, 'fa-sign-in', 'sidebar.takeBack', drain(false));
    this.element = element('li', 'llm-branch', this.#sign, element('span', 'llm-branch-name', name), this.#facts, this.#drain, this.#takeBack);
  }

  update({ refusal, member }: LiveBranch): void {
    const isDrained = member?.isDrained === true;
    showSign(this.#sign, isDrained ? { icon: 'fa-sign-out', tone: 'warn' } : refusal === undefined ? stateSigns.ready : { icon: 'fa-times-circle', tone: 'bad' });
    this.#drain.hidden = member === undefined || isDrained;
    this.#takeBack.hidden = !isDrained;
    setText(this.#facts, this.#words(refusal, member).join(' · '));
  }

  #words(refusal: LiveBranch['refusal'], member: LiveBranch['member']): string[] {
    const t = this.#t;
    const why = refusal === undefined ? [] : [kindWords(t, refusal)];
    if (member === undefined) return why;
    const { busy, isDrained, sharePercent } = member;
    if (isDrained) return [busy > 0 ? t('sidebar.live.draining', { busy }) : t('sidebar.live.drained')];
    return [...why, t('sidebar.live.memberBusy', { busy }), percent(sharePercent)];
  }
}
