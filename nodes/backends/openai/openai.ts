import type { NodeAPI } from 'node-red';
import { readChoice } from '../../core/fields.ts';
import { type BackendConfig, registerBackend } from '../../runtime/backend-node.ts';
import { registerConnection } from '../../runtime/connection.ts';
import { OpenAiAccount } from './account.ts';
import { OpenAiClient } from './client.ts';

interface OpenAiConfig extends BackendConfig {
  api?: string;
  maxTokensField?: string;
}

export default function register(RED: NodeAPI): void {
  registerConnection(RED, { type: 'llm-openai-account', open: (fields) => new OpenAiAccount(fields) });
  registerBackend<OpenAiConfig, OpenAiAccount>(RED, {
    type: 'llm-openai',
    connection: 'account',
    client: (config, account) =>
      new OpenAiClient(account, {
        api: readChoice('api', config.api, ['auto', 'chat', 'completions']),
        maxTokensField: readChoice('maxTokensField', config.maxTokensField, ['auto', 'max_tokens', 'max_completion_tokens']),
      }),
  });
}
