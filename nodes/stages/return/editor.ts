import { versioned } from '../../editor/version.ts';

RED.nodes.registerType('llm-return', {
  category: 'LLM',
  color: '#B8ADD3',
  icon: 'llm-return.svg',
  paletteLabel: 'return',
  inputs: 1,
  outputs: 0,
  defaults: {
    ...versioned('llm-return'),
    name: { value: '' },
  },
  label() {
    return this.name || 'return';
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
});
