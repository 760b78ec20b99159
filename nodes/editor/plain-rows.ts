/** A list of rows that are no ports: they are added, dragged and removed, and no wire hangs on them. */
import { type EditedNode, translate } from './validate.ts';

/** What a row shows. */
export interface PlainRow<Row> {
  read(): Row;
  /** Called whenever anything in the list has changed. */
  refresh?(rows: readonly Row[]): void;
  /** Where somebody who has added the row begins to type. */
  first: JQuery;
}

export interface PlainRowsOptions<Row> {
  /** Holds the list, and the place that says what is wrong with it. */
  container: JQuery;
  rows: readonly Row[];
  /** The titles over the columns: the end of their class names, and the keys of their texts. */
  columns: Record<string, string>;
  /** Whether their order matters. */
  sortable: boolean;
  draw(line: JQuery, row: Row | undefined): PlainRow<Row>;
  check(rows: readonly Row[]): boolean | string;
  /** Called when a person has changed something. */
  changed?(rows: readonly Row[]): void;
}

interface Item<Row> {
  row?: Row;
  view?: PlainRow<Row>;
}

export class PlainRows<Row extends object> {
  readonly #options: PlainRowsOptions<Row>;
  readonly #list: JQuery & { editableList: (...args: unknown[]) => JQuery };

  constructor(node: EditedNode, options: PlainRowsOptions<Row>) {
    this.#options = options;
    this.#list = options.container.children('ol') as never;
    this.#list.editableList({
      header: header(node, options.columns),
      sortable: options.sortable,
      removable: true,
      scrollOnAdd: false,
      addItem: (content: JQuery, _index: number, item: Item<Row>) => this.#add(content, item),
      removeItem: () => this.#change(),
      sortItems: () => this.#change(),
    });
    for (const row of options.rows) this.#list.editableList('addItem', { row });
    this.#refresh();
  }

  /** The rows as they stand in the form. */
  rows(): Row[] {
    return this.#views().map((view) => view.read());
  }

  /** Gives the list the height that the rest of the dialog leaves. */
  fill(): void {
    if (!this.#list.is(':visible')) return;
    const list = this.#list.closest('.red-ui-editableList');
    const rest = ($('.llm-dialog').outerHeight(true) ?? 0) - (list.outerHeight(true) ?? 0);
    this.#list.editableList('height', Math.max(180, ($('#dialog-form').height() ?? 0) - rest));
  }

  #add(content: JQuery, item: Item<Row>): void {
    const line = $('<div class="llm-row-line">').appendTo(content.addClass('llm-row'));
    const view = this.#options.draw(line, item.row);
    item.view = view;
    content.on('input change', () => this.#change());
    if (item.row !== undefined) return;
    this.#change();
    content.get(0)?.scrollIntoView({ block: 'nearest' });
    view.first.trigger('focus');
  }

  #change(): void {
    this.#refresh();
    this.#options.changed?.(this.rows());
  }

  #refresh(): void {
    const rows = this.rows();
    for (const view of this.#views()) view.refresh?.(rows);
    const reason = this.#options.check(rows);
    this.#options.container.find('.llm-rows-complaint').text(reason === true ? '' : String(reason));
    this.fill();
  }

  /** A removed row fades out before it is gone. */
  #views(): Array<PlainRow<Row>> {
    const contents = this.#list.children(':not(.red-ui-editableList-item-deleting)').children('.red-ui-editableList-item-content');
    const views = contents.toArray().map((content) => ($(content).data('data') as Item<Row>).view);
    return views.filter((view) => view !== undefined);
  }
}

/** A text in a row. */
export function textField(node: EditedNode, cell: JQuery, value: string, label: string, placeholder?: string): JQuery {
  const input = $('<input type="text">').attr('aria-label', translate(node, label)).val(value);
  if (placeholder !== undefined) input.attr('placeholder', translate(node, placeholder));
  return input.appendTo(cell);
}

/** The text as it counts. */
export function readField(input: JQuery): string {
  return String(input.val() ?? '').trim();
}

function header(node: EditedNode, columns: Record<string, string>): JQuery {
  const titles = $('<div class="llm-row-line llm-row-titles">');
  for (const [column, label] of Object.entries(columns)) $('<div>').addClass(`llm-col-${column}`).text(translate(node, label)).appendTo(titles);
  return $('<div>').append(titles);
}
