import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CrashReason, crashOf, crashReasons, explainCrash, type Exit } from '../../../nodes/core/supervisor/crash.ts';
import { scriptedProvider as provider } from '../../support/scripted-client.ts';

const failed: Exit = { code: 1, signal: null };

function reasonOf(lines: string[], exit: Exit = failed, wasReady = false): CrashReason {
  return explainCrash({ exit, lines, wasReady, provider }).reason;
}

/** What llama-server 0.6.0 wrote when it was started in these ways, from the first line that matters on. */
const recorded: Record<string, { reason: CrashReason; lines: string[] }> = {
  'a model that is not there': {
    reason: 'model',
    lines: ["0.00.007.128 E gguf_init_from_file: failed to open GGUF file '/nope.gguf' (No such file or directory)", '0.00.008.140 E llama_model_load_from_file_impl: failed to load model', '0.00.009.078 E srv  llama_server: exiting due to model loading error'],
  },
  'a download that was cut off': { reason: 'model', lines: ['0.00.008.171 E gguf_init_from_reader: failed to read key-value pairs', '0.00.009.532 E llama_model_load: error loading model: llama_model_loader: failed to load model from /tmp/trunc.gguf'] },
  'a file that is no model': { reason: 'model', lines: ["0.00.007.071 E gguf_init_from_reader: invalid magic characters: 'hell', expected 'GGUF'"] },
  'an argument that it does not know': { reason: 'argument', lines: ['error: invalid argument: --bogus'] },
  'a port in use': { reason: 'port', lines: ["0.00.060.730 E srv         start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 18082", '0.00.115.176 E srv  llama_server: exiting due to HTTP server error'] },
  'a context that does not fit': {
    reason: 'memory',
    lines: ['0.00.301.523 E ggml_aligned_malloc: insufficient memory (attempted to allocate 197.15 MB)', '0.00.301.538 E ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 206727200', "0.00.319.493 E srv    load_model: failed to create_context with model '/m.gguf'", '0.00.321.452 E srv  llama_server: exiting due to model loading error'],
  },
  'a library that is missing': { reason: 'library', lines: ['llama-server: error while loading shared libraries: libllama-server-impl.so: cannot open shared object file: No such file or directory'] },
};

for (const [what, { reason, lines }] of Object.entries(recorded)) {
  test(`llama-server with ${what}: ${reason}`, () => assert.equal(reasonOf(lines), reason));
}

/** Read in the sources of vLLM, PyTorch and llama.cpp's CUDA backend. */
const read: Array<[CrashReason, string]> = [
  ['memory', 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.'],
  ['memory', 'ggml_backend_cuda_buffer_type_alloc_buffer: allocating 8192.00 MiB on device 0: cudaMalloc failed: out of memory'],
  ['memory', 'ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine.'],
  ['memory', 'ValueError: Free memory on device (3.1/24.0 GiB) on startup is less than desired GPU memory utilization (0.9, 21.6 GiB).'],
  ['memory', "terminate called after throwing an instance of 'std::bad_alloc'"],
  ['memory', 'vk::Device::allocateMemory: ErrorOutOfDeviceMemory'],
  ['port', 'OSError: [Errno 98] Address already in use'],
  ['argument', 'vllm: error: unrecognized arguments: --bogus'],
  ['model', 'OSError: no/such is not a local folder and is not a valid model identifier listed on https://huggingface.co/models'],
  ['library', "ModuleNotFoundError: No module named 'vllm'"],
  ['executable', 'taskset: failed to execute /no/such/llama-server: No such file or directory'],
  ['executable', 'Failed to find executable no-such-llama-server: No such file or directory'],
  ['unknown', `_custom_ops.py:21] Failed to import from vllm._C with ModuleNotFoundError("No module named 'vllm._C'")`],
];

test('what vLLM and the GPUs say is understood', () => {
  for (const [reason, line] of read) assert.equal(reasonOf(['INFO something', line, 'Traceback']), reason, line);
});

test('a signal and an exit code tell where the log does not', () => {
  assert.equal(reasonOf([], { code: null, signal: 'SIGKILL' }), 'killed');
  assert.equal(reasonOf([], { code: null, signal: 'SIGILL' }), 'processor');
  assert.equal(reasonOf([], { code: 127, signal: null }), 'executable');
  assert.equal(reasonOf([], { code: null, signal: 'SIGSEGV' }), 'unknown');
  assert.equal(reasonOf([], { code: null, signal: null, spawnCode: 'ENOENT' }), 'executable');
  assert.equal(reasonOf([], { code: null, signal: null, spawnCode: 'ENOMEM' }), 'memory');
  assert.equal(explainCrash({ exit: undefined, lines: ['out of memory'], wasReady: true, provider }).reason, 'unknown');
});

test('what a server said long before it crashed is no reason', () => {
  const later = Array.from({ length: 40 }, (_, index) => `request ${index}`);
  assert.equal(reasonOf(['failed to allocate buffer', ...later], failed, true), 'unknown');
  assert.equal(reasonOf(['failed to allocate buffer', ...later], failed, false), 'memory');
});

test('every reason has a sentence and a hint, leads on to another branch and is not tried again at the same place; none quotes the log', () => {
  const secret = 'the prompt of somebody';
  // No log tells that it hung, or that it was ended for its memory.
  const untold = (['hung', 'bound'] as const).map((reason) => crashOf(reason, provider));
  for (const { error } of untold) assert.ok(error.hint && !error.retryable);
  assert.deepEqual(untold.map(({ error }) => error.kind), ['unavailable', 'out_of_memory']);
  const seen = new Set<CrashReason>(untold.map(({ reason }) => reason));
  const exits: Exit[] = [failed, { code: null, signal: 'SIGKILL' }, { code: null, signal: 'SIGILL' }, { code: 127, signal: null }];
  const logs = [...Object.values(recorded).map(({ lines }) => lines), []];
  for (const exit of exits) {
    for (const lines of logs) {
      const { reason, error } = explainCrash({ exit, lines: [...lines, secret], wasReady: false, provider });
      seen.add(reason);
      assert.ok(['unavailable', 'out_of_memory'].includes(error.kind));
      assert.ok(error.hint && !error.retryable && !error.message.includes(secret));
    }
  }
  assert.deepEqual([...seen].sort(), [...crashReasons].sort());
});
