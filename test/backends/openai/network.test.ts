import { OpenAiAccount } from '../../../nodes/backends/openai/account.ts';
import { OpenAiClient } from '../../../nodes/backends/openai/client.ts';
import { testNetwork } from '../../support/network-cases.ts';

testNetwork({
  basePath: '/v1',
  open: (baseUrl) => {
    const account = new OpenAiAccount({ baseUrl, apiKey: 'sk-test' });
    return { account, client: new OpenAiClient(account, { api: 'auto', maxTokensField: 'auto' }) };
  },
  answer: (exchange) => exchange.events([{ choices: [{ index: 0, delta: { content: 'Hello' }, finish_reason: 'stop' }] }]),
  begin: async (exchange) => {
    exchange.startStream();
    await exchange.write('data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n');
  },
});
