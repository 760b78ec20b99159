/** The tuning knobs of `vllm serve`: see "Engine Arguments" in its documentation. Read by the runtime and by the editor. */
import type { NumberArgument } from '../../core/supervisor/fields.ts';

/** An empty field leaves the choice to vLLM. */
export const vllmNumbers = {
  gpuMemoryUtilization: { flag: '--gpu-memory-utilization', min: 0.01, max: 1 },
  maxModelLen: { flag: '--max-model-len', min: 1, max: 100_000_000, integer: true },
  tensorParallelSize: { flag: '--tensor-parallel-size', min: 1, max: 1_024, integer: true },
  maxNumBatchedTokens: { flag: '--max-num-batched-tokens', min: 1, max: 100_000_000, integer: true },
  maxNumSeqs: { flag: '--max-num-seqs', min: 1, max: 100_000, integer: true },
} as const satisfies Record<string, NumberArgument>;

export const dtypeChoices = ['', 'auto', 'half', 'bfloat16', 'float', 'float16', 'float32'] as const;
