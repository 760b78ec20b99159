/** Tables of HTML as tables of Markdown. Plugins of turndown leave odd ones as HTML; here each becomes text. */
import type TurndownService from 'turndown';

/** What stands in no cell of a table of data: such a table only lays out a page. */
const blocks = ['TABLE', 'PRE', 'UL', 'OL', 'BLOCKQUOTE', 'H1', 'H2', 'H3', 'H4', 'H5', 'H6'];

export function addTables(service: TurndownService): void {
  const layouts = new WeakMap<Node, boolean>();
  const isLayout = (table: Node | undefined): boolean => {
    if (!table) return true;
    const known = layouts.get(table) ?? blocks.some((name) => (table as Element).getElementsByTagName(name).length > 0);
    layouts.set(table, known);
    return known;
  };
  service.addRule('tableCell', {
    filter: ['td', 'th'],
    replacement: (content, node) => (isLayout(tableOf(node)) ? `\n\n${content}\n\n` : ` ${content.trim().replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|')} |`),
  });
  service.addRule('tableRow', {
    filter: 'tr',
    replacement: (content, node) => (isLayout(tableOf(node)) ? `\n\n${content}\n\n` : `|${content}\n${isFirst(node) ? border(node) : ''}`),
  });
  service.addRule('tableSection', { filter: ['thead', 'tbody', 'tfoot'], replacement: (content) => content });
  service.addRule('table', { filter: 'table', replacement: (content) => `\n\n${content}\n\n` });
  service.addRule('caption', { filter: 'caption', replacement: (content) => `${content}\n\n` });
}

function tableOf(node: Node): Node | undefined {
  let table: Node | null = node;
  while (table && table.nodeName !== 'TABLE') table = table.parentNode;
  return table ?? undefined;
}

function isFirst(row: Node): boolean {
  return (tableOf(row) as Element | undefined)?.getElementsByTagName('tr')[0] === row;
}

function border(row: Node): string {
  const cells = Array.from(row.childNodes).filter(({ nodeName }) => nodeName === 'TD' || nodeName === 'TH');
  return `|${' --- |'.repeat(cells.length)}\n`;
}
