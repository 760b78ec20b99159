import { AnthropicAccount } from '../../../nodes/backends/anthropic/account.ts';
import { AnthropicClient } from '../../../nodes/backends/anthropic/client.ts';
import { testNetwork } from '../../support/network-cases.ts';

const delta = (text: string) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });

testNetwork({
  basePath: '',
  open: (baseUrl) => {
    const account = new AnthropicAccount({ baseUrl, apiKey: 'sk-ant-test' });
    return { account, client: new AnthropicClient(account) };
  },
  answer: (exchange) => exchange.events([delta('Hello'), { type: 'message_delta', delta: { stop_reason: 'end_turn' } }], { done: false }),
  begin: async (exchange) => {
    exchange.startStream();
    await exchange.write(`data: ${JSON.stringify(delta('Hel'))}\n\n`);
  },
});
