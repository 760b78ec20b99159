/** The tab Live: all requests, then each node of the flows that run. */
import { percent } from '../../../core/units.ts';
import { element, setText } from '../../../editor/dom.ts';
import type { LiveFacts, LiveNode, NodeKind } from '../api.ts';
import { FiguresView } from './figures-view.ts';
import { icon, showSign, stateSigns } from './icons.ts';
import { KeyedList } from './keyed-list.ts';
import { type CardRow, NodeCard } from './node-card.ts';
import { byName } from './order.ts';
import type { Surroundings } from './surroundings.ts';
import { troubleOf } from './troubles.ts';

const sections: readonly NodeKind[] = ['backend', 'stage', 'endpoint'];

export class LiveView {
  readonly element: HTMLElement;
  readonly #surroundings: Surroundings;
  readonly #all: FiguresView;
  readonly #empty: HTMLElement;
  readonly #content: HTMLElement;
  readonly #troubles: KeyedList<LiveNode>;
  readonly #troubleWords = element('p', 'llm-trouble-words');
  readonly #cards: KeyedList<CardRow>[] = [];
  readonly #titles: HTMLElement[] = [];

  constructor(surroundings: Surroundings) {
    const { t } = (this.#surroundings = surroundings);
    this.#all = new FiguresView(t);
    this.#empty = element('div', 'llm-empty', element('p', '', t('sidebar.live.empty')), element('p', '', t('sidebar.live.emptyNext')));
    const troubles = element('ul', 'llm-troubles');
    this.#troubles = new KeyedList(troubles, { key: ({ node }) => node.id, make: ({ node }) => this.#trouble(node.id) });
    const summary = element('section', 'llm-card llm-all', element('h3', '', t('sidebar.live.all')), this.#all.element, this.#all.today);
    this.#content = element('div', '', this.#troubleWords, troubles, summary, ...sections.map((kind) => this.#section(kind)));
    this.#content.hidden = true;
    this.#empty.hidden = true;
    this.element = element('div', 'llm-live', this.#empty, this.#content);
  }

  show({ all, nodes, stepMs }: LiveFacts): void {
    const { t } = this.#surroundings;
    this.#empty.hidden = nodes.length > 0;
    this.#content.hidden = nodes.length === 0;
    const waiting = nodes.reduce((sum, node) => sum + node.waiting, 0);
    this.#all.show(all, stepMs, [{ label: t('sidebar.live.busy'), value: String(inFlight(nodes)) }, { label: t('sidebar.live.waiting'), value: String(waiting) }]);
    const bad = byName(nodes.filter((node) => troubleOf(node) !== undefined));
    setText(this.#troubleWords, bad.length === 0 ? t('sidebar.live.well') : t('sidebar.live.troubles', { count: bad.length }));
    this.#troubles.show(bad);
    sections.forEach((kind, index) => {
      const rows = byName(nodes.filter((node) => node.kind === kind)).map((live) => ({ live, stepMs }));
      this.#cards[index]?.show(rows);
      if (this.#titles[index]) this.#titles[index].hidden = rows.length === 0;
    });
  }

  #section(kind: NodeKind): HTMLElement {
    const title = element('h3', 'llm-title', this.#surroundings.t(`sidebar.kind.${kind}`));
    const list = element('ul', 'llm-cards');
    this.#titles.push(title);
    this.#cards.push(new KeyedList(list, { key: ({ live }) => live.node.id, make: ({ live }) => new NodeCard(this.#surroundings, live) }));
    return element('section', '', title, list);
  }

  /** A button that leads to the card. */
  #trouble(id: string) {
    const sign = icon();
    const name = element('span', '');
    const button = element('button', 'llm-trouble', sign, name);
    button.type = 'button';
    button.addEventListener('click', () => {
      const card = this.#cards.map((list) => list.element(id)).find((found) => found !== undefined);
      card?.scrollIntoView({ block: 'start' });
      card?.querySelector('button')?.focus({ preventScroll: true });
    });
    const update = (live: LiveNode) => {
      const { t, canvas } = this.#surroundings;
      const isFailing = troubleOf(live) === 'failures';
      showSign(sign, stateSigns[isFailing ? 'degraded' : live.state]);
      setText(name, canvas.nameOf(live.node));
      button.title = `${canvas.nameOf(live.node)}: ${isFailing ? t('sidebar.live.failing', { percent: percent(live.failedPercent) }) : t(`sidebar.state.${live.state}`)}`;
      button.setAttribute('aria-label', button.title);
    };
    return { element: element('li', '', button), update };
  }
}

/** A request is at a backend in the end, whatever it came through; where there is none, it is at stages. */
function inFlight(nodes: readonly LiveNode[]): number {
  const backends = nodes.filter(({ kind }) => kind === 'backend');
  return (backends.length > 0 ? backends : nodes).reduce((sum, { busy }) => sum + busy, 0);
}
