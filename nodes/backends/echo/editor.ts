import { backendDefaults, outputLabel, prepareBackend } from '../../editor/backend.ts';
import { number } from '../../editor/validate.ts';
import { versioned } from '../../editor/version.ts';

RED.nodes.registerType('llm-echo', {
  category: 'LLM',
  color: '#A9BDCE',
  icon: 'llm-echo.svg',
  paletteLabel: 'echo',
  inputs: 1,
  outputs: 1,
  defaults: {
    ...versioned('llm-echo'),
    ...backendDefaults(),
    mode: { value: 'echo' },
    tokensPerSecond: { value: 20, validate: number({ min: 0, max: 1_000_000, integer: true }) },
    delayMs: { value: 0, validate: number({ min: 0, max: 3_600_000, integer: true }) },
    faultKind: { value: '' },
    faultPercent: { value: 100, validate: number({ min: 0, max: 100, integer: false }) },
    faultAfterTokens: { value: 0, validate: number({ min: 0, max: 1_000_000, integer: true }) },
  },
  label() {
    return this.name || 'echo';
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  outputLabels(index) {
    return outputLabel(this, index);
  },
  oneditprepare() {
    prepareBackend(this);
    const showFault = () => $('.llm-fault-detail').toggle($('#node-input-faultKind').val() !== '');
    $('#node-input-faultKind').on('change', showFault);
    showFault();
  },
});
