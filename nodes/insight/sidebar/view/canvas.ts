/** Where nodes are on the canvas, and what they are called there. */
import type { BackendIdentity } from '../../../core/completion.ts';
import type { LiveNode } from '../api.ts';

interface CanvasNode {
  highlighted?: boolean;
  dirty?: boolean;
}

export class Canvas {
  readonly #missing: () => void;
  /** Of nodes within subflows, which run under other ids. */
  #ids = new Map<string, string>();
  #highlighted: CanvasNode | undefined;

  /** `missing` is called where a node was to be shown that is not there. */
  constructor(missing: () => void) {
    this.#missing = missing;
  }

  learn(nodes: readonly LiveNode[]): void {
    this.#ids = new Map(nodes.flatMap(({ node, canvasId }) => (canvasId === undefined ? [] : [[node.id, canvasId]])));
  }

  /** One without a name is called as the canvas has it, such as `endpoint /v1`: by its type alone nobody knows it. */
  nameOf({ id, name, type }: BackendIdentity): string {
    const node = name === type ? this.#find(id) : undefined;
    return node ? RED.utils.getNodeLabel(node, name) : name;
  }

  /** The element highlights the node while the pointer or the focus is on it. */
  highlightFrom(element: HTMLElement, id: () => string | undefined): void {
    const on = () => this.#highlight(id());
    const off = () => this.#highlight(undefined);
    element.addEventListener('mouseenter', on);
    element.addEventListener('focus', on);
    element.addEventListener('mouseleave', off);
    element.addEventListener('blur', off);
  }

  reveal(id: string): void {
    if (!this.#find(id)) return this.#missing();
    const focused = document.activeElement;
    RED.view.reveal(this.#ids.get(id) ?? id);
    // Another flow takes the focus; who reads the sidebar goes on there.
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  }

  /** What is highlighted is so no more: what it was highlighted from has gone. */
  clear(): void {
    this.#highlight(undefined);
  }

  #highlight(id: string | undefined): void {
    const node = id === undefined ? undefined : this.#find(id);
    if (node === this.#highlighted) return;
    for (const [one, isOn] of [[this.#highlighted, false], [node, true]] as const) if (one) Object.assign(one, { highlighted: isOn, dirty: true });
    this.#highlighted = node;
    RED.view.redraw();
  }

  #find(id: string): CanvasNode | undefined {
    return (RED.nodes.node(this.#ids.get(id) ?? id) as CanvasNode | null) ?? undefined;
  }
}
