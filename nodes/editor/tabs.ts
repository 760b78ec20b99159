/** The tabs of a dialog: the children of `.llm-tabs-content`, named after their ids. */
import type { EditedNode } from './validate.ts';

/** Shows the first tab. `shown` is told whenever another one comes into view. */
export function prepareTabs(node: EditedNode, shown?: () => void): void {
  const content = $('.llm-tabs-content').children();
  const tabs = RED.tabs.create({
    id: 'node-input-llm-tabs',
    onchange: (tab) => {
      content.hide();
      $(`#${tab.id}`).show();
      shown?.();
    },
  });
  content.each(function () {
    tabs.addTab({ id: this.id, label: node._(`llm.tab.${this.id.replace('llm-tab-', '')}`) });
  });
  const first = content.get(0);
  if (first) tabs.activateTab(first.id);
}
