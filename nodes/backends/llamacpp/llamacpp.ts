import type { NodeAPI } from 'node-red';
import { readChoice, readNumber } from '../../core/fields.ts';
import { type BackendConfig, registerBackend } from '../../runtime/backend-node.ts';
import { registerLocalServer } from '../../runtime/local-server.ts';
import { LlamaCppClient } from './client.ts';
import { LlamaCppServer } from './server.ts';

interface LlamaCppConfig extends BackendConfig {
  api?: string;
  topK?: unknown;
  minP?: unknown;
  grammar?: string;
  cachePrompt?: boolean;
  slot?: unknown;
}

export default function register(RED: NodeAPI): void {
  registerLocalServer(RED, { type: 'llm-llamacpp-server', open: (fields, owner) => new LlamaCppServer(fields, owner) });
  registerBackend<LlamaCppConfig, LlamaCppServer>(RED, {
    type: 'llm-llamacpp',
    connection: 'server',
    client: (config, server) =>
      new LlamaCppClient(server.http, {
        api: readChoice('api', config.api, ['chat', 'completion']),
        topK: readNumber('topK', config.topK, { min: 0, max: 1_000_000, integer: true }),
        minP: readNumber('minP', config.minP, { min: 0, max: 1 }),
        grammar: config.grammar,
        cachePrompt: config.cachePrompt ?? true,
        slot: readNumber('slot', config.slot, { min: 0, max: 10_000, integer: true }),
      }),
  });
}
