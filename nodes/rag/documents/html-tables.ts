/** Tables of HTML as tables of Markdown. Plugins of turndown leave odd ones as HTML; here each becomes text. */
import type TurndownService from 'turndown';

/** What stands in no cell of a table of data: such a table only lays out a page. */
const blocks = ['TABLE', 'PRE', 'UL', 'OL', 'BLOCKQUOTE', 'H1', 'H2', 'H3', 'H4', 'H5', 'H6'];

interface Table {
  readonly isLayout: boolean;
  readonly firstRow: Node | undefined;
}

const noTable: Table = { isLayout: true, firstRow: undefined };

export function addTables(service: TurndownService): void {
  const known = new WeakMap<Node, Table>();
  const tableOf = (node: Node): Table => {
    const element = closestTable(node);
    if (!element) return noTable;
    const table = known.get(element) ?? look(element);
    known.set(element, table);
    return table;
  };
  service.addRule('tableCell', {
    filter: ['td', 'th'],
    replacement: (content, node) => (tableOf(node).isLayout ? `\n\n${content}\n\n` : ` ${content.trim().replace(/\s*\n\s*/g, ' ').replace(/\\?\|/g, '\\|')} |`),
  });
  service.addRule('tableRow', {
    filter: 'tr',
    replacement: (content, node) => {
      const { isLayout, firstRow } = tableOf(node);
      return isLayout ? `\n\n${content}\n\n` : `|${content}\n${node === firstRow ? border(node) : ''}`;
    },
  });
  service.addRule('tableSection', { filter: ['thead', 'tbody', 'tfoot'], replacement: (content) => content });
  service.addRule('table', { filter: 'table', replacement: (content) => `\n\n${content}\n\n` });
  service.addRule('caption', { filter: 'caption', replacement: (content) => `${content}\n\n` });
}

function look(table: Element): Table {
  return { isLayout: blocks.some((name) => table.getElementsByTagName(name).length > 0), firstRow: table.getElementsByTagName('tr')[0] };
}

function closestTable(node: Node): Element | undefined {
  let table: Node | null = node;
  while (table && table.nodeName !== 'TABLE') table = table.parentNode;
  return (table as Element | null) ?? undefined;
}

function border(row: Node): string {
  const cells = Array.from(row.childNodes).filter(({ nodeName }) => nodeName === 'TD' || nodeName === 'TH');
  return `|${' --- |'.repeat(cells.length)}\n`;
}
