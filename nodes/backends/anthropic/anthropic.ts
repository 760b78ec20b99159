import type { NodeAPI } from 'node-red';
import { readNumber } from '../../core/fields.ts';
import { type BackendConfig, registerBackend } from '../../runtime/backend-node.ts';
import { registerConnection } from '../../runtime/connection.ts';
import { AnthropicAccount } from './account.ts';
import { AnthropicClient } from './client.ts';

interface AnthropicConfig extends BackendConfig {
  thinkingTokens?: unknown;
}

export default function register(RED: NodeAPI): void {
  registerConnection(RED, { type: 'llm-anthropic-account', open: (fields) => new AnthropicAccount(fields) });
  registerBackend<AnthropicConfig, AnthropicAccount>(RED, {
    type: 'llm-anthropic',
    connection: 'account',
    client: (config, account) =>
      new AnthropicClient(account, {
        thinkingTokens: readNumber('thinkingTokens', config.thinkingTokens, { min: 1024, max: 1_000_000, integer: true }),
      }),
  });
}
