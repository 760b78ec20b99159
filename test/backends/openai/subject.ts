/** An account and a client at a server of the test. */
import type { TestContext } from 'node:test';
import { OpenAiAccount } from '../../../nodes/backends/openai/account.ts';
import { OpenAiClient, type OpenAiOptions } from '../../../nodes/backends/openai/client.ts';
import type { ConnectionFields } from '../../../nodes/runtime/connection.ts';
import { type Exchange, startServer, type TestServer } from '../../support/server.ts';

export interface Subject {
  server: TestServer;
  account: OpenAiAccount;
  client: OpenAiClient;
}

export async function openAt(
  t: TestContext,
  handle: (exchange: Exchange) => void | Promise<void>,
  { api = 'auto', maxTokensField = 'auto', ...fields }: Partial<OpenAiOptions> & ConnectionFields = {},
): Promise<Subject> {
  const server = await startServer(handle);
  const account = new OpenAiAccount({ baseUrl: `${server.url}/v1`, apiKey: 'sk-test', ...fields });
  t.after(async () => {
    await account.close();
    await server.close();
  });
  return { server, account, client: new OpenAiClient(account, { api, maxTokensField }) };
}

/** Answers with a stream of these bytes. */
export function stream(bytes: string): (exchange: Exchange) => void {
  return (exchange) => {
    exchange.startStream({ 'content-type': 'text/event-stream; charset=utf-8' });
    exchange.end(bytes);
  };
}

/** Answers with "Hello" and nothing else. */
export const hello = stream('data: {"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
