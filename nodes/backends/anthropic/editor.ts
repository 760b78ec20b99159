import { backendDefaults, constantModel, outputLabel, prepareBackend } from '../../editor/backend.ts';
import { connectionDefaults, prepareConnection } from '../../editor/connection.ts';
import { apiKey, number, url } from '../../editor/validate.ts';
import { versioned } from '../../editor/version.ts';

RED.nodes.registerType('llm-anthropic', {
  category: 'LLM',
  color: '#DDA98A',
  icon: 'llm-anthropic.svg',
  paletteLabel: 'Anthropic',
  inputs: 1,
  outputs: 1,
  defaults: {
    ...versioned('llm-anthropic'),
    ...backendDefaults(),
    account: { value: '', type: 'llm-anthropic-account', required: true },
    thinkingTokens: { value: '', validate: number({ min: 1024, max: 1_000_000, integer: true }) },
  },
  label() {
    return this.name || constantModel(this) || 'Anthropic';
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  outputLabels(index) {
    return outputLabel(this, index);
  },
  oneditprepare() {
    prepareBackend(this, { property: 'account', type: 'llm-anthropic-account' });
  },
});

RED.nodes.registerType('llm-anthropic-account', {
  category: 'config',
  defaults: {
    ...versioned('llm-anthropic-account'),
    ...connectionDefaults(),
    baseUrl: { value: '', validate: url },
  },
  credentials: {
    apiKey: { type: 'password', validate: apiKey('sk-ant-') },
  },
  label() {
    return this.name || String(this['baseUrl'] || 'Anthropic');
  },
  oneditprepare() {
    prepareConnection(this);
  },
});
