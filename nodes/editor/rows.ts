/** The list of a stage's rows. Rows are ports: the wires of the node follow them when they are added, dragged or removed. */
import { mostRows, rowName } from '../core/stage-settings.ts';
import { portMap } from './ports.ts';
import type { EditedNode } from './validate.ts';

/** What a row shows beside its name. */
export interface RowView<Row> {
  read(): Omit<Row, 'name'>;
  /** Puts other values into the fields that a button may change. */
  write?(row: Row): void;
  /** Called whenever anything in the list has changed. */
  refresh?(rows: readonly Row[], index: number): void;
}

export interface RowListOptions<Row extends { name: string }> {
  rows: readonly Row[];
  /** The titles over the columns that follow the name: the end of their class names, and the keys of their texts. */
  columns: Record<string, string>;
  buttons?: Array<{ id: string; label: string; click: () => void }>;
  /** The row that the Add button adds, beside its name. */
  added(rows: readonly Row[]): Omit<Row, 'name'>;
  /** Fills a row. `line` holds its name, `content` may get further lines. */
  draw(line: JQuery, row: Row, content: JQuery): RowView<Row>;
  check(rows: readonly Row[]): boolean | string;
  refresh?(rows: readonly Row[]): void;
}

interface Item<Row> {
  row?: Row;
  /** The row's place when the dialog opened. */
  origin?: number;
  name?: JQuery;
  view?: RowView<Row>;
}

const listId = '#node-input-llm-rows';

export class RowList<Row extends { name: string }> {
  readonly #node: EditedNode;
  readonly #options: RowListOptions<Row>;
  readonly #list: JQuery & { editableList: (...args: unknown[]) => JQuery } = $(listId) as never;
  readonly #streamBefore: boolean;

  constructor(node: EditedNode, options: RowListOptions<Row>) {
    this.#node = node;
    this.#options = options;
    this.#streamBefore = Boolean(node['stream']);
    this.#list.editableList({
      header: this.#header(),
      buttons: [...(options.buttons ?? [])],
      sortable: true,
      removable: true,
      scrollOnAdd: false,
      addItem: (content: JQuery, _index: number, item: Item<Row>) => this.#add(content, item),
      removeItem: () => this.refresh(),
      sortItems: () => this.refresh(),
    });
    for (const [origin, row] of options.rows.entries()) this.#list.editableList('addItem', { row, origin });
    $('#node-input-stream').on('change', () => this.refresh());
    this.refresh();
  }

  /** The rows as they stand in the form. */
  rows(): Row[] {
    return this.#items().map(({ name, view }, index) => {
      return { name: rowName(name?.val(), index), ...view?.read() } as Row;
    });
  }

  /** Changes rows where they stand. */
  change(change: (rows: readonly Row[]) => readonly Row[]): void {
    const rows = change(this.rows());
    for (const [index, { view }] of this.#items().entries()) {
      const row = rows[index];
      if (row) view?.write?.(row);
    }
    this.refresh();
  }

  /** Brings all that depends on the rows up to date. */
  refresh(): void {
    const items = this.#items();
    const rows = this.rows();
    const names = rows.map(({ name }) => name);
    for (const [index, { name, view }] of items.entries()) {
      const own = rows[index]?.name ?? '';
      name?.attr('placeholder', rowName('', index)).toggleClass('input-error', names.indexOf(own) !== names.lastIndexOf(own));
      view?.refresh?.(rows, index);
    }
    const before = { rows: this.#options.rows.length, stream: this.#streamBefore };
    const stream = $('#node-input-stream').is(':checked');
    const map = portMap(before, items.map(({ origin }) => origin), stream);
    $('#node-input-outputs').val(JSON.stringify(map));
    this.#list.closest('.red-ui-editableList').find('.red-ui-editableList-addButton').first().prop('disabled', rows.length >= mostRows);
    this.#options.refresh?.(rows);
    const reason = this.#options.check(rows);
    $('.llm-rows-complaint').text(reason === true ? '' : String(reason));
    // A complaint takes a line of its own.
    this.fill();
  }

  /** Gives the list the height that the rest of the dialog leaves. */
  fill(): void {
    if (!this.#list.is(':visible')) return;
    const list = this.#list.closest('.red-ui-editableList');
    const rest = ($('.llm-dialog').outerHeight(true) ?? 0) - (list.outerHeight(true) ?? 0);
    this.#list.editableList('height', Math.max(180, ($('#dialog-form').height() ?? 0) - rest));
  }

  #header(): JQuery {
    const titles = $('<div class="llm-row-line llm-row-titles">');
    for (const [column, label] of Object.entries({ name: 'llm.label.name', ...this.#options.columns })) {
      $('<div>').addClass(`llm-col-${column}`).text(this.#node._(label)).appendTo(titles);
    }
    return $('<div>').append(titles);
  }

  #add(content: JQuery, item: Item<Row>): void {
    const isNew = item.row === undefined;
    const row = item.row ?? this.#newRow();
    const line = $('<div class="llm-row-line">').appendTo(content.addClass('llm-row'));
    item.name = $('<input type="text">').attr('aria-label', this.#node._('llm.label.name')).val(row.name);
    $('<div class="llm-col-name">').append(item.name).appendTo(line);
    item.view = this.#options.draw(line, row, content);
    content.on('input change', () => this.refresh());
    if (!isNew) return;
    this.refresh();
    content.get(0)?.scrollIntoView({ block: 'nearest' });
    item.name.trigger('focus').trigger('select');
  }

  #newRow(): Row {
    const rows = this.rows();
    const names = new Set(rows.map(({ name }) => name));
    let letter = rows.length;
    while (names.has(rowName('', letter))) letter++;
    return { name: rowName('', letter), ...this.#options.added(rows) } as Row;
  }

  /** A removed row fades out before it is gone. */
  #items(): Array<Item<Row>> {
    const contents = this.#list.children(':not(.red-ui-editableList-item-deleting)').children('.red-ui-editableList-item-content');
    const items = contents.toArray().map((content) => $(content).data('data') as Item<Row>);
    return items.filter(({ view }) => view !== undefined);
  }
}
