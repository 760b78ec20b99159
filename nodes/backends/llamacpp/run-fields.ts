/** The tuning knobs of llama-server: see tools/server/README.md in llama.cpp. Read by the runtime and by the editor. */
import type { NumberArgument } from '../../core/supervisor/fields.ts';

/** An empty field leaves the choice to the server. */
export const llamaServerNumbers = {
  gpuLayers: { flag: '--n-gpu-layers', min: 0, max: 10_000, integer: true },
  contextSize: { flag: '--ctx-size', min: 0, max: 100_000_000, integer: true },
  slots: { flag: '--parallel', min: 1, max: 10_000, integer: true },
  threads: { flag: '--threads', min: 1, max: 10_000, integer: true },
} as const satisfies Record<string, NumberArgument>;

/** The server's own choice is `auto`; builds from before August 2025 know a bare `-fa` alone, for the further arguments. */
export const flashAttentionChoices = ['', 'auto', 'on', 'off'] as const;
