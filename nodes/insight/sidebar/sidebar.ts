/** The sidebar LLM: a plugin of the editor. */
import type { NodeAPI } from 'node-red';

export default function register(RED: NodeAPI): void {
  RED.plugins.registerPlugin('llm-sidebar', { type: 'llm-sidebar' });
}
