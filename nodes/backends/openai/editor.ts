import { backendDefaults, constantModel, outputLabel, prepareBackend } from '../../editor/backend.ts';
import { connectionDefaults, prepareConnection } from '../../editor/connection.ts';
import { apiKey, url } from '../../editor/validate.ts';
import { versioned } from '../../editor/version.ts';

RED.nodes.registerType('llm-openai', {
  category: 'LLM',
  color: '#8DC1B4',
  icon: 'llm-openai.svg',
  paletteLabel: 'OpenAI',
  inputs: 1,
  outputs: 1,
  defaults: {
    ...versioned('llm-openai'),
    ...backendDefaults(),
    account: { value: '', type: 'llm-openai-account', required: true },
    api: { value: 'auto' },
    maxTokensField: { value: 'auto' },
  },
  label() {
    return this.name || constantModel(this) || 'OpenAI';
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  outputLabels(index) {
    return outputLabel(this, index);
  },
  oneditprepare() {
    prepareBackend(this, { property: 'account', type: 'llm-openai-account' });
  },
});

RED.nodes.registerType('llm-openai-account', {
  category: 'config',
  defaults: {
    ...versioned('llm-openai-account'),
    ...connectionDefaults(),
    baseUrl: { value: '', validate: url },
    organization: { value: '' },
    project: { value: '' },
  },
  credentials: {
    apiKey: { type: 'password', validate: apiKey() },
  },
  label() {
    return this.name || String(this['baseUrl'] || 'OpenAI');
  },
  oneditprepare() {
    prepareConnection(this);
  },
});
