/** A stage's dialog, its rows and its wires, for tests that do with them what a person does. */
import type { Locator, Page } from 'playwright-core';
import type { FlowNode } from '../support/node-red.ts';
import type { EditorPage } from './browser.ts';

/** From the label of each port to the nodes that its wires lead to. */
export type Wiring = Record<string, string[]>;

export const targets = ['answers', 'one', 'two', 'three', 'tokens'];

/** A stage with three rows and the token port, each port wired to a node of its own. */
export function wired(type: string, property: string, rows: ReadonlyArray<Record<string, unknown>>): FlowNode {
  const ports = rows.length === 3 ? targets : targets.slice(0, rows.length + 1);
  return { id: 'stage', type, z: 'tab', x: 300, y: 200, stream: rows.length === 3, outputs: ports.length, [property]: rows, wires: ports.map((target) => [target]) };
}

export const pool = wired('llm-pool', 'members', [{ name: 'A' }, { name: 'B' }, { name: 'C' }]);
export const poolWiring: Wiring = { answer: ['answers'], A: ['one'], B: ['two'], C: ['three'], tokens: ['tokens'] };

export function flowOf(...stages: FlowNode[]): FlowNode[] {
  const debugs = targets.map((name, index) => ({ id: name, type: 'debug', name, z: 'tab', x: 600, y: 60 + 60 * index, active: false, wires: [] }));
  return [{ id: 'tab', type: 'tab', label: 'Rows' }, ...stages, ...debugs];
}

/** A node without its place on the canvas, as the flow file has it. */
export function settingsOf(node: Record<string, unknown> = {}): Record<string, unknown> {
  const { id: _id, wires: _wires, x: _x, y: _y, z: _z, ...settings } = node;
  return JSON.parse(JSON.stringify(settings)) as Record<string, unknown>;
}

export class RowsPage {
  readonly editor: EditorPage;
  readonly page: Page;

  constructor(editor: EditorPage) {
    this.editor = editor;
    this.page = editor.page;
  }

  /** Opens a node's dialog, does something in it and presses Done. */
  async edit(id: string, change: () => Promise<void>): Promise<void> {
    await this.editor.openDialog(id);
    await change();
    await this.editor.closeDialog();
  }

  row(index: number): Locator {
    return this.page.locator('#node-input-llm-rows > li').nth(index);
  }

  field(index: number, column: string): Locator {
    return this.row(index).locator(`.llm-col-${column} :is(input:not([type=hidden]), select)`).first();
  }

  names(): Promise<string[]> {
    return this.page.evaluate(`$('#node-input-llm-rows > li .llm-col-name input').toArray().map((input) => input.value)`);
  }

  async add(name?: string): Promise<void> {
    await this.addButton().click();
    if (name !== undefined) await this.page.keyboard.type(name);
  }

  addButton(): Locator {
    return this.page.locator('.llm-rows-row .red-ui-editableList-addButton').first();
  }

  /** Waits until the row has faded out, as a person would. */
  async remove(index: number): Promise<void> {
    const count = (await this.names()).length;
    await this.row(index).locator('.red-ui-editableList-item-remove').click();
    await this.page.waitForFunction(`$('#node-input-llm-rows > li').length === ${count - 1}`);
  }

  /** With the mouse. */
  async drag(from: number, to: number): Promise<void> {
    const start = await centerOf(this.row(from).locator('.red-ui-editableList-item-handle'));
    const end = await centerOf(this.row(to).locator('.red-ui-editableList-item-handle'));
    const beyond = end.y + (to > from ? 12 : -12);
    await this.page.mouse.move(start.x, start.y);
    await this.page.mouse.down();
    await this.page.mouse.move(start.x, start.y + (beyond - start.y) / 2, { steps: 8 });
    await this.page.mouse.move(start.x, beyond, { steps: 8 });
    await this.page.mouse.up();
  }

  /** What the dialog says below the rows. */
  async state(): Promise<string> {
    return (await this.page.locator('.llm-rows-state').innerText()).trim();
  }

  async action(name: 'core:undo' | 'core:redo'): Promise<void> {
    await this.page.evaluate(`RED.actions.invoke('${name}')`);
  }

  wiring(id: string): Promise<Wiring> {
    return this.page.evaluate(`(() => {
      const node = RED.nodes.node('${id}');
      const wiring = {};
      for (let port = 0; port < node.outputs; port++) {
        const links = RED.nodes.filterLinks({ source: node }).filter((link) => Number(link.sourcePort) === port);
        wiring[node._def.outputLabels.call(node, port)] = links.map(({ target }) => target.name || target.id).sort();
      }
      return wiring;
    })()`);
  }

  /** Why a node is marked as wrong on the canvas; empty where it is not. */
  problems(id: string): Promise<string[]> {
    return this.page.evaluate(`(() => { const node = RED.nodes.node('${id}'); RED.editor.validateNode(node); return node.validationErrors; })()`);
  }

  /** The nodes as the editor would export them. */
  exported(ids: readonly string[]): Promise<Array<Record<string, unknown>>> {
    return this.page.evaluate(`RED.nodes.createExportableNodeSet(${JSON.stringify(ids)}.map((id) => RED.nodes.node(id)))`);
  }

  /** Imports copies of nodes, and returns from old to new ids. */
  async import(nodes: ReadonlyArray<Record<string, unknown>>): Promise<Record<string, string>> {
    return this.page.evaluate(`(() => {
      const { nodeMap } = RED.nodes.import(${JSON.stringify(nodes)}, { generateIds: true });
      return Object.fromEntries(Object.entries(nodeMap).map(([old, { id }]) => [old, id]));
    })()`);
  }

  /** A node as it comes out of the palette. */
  async create(type: string): Promise<string> {
    return this.page.evaluate(`(() => { const { node } = RED.view.createNode('${type}', 500, 500); RED.nodes.add(node); return node.id; })()`);
  }
}

async function centerOf(locator: Locator): Promise<{ x: number; y: number }> {
  const box = await locator.boundingBox();
  if (!box) throw new Error('It is not to be seen.');
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}
