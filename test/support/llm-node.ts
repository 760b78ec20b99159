/** A node of the palette as monitors see it, idle and well where a test says nothing else. */
import assert from 'node:assert/strict';
import type { LlmNode } from '../../nodes/runtime/llm-nodes.ts';

export function llmNodeOf(facts: Partial<LlmNode> & Pick<LlmNode, 'identity'>): LlmNode {
  return { kind: 'backend', isMisconfigured: false, refusal: undefined, busy: 0, waiting: 0, models: [], ask: () => assert.fail('Nobody asks it.'), ...facts };
}
