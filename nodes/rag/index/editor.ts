RED.nodes.registerType('llm-index', {
  category: 'LLM',
  color: '#E2C58F',
  icon: 'llm-index.svg',
  paletteLabel: 'index',
  inputs: 1,
  outputs: 2,
  defaults: {
    name: { value: '' },
    knowledge: { value: '', type: 'llm-knowledge', required: true },
    folder: { value: '' },
    watch: { value: false },
    include: { value: '' },
    ignore: { value: '' },
    maxTokens: { value: 256 },
    overlapTokens: { value: 32 },
    timeoutMs: { value: 300_000 },
    maxFileMb: { value: 100 },
  },
  label() {
    return this.name || 'index';
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
});
