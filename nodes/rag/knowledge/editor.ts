import { fillDefaults } from '../../editor/defaults.ts';
import { prepareConnection } from '../../editor/connection.ts';
import { defaultCollection } from './collection.ts';

RED.nodes.registerType('llm-knowledge', {
  category: 'config',
  defaults: {
    name: { value: '' },
    store: { value: 'embedded' },
    collection: { value: defaultCollection },
    language: { value: 'en' },
    url: { value: '' },
    embedWith: { value: '' },
    openai: { value: '', type: 'llm-openai-account', required: false },
    llamacpp: { value: '', type: 'llm-llamacpp-server', required: false },
    vllm: { value: '', type: 'llm-vllm-server', required: false },
    embeddingModel: { value: '' },
    questionPrefix: { value: '' },
    passagePrefix: { value: '' },
  },
  credentials: {
    password: { type: 'password' },
  },
  label() {
    return this.name || String(this['collection'] || 'knowledge');
  },
  oneditprepare() {
    fillDefaults(this, 'node-config-input-');
    prepareConnection(this);
  },
});
