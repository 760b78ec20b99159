import { backendDefaults, constantModel, outputLabel, prepareBackend } from '../../editor/backend.ts';
import { localServerDefaults, prepareConnection } from '../../editor/connection.ts';
import { environment, prepareRun, runDefaults } from '../../editor/run.ts';
import { apiKey, choice, jsonObject, number } from '../../editor/validate.ts';
import { dtypeChoices, vllmNumbers } from './run-fields.ts';
import { versioned } from '../../editor/version.ts';

RED.nodes.registerType('llm-vllm', {
  category: 'LLM',
  color: '#98C4A0',
  icon: 'llm-vllm.svg',
  paletteLabel: 'vLLM',
  inputs: 1,
  outputs: 1,
  defaults: {
    ...versioned('llm-vllm'),
    ...backendDefaults(),
    server: { value: '', type: 'llm-vllm-server', required: true },
    api: { value: 'chat' },
    topK: { value: '', validate: number({ min: -1, max: 1_000_000, integer: true }) },
    minP: { value: '', validate: number({ min: 0, max: 1 }) },
    repetitionPenalty: { value: '', validate: number({ min: 0, max: 10 }) },
    guidedJson: { value: '', validate: jsonObject },
  },
  label() {
    return this.name || constantModel(this) || 'vLLM';
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  outputLabels(index) {
    return outputLabel(this, index);
  },
  oneditprepare() {
    prepareBackend(this, { property: 'server', type: 'llm-vllm-server' });
    $('#node-input-guidedJson').typedInput({ default: 'json', types: ['json'] });
  },
});

RED.nodes.registerType('llm-vllm-server', {
  category: 'config',
  defaults: {
    ...versioned('llm-vllm-server'),
    ...localServerDefaults(),
    ...runDefaults(),
    model: { value: '' },
    gpuMemoryUtilization: { value: '', validate: number(vllmNumbers.gpuMemoryUtilization) },
    maxModelLen: { value: '', validate: number(vllmNumbers.maxModelLen) },
    maxNumBatchedTokens: { value: '', validate: number(vllmNumbers.maxNumBatchedTokens) },
    maxNumSeqs: { value: '', validate: number(vllmNumbers.maxNumSeqs) },
    tensorParallelSize: { value: '', validate: number(vllmNumbers.tensorParallelSize) },
    dtype: choice(dtypeChoices),
  },
  credentials: {
    apiKey: { type: 'password', validate: apiKey() },
    environment: { type: 'password', validate: environment },
  },
  label() {
    return this.name || String(this['url'] || 'vLLM');
  },
  oneditprepare() {
    prepareConnection(this);
    prepareRun(this, 'vllm');
  },
});
