import assert from 'node:assert/strict';
import { test } from 'node:test';
import { llamaServerCommand } from '../../../nodes/backends/llamacpp/command.ts';

const address = { host: '127.0.0.1', port: 8080 };

test('nothing but the address is needed: the rest is the server’s own choice', () => {
  assert.deepEqual(llamaServerCommand({}, address), { executable: 'llama-server', args: ['--host', '127.0.0.1', '--port', '8080'], env: {} });
  const empty = { executable: ' ', modelFile: '', gpuLayers: '', contextSize: '', slots: '', threads: '', flashAttention: '', extraArgs: '', environment: '', apiKey: '' };
  assert.deepEqual(llamaServerCommand(empty, address), llamaServerCommand({}, address));
});

test('every knob is an argument, and the further ones come last', () => {
  const fields = { executable: '/opt/llama server', modelFile: '/models/my model.gguf', gpuLayers: 0, contextSize: '8192', slots: 4, threads: 6, flashAttention: 'on', extraArgs: '--alias\nmy model' };
  const { executable, args } = llamaServerCommand(fields, address);
  assert.equal(executable, '/opt/llama server');
  assert.equal(args.join('|'), '--model|/models/my model.gguf|--host|127.0.0.1|--port|8080|--n-gpu-layers|0|--ctx-size|8192|--parallel|4|--threads|6|--flash-attn|on|--alias|my model');
});

test('the key goes by the environment, where nobody can read it, and a variable of the same name wins', () => {
  const { args, env } = llamaServerCommand({ apiKey: ' sk-1 ', environment: 'CUDA_VISIBLE_DEVICES=0' }, address);
  assert.deepEqual(env, { LLAMA_API_KEY: 'sk-1', CUDA_VISIBLE_DEVICES: '0' });
  assert.ok(!args.join(' ').includes('sk-1'));
  assert.equal(llamaServerCommand({ apiKey: 'sk-1', environment: 'LLAMA_API_KEY=sk-2' }, address).env['LLAMA_API_KEY'], 'sk-2');
});

test('what cannot be is told by the name of its field', () => {
  for (const [name, value] of [['gpuLayers', -1], ['contextSize', 'many'], ['slots', 0], ['threads', 1.5], ['flashAttention', 'perhaps'], ['environment', 'x']] as const) {
    assert.throws(() => llamaServerCommand({ [name]: value }, address), { name: 'RangeError', message: new RegExp(name) });
  }
});
