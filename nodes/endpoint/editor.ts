RED.nodes.registerType('llm-endpoint', {
  category: 'LLM', color: '#B8ADD3', icon: 'llm-pool.svg', paletteLabel: 'endpoint', inputs: 0, outputs: 1,
  defaults: { name: { value: '' }, path: { value: '/v1' } },
  credentials: { keys: { type: 'text' } },
  label() { return this.name || 'endpoint'; },
});
