import assert from 'node:assert/strict';
import { test } from 'node:test';
import { vllmCommand } from '../../../nodes/backends/vllm/command.ts';

const address = { host: '::1', port: 8000 };

test('nothing but the address is needed: the rest is vLLM’s own choice', () => {
  assert.deepEqual(vllmCommand({}, address), { executable: 'vllm', args: ['serve', '--host', '::1', '--port', '8000'], env: {} });
});

test('every knob is an argument, and the further ones come last', () => {
  const fields = { model: 'Qwen/Qwen3-8B', gpuMemoryUtilization: '0.85', maxModelLen: 8192, tensorParallelSize: 2, maxNumSeqs: 64, maxNumBatchedTokens: '8192', dtype: 'bfloat16', extraArgs: '--enable-prefix-caching', apiKey: 'sk-1', environment: 'HF_HOME=/models' };
  const { args, env } = vllmCommand(fields, address);
  assert.equal(args.join('|'), 'serve|Qwen/Qwen3-8B|--host|::1|--port|8000|--gpu-memory-utilization|0.85|--max-model-len|8192|--tensor-parallel-size|2|--max-num-batched-tokens|8192|--max-num-seqs|64|--dtype|bfloat16|--enable-prefix-caching');
  assert.deepEqual(env, { VLLM_API_KEY: 'sk-1', HF_HOME: '/models' });
});

test('what cannot be is told by the name of its field', () => {
  for (const [name, value] of [['gpuMemoryUtilization', 1.5], ['maxModelLen', 0], ['tensorParallelSize', 0.5], ['maxNumSeqs', 'x'], ['maxNumBatchedTokens', 0.5], ['dtype', 'int3']] as const) {
    assert.throws(() => vllmCommand({ [name]: value }, address), { name: 'RangeError', message: new RegExp(name) });
  }
});
