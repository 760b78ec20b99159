/** The status of a node in Node-RED's own runtime, as the health of its server changes. */
import registerLlamaCpp from '../../../nodes/backends/llamacpp/llamacpp.ts';
import registerVllm from '../../../nodes/backends/vllm/vllm.ts';
import { Flow } from '../../support/flow.ts';

type Health = 'down' | 'loading' | 'ready';

export interface HealthWatch {
  /** Resolves when the node shows this state as its latest. */
  until(state: Health): Promise<void>;
  /** The states that it has shown, in order. */
  seen(): Health[];
  end(): Promise<void>;
}

/** Puts a node before the server at this address, and asks it for its health many times a second. */
export async function watchHealth(type: 'llm-llamacpp' | 'llm-vllm', url: string): Promise<HealthWatch> {
  const flow = await Flow.start(
    [registerLlamaCpp, registerVllm],
    [
      { id: 'model', type, server: 'server', wires: [[]] },
      { id: 'server', type: `${type}-server`, url, healthIntervalMs: 50 },
    ],
  );
  const seen = () => flow.statuses('model').flatMap(({ text }) => healthIn(text));
  return {
    seen,
    until: async (state) => {
      while (seen().at(-1) !== state) await flow.nextStatus();
    },
    end: () => flow.end(),
  };
}

function healthIn(text: string | undefined): Health[] {
  const found = /down|loading|ready/.exec(text ?? '')?.[0];
  return found ? [found as Health] : [];
}
