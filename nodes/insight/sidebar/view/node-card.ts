/** One backend, stage or endpoint of the flows that run. */
import { element, setText } from '../../../editor/dom.ts';
import type { LiveNode } from '../api.ts';
import { BranchesView } from './branches-view.ts';
import { actingButton } from './buttons.ts';
import { FiguresView } from './figures-view.ts';
import { icon, showSign, stateSigns } from './icons.ts';
import type { RowView } from './keyed-list.ts';
import { setTripped } from './runtime.ts';
import type { Surroundings } from './surroundings.ts';

/** A node, and how long a step of its series is. */
export interface CardRow {
  readonly live: LiveNode;
  readonly stepMs: number;
}

export class NodeCard implements RowView<CardRow> {
  readonly element: HTMLElement;
  readonly #surroundings: Surroundings;
  readonly #sign = icon();
  readonly #name = element('button', 'llm-name');
  readonly #state = element('span', 'llm-state');
  readonly #figures: FiguresView;
  readonly #branches: BranchesView;
  readonly #breaker = element('p', 'llm-breaker');
  readonly #trip: HTMLButtonElement;
  readonly #reset: HTMLButtonElement;

  constructor(surroundings: Surroundings, { node }: LiveNode) {
    const { t, canvas } = (this.#surroundings = surroundings);
    this.#figures = new FiguresView(t);
    this.#branches = new BranchesView(surroundings, node.id);
    const trip = (isOn: boolean) => () => surroundings.act(() => setTripped(node.id, isOn));
    this.#trip = actingButton(surroundings, 'fa-chain-broken', 'sidebar.trip', trip(true));
    this.#reset = actingButton(surroundings, 'fa-link', 'sidebar.reset', trip(false));
    this.#name.type = 'button';
    this.#name.title = t('sidebar.reveal');
    this.#name.addEventListener('click', () => canvas.reveal(node.id));
    const head = element('div', 'llm-card-head', this.#sign, this.#name, this.#state);
    const foot = element('div', 'llm-card-foot', element('div', 'llm-card-words', this.#figures.today, this.#breaker), element('div', 'llm-card-buttons', this.#trip, this.#reset));
    this.element = element('li', 'llm-card', head, this.#figures.element, foot, this.#branches.element);
    canvas.highlightFrom(this.element, () => node.id);
    canvas.highlightFrom(this.#name, () => node.id);
  }

  update({ live, stepMs }: CardRow): void {
    const { node, state, busy, waiting, breaker, isTripped = false, isResting = false, branches = [] } = live;
    const { t, canvas } = this.#surroundings;
    showSign(this.#sign, stateSigns[state]);
    setText(this.#name, canvas.nameOf(node));
    setText(this.#state, t(`sidebar.state.${state}`));
    this.element.dataset['state'] = state;
    this.#figures.show(live, stepMs, [{ label: t('sidebar.live.busy'), value: String(busy) }, { label: t('sidebar.live.waiting'), value: String(waiting) }]);
    this.#branches.show(branches);
    const isWell = breaker === undefined || breaker === 'closed';
    setText(this.#breaker, isTripped ? t('sidebar.breaker.tripped') : !isWell ? t(`sidebar.breaker.${breaker}`) : isResting && live.kind === 'backend' ? t('sidebar.breaker.resting') : '');
    this.#trip.hidden = breaker === undefined || isTripped;
    this.#reset.hidden = isWell && !isTripped && !isResting;
  }
}
