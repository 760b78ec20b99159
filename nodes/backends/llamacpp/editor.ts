import { backendDefaults, constantModel, outputLabel, prepareBackend } from '../../editor/backend.ts';
import { localServerDefaults, prepareConnection } from '../../editor/connection.ts';
import { environment, prepareRun, runDefaults } from '../../editor/run.ts';
import { apiKey, choice, number } from '../../editor/validate.ts';
import { flashAttentionChoices, llamaServerNumbers } from './run-fields.ts';
import { versioned } from '../../editor/version.ts';

RED.nodes.registerType('llm-llamacpp', {
  category: 'LLM',
  color: '#CFAE78',
  icon: 'llm-llamacpp.svg',
  paletteLabel: 'llama.cpp',
  inputs: 1,
  outputs: 1,
  defaults: {
    ...versioned('llm-llamacpp'),
    ...backendDefaults(),
    server: { value: '', type: 'llm-llamacpp-server', required: true },
    api: { value: 'chat' },
    topK: { value: '', validate: number({ min: 0, max: 1_000_000, integer: true }) },
    minP: { value: '', validate: number({ min: 0, max: 1 }) },
    grammar: { value: '' },
    cachePrompt: { value: true },
    slot: { value: '', validate: number({ min: 0, max: 10_000, integer: true }) },
  },
  label() {
    return this.name || constantModel(this) || 'llama.cpp';
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  outputLabels(index) {
    return outputLabel(this, index);
  },
  oneditprepare() {
    prepareBackend(this, { property: 'server', type: 'llm-llamacpp-server' });
  },
});

RED.nodes.registerType('llm-llamacpp-server', {
  category: 'config',
  defaults: {
    ...versioned('llm-llamacpp-server'),
    ...localServerDefaults(),
    ...runDefaults(),
    modelFile: { value: '' },
    gpuLayers: { value: '', validate: number(llamaServerNumbers.gpuLayers) },
    contextSize: { value: '', validate: number(llamaServerNumbers.contextSize) },
    slots: { value: '', validate: number(llamaServerNumbers.slots) },
    threads: { value: '', validate: number(llamaServerNumbers.threads) },
    flashAttention: choice(flashAttentionChoices),
  },
  credentials: {
    apiKey: { type: 'password', validate: apiKey() },
    environment: { type: 'password', validate: environment },
  },
  label() {
    return this.name || String(this['url'] || 'llama.cpp');
  },
  oneditprepare() {
    prepareConnection(this);
    prepareRun(this, 'llama-server');
  },
});
