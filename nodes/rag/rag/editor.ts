RED.nodes.registerType('llm-rag', {
  category: 'LLM',
  color: '#E2C58F',
  icon: 'llm-rag.svg',
  paletteLabel: 'RAG',
  inputs: 1,
  outputs: 1,
  defaults: {
    name: { value: '' },
    knowledge: { value: '', type: 'llm-knowledge', required: true },
    mode: { value: 'hybrid' },
    maxPassages: { value: 6 },
    maxTokens: { value: 1_500 },
    minScore: { value: 0 },
    candidates: { value: 50 },
    rerankCandidates: { value: 20 },
    widen: { value: 0 },
    filter: { value: '' },
    filterType: { value: 'json' },
    assemble: { value: true },
    template: { value: '' },
    noEvidence: { value: 'continue' },
    rerankWith: { value: '' },
    llamacpp: { value: '', type: 'llm-llamacpp-server', required: false },
    vllm: { value: '', type: 'llm-vllm-server', required: false },
    rerankModel: { value: '' },
    outputs: { value: 1 },
  },
  label() {
    return this.name || 'RAG';
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
});
