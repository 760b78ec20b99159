import type { Translate } from './view/texts.ts';
import { Sidebar } from './view/sidebar.ts';

const plugin = {
  // Node-RED puts its own in this place: with the catalog of this plugin.
  _: RED._ as Translate,
  onadd() {
    // Its nodes are what this is about: who may not even look at them gets no tab.
    if (!RED.user.hasPermission('llm.read')) return;
    const t: Translate = (key, values) => plugin._(key, values);
    RED.actions.add('llm:show-sidebar', () => RED.sidebar.show('llm'));
    RED.sidebar.addTab({
      id: 'llm',
      label: t('sidebar.name'),
      name: t('sidebar.name'),
      iconClass: 'fa fa-microchip',
      content: new Sidebar(t).element,
      enableOnEdit: true,
      action: 'llm:show-sidebar',
    });
  },
};

RED.plugins.registerPlugin('llm-sidebar', plugin);
