/** A list on the page that follows its rows in place: what stays is not touched, so that focus, scroll and selection stay, too. */

export interface RowView<Row> {
  readonly element: HTMLElement;
  update(row: Row): void;
}

export interface KeyedListOptions<Row> {
  readonly key: (row: Row) => string;
  readonly make: (row: Row) => RowView<Row>;
}

interface Shown<Row> {
  readonly view: RowView<Row>;
  row: Row | undefined;
}

export class KeyedList<Row> {
  readonly #container: HTMLElement;
  readonly #options: KeyedListOptions<Row>;
  readonly #shown = new Map<string, Shown<Row>>();

  constructor(container: HTMLElement, options: KeyedListOptions<Row>) {
    this.#container = container;
    this.#options = options;
  }

  has(key: string): boolean {
    return this.#shown.has(key);
  }

  element(key: string): HTMLElement | undefined {
    return this.#shown.get(key)?.view.element;
  }

  /** A row that is the same object as before is not drawn again. */
  show(rows: readonly Row[]): void {
    this.#removeOthers(new Set(rows.map(this.#options.key)));
    let next = this.#container.firstElementChild;
    for (const row of rows) {
      const { element } = this.update(row);
      if (element === next) next = next.nextElementSibling;
      else this.#container.insertBefore(element, next);
    }
  }

  /** Draws one row, which may not stand in the list yet. */
  update(row: Row): RowView<Row> {
    const key = this.#options.key(row);
    let shown = this.#shown.get(key);
    if (!shown) this.#shown.set(key, (shown = { view: this.#options.make(row), row: undefined }));
    if (shown.row !== row) shown.view.update(row);
    shown.row = row;
    return shown.view;
  }

  #removeOthers(keys: ReadonlySet<string>): void {
    for (const [key, { view }] of this.#shown) {
      if (keys.has(key)) continue;
      view.element.remove();
      this.#shown.delete(key);
    }
  }
}
