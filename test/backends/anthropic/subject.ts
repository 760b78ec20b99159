/** An account and a client at a server of the test. */
import type { TestContext } from 'node:test';
import { AnthropicAccount } from '../../../nodes/backends/anthropic/account.ts';
import { AnthropicClient, type AnthropicOptions } from '../../../nodes/backends/anthropic/client.ts';
import type { ConnectionFields } from '../../../nodes/runtime/connection.ts';
import { setVariable } from '../../support/environment.ts';
import { type Exchange, startServer, type TestServer } from '../../support/server.ts';

export interface Subject {
  server: TestServer;
  account: AnthropicAccount;
  client: AnthropicClient;
}

type Handler = (exchange: Exchange) => void | Promise<void>;

export async function openAt(t: TestContext, handle: Handler, { thinkingTokens, ...fields }: AnthropicOptions & ConnectionFields = {}): Promise<Subject> {
  const server = await startServer(handle);
  return subject(t, server, { baseUrl: server.url, apiKey: 'sk-ant-test', ...fields }, { thinkingTokens });
}

/** Anthropic itself, as far as the account can tell: its address leads to a proxy of the test. */
export async function openOfficial(t: TestContext, handle: Handler, fields: ConnectionFields = {}): Promise<Subject> {
  const proxy = await startServer(handle);
  setVariable(t, 'HTTP_PROXY', proxy.url);
  return subject(t, proxy, { baseUrl: 'http://api.anthropic.com', ...fields }, {});
}

function subject(t: TestContext, server: TestServer, fields: ConnectionFields, options: AnthropicOptions): Subject {
  const account = new AnthropicAccount(fields);
  t.after(async () => {
    await account.close();
    await server.close();
  });
  return { server, account, client: new AnthropicClient(account, options) };
}

/** Answers with a stream of these bytes. */
export function stream(bytes: string): (exchange: Exchange) => void {
  return (exchange) => {
    exchange.startStream({ 'content-type': 'text/event-stream; charset=utf-8' });
    exchange.end(bytes);
  };
}

export const textDelta = (text: string) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });
export const messageEnd = (stopReason: string | null) => ({ type: 'message_delta', delta: { stop_reason: stopReason }, usage: { output_tokens: 3 } });

/** Answers with "Hello" and nothing else. */
export function hello(exchange: Exchange): Promise<void> {
  return exchange.events([textDelta('Hello'), messageEnd('end_turn'), { type: 'message_stop' }], { done: false });
}
