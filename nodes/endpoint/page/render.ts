/** Markup as DOM nodes. All that a model wrote goes in as text. */
import { makeCopying } from './dom.ts';
import { GrowingText } from './growing-text.ts';
import type { Markup, MarkupElement } from './markup.ts';

/** Shows a growing text: nodes stay where they are, and what has not changed is not touched. */
export class TextView {
  readonly #target: HTMLElement;
  readonly #growing = new GrowingText();
  #shown: { text: string; isWhole: boolean } = { text: '', isWhole: true };

  constructor(target: HTMLElement) {
    this.#target = target;
  }

  /** @param isWhole whether nothing comes after the text */
  show(text: string, isWhole: boolean): void {
    if (text === this.#shown.text && isWhole === this.#shown.isWhole) return;
    this.#shown = { text, isWhole };
    const { from, blocks } = this.#growing.read(text, isWhole);
    patchChildren(this.#target, blocks, from);
  }
}

/** Makes the children of a node what they should be, from one of them on. */
function patchChildren(parent: Element, wanted: readonly Markup[], from = 0): void {
  for (const [index, markup] of wanted.entries()) {
    const node = parent.childNodes[from + index];
    if (!node) parent.append(make(markup));
    else if (!patch(node, markup)) node.replaceWith(make(markup));
  }
  while (parent.childNodes.length > from + wanted.length) parent.lastChild?.remove();
}

/** False where the node is of another kind. */
function patch(node: ChildNode, markup: Markup): boolean {
  if (typeof markup === 'string') {
    if (!(node instanceof Text)) return false;
    if (node.data !== markup) node.data = markup;
    return true;
  }
  if (!(node instanceof HTMLElement) || node.localName !== markup.tag) return false;
  patchAttributes(node, markup);
  // A button says for a while that it has copied.
  if (markup.tag !== 'button') patchChildren(node, markup.children);
  return true;
}

function patchAttributes(node: HTMLElement, { attributes }: MarkupElement): void {
  for (const name of node.getAttributeNames()) if (!(name in attributes)) node.removeAttribute(name);
  for (const [name, value] of Object.entries(attributes)) if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

function make(markup: Markup): Node {
  if (typeof markup === 'string') return document.createTextNode(markup);
  const made = document.createElement(markup.tag);
  patchAttributes(made, markup);
  patchChildren(made, markup.children);
  if (made instanceof HTMLButtonElement) makeCopying(made, () => made.closest('.code')?.querySelector('code')?.textContent ?? '');
  return made;
}
