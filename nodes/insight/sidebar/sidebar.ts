/** The sidebar LLM: a plugin of the editor, with the routes that it asks. */
import type { NodeAPI } from 'node-red';
import { recorder } from '../recorder.ts';
import { installSidebarRoutes } from './routes.ts';

export default function register(RED: NodeAPI): void {
  RED.plugins.registerPlugin('llm-sidebar', { type: 'llm-sidebar' });
  installSidebarRoutes(RED, recorder);
}
