/** What the tests with real clients have in common: the ways through the gateway, what comes back, and what a provider must see. */
import assert from 'node:assert/strict';
import type { Answer } from '../../nodes/core/completion.ts';
import { readAnswer as readAnthropicAnswer } from '../../nodes/formats/anthropic-messages/answer-in.ts';
import { readAnswer as readOpenAiAnswer } from '../../nodes/formats/openai-chat/answer-in.ts';
import { answerOf } from './formats.ts';
import { endpoint, node } from './gateway.ts';
import type { FlowNode } from './node-red.ts';
import { type ProviderName, providers, streams } from './providers.ts';
import { requestOf } from './requests.ts';
import { scriptedProvider } from './scripted-client.ts';
import { flatten, piecesOf } from './splits.ts';

/** An endpoint's path, and the provider that answers there in the end. */
export const ways: Array<[path: string, provider: ProviderName]> = [...providers.map((name): [string, ProviderName] => [`/${name}`, name]), ['/gateway', 'vllm']];

/** The endpoints of all ways, and one before the echo. */
export function endpoints(): FlowNode[] {
  return [
    ...['echo', ...providers].map((name) => endpoint(name, name)),
    // The first branch fails, the second is a pool of one.
    endpoint('gateway', 'fallback'),
    node('fallback', 'llm-fallback', { branches: [{ name: 'down' }, { name: 'local' }], wires: [[], ['down'], ['pool']] }),
    node('down', 'llm-echo', { tokensPerSecond: 0, faultKind: 'overloaded', faultAfterTokens: 0, retries: 0 }),
    node('pool', 'llm-pool', { members: [{ name: 'a' }], wires: [[], ['vllm']] }),
  ];
}

/** What the provider's stream says. */
export async function recordedAnswer(name: ProviderName, what: 'text' | 'tools'): Promise<Answer> {
  const read = name === 'anthropic' ? readAnthropicAnswer : readOpenAiAnswer;
  const body = piecesOf(Buffer.from(streams[name][what]), []);
  return answerOf(await flatten(read({ headers: {}, body, provider: scriptedProvider, request: requestOf('x') })));
}

/** Of a tool's arguments, and of an answer. */
export const schema = { type: 'object' as const, properties: { city: { type: 'string' as const } }, required: ['city'], additionalProperties: false };

/** The first bytes of an image, in base64. */
export const png = 'iVBORw0KGgo=';

/** The names in a provider's list of tools. */
export function toolNamesIn(tools: unknown): string[] {
  return (tools as Array<{ name?: string; function?: { name: string } }>).map((tool) => tool.function?.name ?? tool.name ?? '');
}

/** The provider was asked for the schema; `called` is the name that it has in OpenAI's format. */
export function assertFormat(name: ProviderName, json: Record<string, unknown>, called: string): void {
  if (name === 'anthropic') assert.deepEqual(json['output_config'], { format: { type: 'json_schema', schema } });
  else assert.deepEqual(json['response_format'], { type: 'json_schema', json_schema: { name: called, strict: true, schema } });
}

/** The provider got a question and the image. */
export function assertImage(name: ProviderName, { messages }: Record<string, unknown>): void {
  const [{ content } = assert.fail()] = messages as Array<{ content: unknown[] }>;
  const image =
    name === 'anthropic'
      ? { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } }
      : { type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } };
  assert.deepEqual(content, [{ type: 'text', text: 'What is this?' }, image]);
}
