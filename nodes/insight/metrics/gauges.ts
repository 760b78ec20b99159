/** What is so now: read from the nodes that run whenever somebody looks, so that a node that goes leaves nothing behind. */
import { Gauge, type Registry } from 'prom-client';
import type { LlmNode } from '../../runtime/llm-nodes.ts';

type Set = (labels: Record<string, string>, value: number) => void;

const breakerStates = ['closed', 'half_open', 'open'] as const;
const healthStates = ['ready', 'loading', 'down'] as const;

export function addGauges(registry: Registry, nodes: () => readonly LlmNode[]): void {
  const gauge = (name: string, help: string, labels: readonly string[], read: (node: LlmNode, set: Set) => void) =>
    new Gauge({
      name,
      help,
      labelNames: ['node', 'id', 'type', ...labels],
      registers: [registry],
      collect() {
        this.reset();
        for (const node of nodes()) {
          const { id, name, type } = node.identity;
          read(node, (labels, value) => this.set({ node: name, id, type, ...labels }, value));
        }
      },
    });
  gauge('llm_in_flight', 'Requests under way.', [], ({ busy }, set) => set({}, busy));
  gauge('llm_waiting', 'Requests that wait for a place.', [], ({ waiting }, set) => set({}, waiting));
  gauge('llm_breaker_state', '1 for the state that the breaker is in.', ['state'], ({ breaker }, set) => {
    if (breaker !== undefined) for (const state of breakerStates) set({ state }, Number(state === breaker));
  });
  gauge('llm_backend_health', '1 for the state that the server was found in; none where it is not asked.', ['state'], ({ health = 'unknown' }, set) => {
    if (health !== 'unknown') for (const state of healthStates) set({ state }, Number(state === health));
  });
  gauge('llm_branch_up', '1 where the branch would be tried, 0 where it is left alone.', ['branch'], ({ branches = [] }, set) => {
    for (const { name, refusal } of branches) set({ branch: name }, Number(refusal === undefined));
  });
}
