/** The tree of a formatted text as DOM nodes. All that a model wrote goes in as text. */
import { element, linkTo, makeCopying, setText } from './dom.ts';
import { type Block, formatText } from './format.ts';
import type { Inline } from './inline.ts';

/** Shows a growing text: only the blocks that changed are made anew. */
export class TextView {
  readonly #target: HTMLElement;
  #shown: { block: Block; node: HTMLElement }[] = [];

  constructor(target: HTMLElement) {
    this.#target = target;
  }

  show(text: string): void {
    const blocks = formatText(text);
    const shown = blocks.map((block, index) => {
      const before = this.#shown[index];
      if (before && isSame(before.block, block)) return { block, node: before.node };
      if (before && growCode(before.node, before.block, block)) return { block, node: before.node };
      const node = renderBlock(block);
      if (before) before.node.replaceWith(node);
      else this.#target.append(node);
      return { block, node };
    });
    for (const { node } of this.#shown.slice(blocks.length)) node.remove();
    this.#shown = shown;
  }
}

function isSame(one: Block, other: Block): boolean {
  return one.kind === other.kind && one.source === other.source;
}

/** The copy button of a block that still grows keeps its focus. */
function growCode(node: HTMLElement, before: Block, block: Block): boolean {
  const code = node.querySelector('code');
  if (before.kind !== 'code' || block.kind !== 'code' || before.language !== block.language || !code) return false;
  setText(code, block.text);
  return true;
}

function renderBlock(block: Block): HTMLElement {
  switch (block.kind) {
    case 'paragraph':
      return element('p', '', ...renderInline(block.parts));
    case 'heading':
      return element(block.level <= 2 ? 'h3' : 'h4', '', ...renderInline(block.parts));
    case 'code':
      return renderCode(block.language, block.text);
    case 'list':
      return renderList(block.ordered, block.start, block.items);
    case 'rule':
      return element('hr', '');
    default:
      return block satisfies never;
  }
}

function renderCode(language: string, text: string): HTMLElement {
  const code = element('code', '', text);
  const button = element('button', 'plain', 'Copy code');
  button.type = 'button';
  makeCopying(button, () => code.textContent);
  const pre = element('pre', '', code);
  // A wide block scrolls, and must do so by keyboard too.
  pre.tabIndex = 0;
  pre.setAttribute('role', 'region');
  pre.setAttribute('aria-label', language === '' ? 'Code' : `Code in ${language}`);
  return element('div', 'code', element('div', 'code-bar', element('span', '', language), button), pre);
}

function renderList(ordered: boolean, start: number, items: readonly Block[][]): HTMLElement {
  const list = element(ordered ? 'ol' : 'ul', '', ...items.map((blocks) => element('li', '', ...blocks.map(renderBlock))));
  if (list instanceof HTMLOListElement) list.start = start;
  return list;
}

function renderInline(parts: readonly Inline[]): (Node | string)[] {
  return parts.map((part) => {
    switch (part.kind) {
      case 'text':
        return part.text;
      case 'code':
        return element('code', '', part.text);
      case 'bold':
        return element('strong', '', ...renderInline(part.parts));
      case 'italic':
        return element('em', '', ...renderInline(part.parts));
      case 'link':
        return linkTo(part.url, ...renderInline(part.parts));
      default:
        return part satisfies never;
    }
  });
}
