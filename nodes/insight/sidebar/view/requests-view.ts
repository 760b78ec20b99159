/** The tab Requests: the last ones, the newest first, and one of them in full. */
import { count } from '../../../core/units.ts';
import { element, setText } from '../../../editor/dom.ts';
import type { LiveFacts, RequestRow } from '../api.ts';
import { smallButton } from './buttons.ts';
import { passes } from './filter.ts';
import { FilterView } from './filter-view.ts';
import { KeyedList } from './keyed-list.ts';
import { KnownRequests } from './request-list.ts';
import { RequestItem } from './request-row.ts';
import { RequestView } from './request-view.ts';
import { askRequests } from './runtime.ts';
import type { Surroundings } from './surroundings.ts';
import type { Translate } from './texts.ts';

export class RequestsView {
  readonly element: HTMLElement;
  readonly #t: Translate;
  readonly #surroundings: Surroundings;
  readonly #known = new KnownRequests();
  readonly #filters: FilterView;
  readonly #note = element('p', 'llm-remark');
  readonly #count = element('p', 'llm-count');
  readonly #skipped = element('p', 'llm-count');
  readonly #empty = element('div', 'llm-empty');
  readonly #all: HTMLButtonElement;
  readonly #list = element('ol', 'llm-requests');
  readonly #items: KeyedList<RequestRow>;
  readonly #overview: HTMLElement;
  readonly #request: RequestView;
  #open: string | undefined;
  #scrollTop = 0;

  constructor(surroundings: Surroundings) {
    const { t } = (this.#surroundings = surroundings);
    this.#t = t;
    this.#filters = new FilterView(t, () => this.#draw(true));
    this.#items = new KeyedList(this.#list, { key: ({ id }) => id, make: (row) => new RequestItem(surroundings, row) });
    this.#request = new RequestView(surroundings, () => this.#leave());
    this.#all = smallButton(surroundings, 'fa-times', 'sidebar.filter.clear', () => this.#clearFilters());
    setText(this.#note, t('sidebar.requests.notKept'));
    this.#note.hidden = true;
    this.#overview = element('div', 'llm-overview', this.#filters.element, this.#note, this.#count, this.#skipped, this.#empty, this.#all, this.#list);
    this.#request.element.hidden = true;
    this.element = element('div', 'llm-requests-view', this.#overview, this.#request.element);
    this.#list.addEventListener('click', ({ target }) => this.#enter((target as Element).closest('button')?.dataset['request']));
    for (const event of ['mouseleave', 'focusout']) this.#list.addEventListener(event, () => setTimeout(() => this.#draw(), 0));
    this.#draw(true);
  }

  show({ isKept }: LiveFacts): void {
    this.#note.hidden = isKept;
  }

  startOver(): void {
    this.#known.startOver();
  }

  async ask(): Promise<void> {
    const after = this.#known.last;
    this.#known.take(await askRequests(after), after);
    if (this.#open === undefined) this.#draw();
    else await this.#request.refresh();
  }

  /** Nothing moves under the pointer of a person, and what has the focus does not go, unless they want it to. */
  #draw(isWanted = false): void {
    const { filter } = this.#filters;
    const rows = this.#known.rows.filter((row) => passes(row, filter));
    const focused = this.#list.querySelector<HTMLElement>(':focus')?.dataset['request'];
    const isHeld = !isWanted && (this.#list.matches(':hover') || (focused !== undefined && !rows.some(({ id }) => id === focused)));
    const isNew = ({ id }: RequestRow) => !this.#items.has(id);
    if (!isHeld) this.#items.show(rows);
    else for (const row of rows) if (!isNew(row)) this.#items.update(row);
    this.#filters.offer(this.#known.rows);
    this.#say(rows, isHeld ? rows.filter(isNew).length : 0);
  }

  #say(rows: readonly RequestRow[], held: number): void {
    const t = this.#t;
    const known = this.#known.rows.length;
    const shown = rows.length === known ? t('sidebar.requests.count', { count: known }) : t('sidebar.requests.some', { shown: rows.length, count: known });
    setText(this.#count, held > 0 ? t('sidebar.requests.held', { count: held }) : shown);
    this.#count.hidden = known === 0;
    const { skipped } = this.#known;
    this.#skipped.hidden = skipped === 0;
    setText(this.#skipped, t('sidebar.requests.skipped', { count: skipped, skipped: count(skipped) }));
    this.#empty.hidden = rows.length > 0;
    this.#all.hidden = rows.length > 0 || known === 0;
    setText(this.#empty, t(known === 0 ? 'sidebar.requests.empty' : 'sidebar.requests.noneFound'));
  }

  #clearFilters(): void {
    this.#filters.clear();
    this.#draw(true);
  }

  #enter(id: string | undefined): void {
    if (id === undefined) return;
    this.#open = id;
    this.#scrollTop = this.element.scrollTop;
    this.#overview.hidden = true;
    this.#request.element.hidden = false;
    this.#request.open(id);
    this.#surroundings.act(() => this.#request.refresh());
  }

  /** Back to where the person was. */
  #leave(): void {
    const row = this.#items.element(this.#open ?? '');
    this.#open = undefined;
    this.#request.close();
    this.#surroundings.canvas.clear();
    this.#request.element.hidden = true;
    this.#overview.hidden = false;
    row?.querySelector('button')?.focus({ preventScroll: true });
    this.element.scrollTop = this.#scrollTop;
    this.#draw(row === undefined);
  }
}
