/** What the rows are run for: each API of each node that may ask a server. */
import type { TestContext } from 'node:test';
import { LlamaCppClient, type LlamaCppOptions } from '../../../nodes/backends/llamacpp/client.ts';
import { LlamaCppServer } from '../../../nodes/backends/llamacpp/server.ts';
import { OpenAiAccount } from '../../../nodes/backends/openai/account.ts';
import { OpenAiClient } from '../../../nodes/backends/openai/client.ts';
import { VllmClient, type VllmOptions } from '../../../nodes/backends/vllm/client.ts';
import { VllmServer } from '../../../nodes/backends/vllm/server.ts';
import type { Backend } from '../../../nodes/core/backend.ts';
import type { ModelClient } from '../../../nodes/core/client.ts';
import { backendOf } from '../../support/requests.ts';
import { gatewaySubject } from './gateway.ts';
import { apiKey } from './server.ts';

export interface Connected {
  readonly client: ModelClient;
  readonly close: () => Promise<void>;
}

export interface Subject {
  /** As the report names it. */
  readonly name: string;
  /** Whether the server puts the prompt into the model's chat template. */
  readonly api: 'chat' | 'text';
  /** The client for a server. `key` stands in for the server's own. */
  readonly connect: (url: string, key?: string) => Connected;
  /** The node with a constraint of its own on what is answered: yes or no. */
  readonly constrain?: (url: string) => Connected;
  /** What stands between the client and the server at this address is started before the first row, and ended after the last. */
  readonly begin?: (url: string) => Promise<void>;
  readonly end?: () => Promise<void>;
  /** In plain words, why a row cannot be met. */
  readonly cannot: Readonly<Record<string, string>>;
}

const owner = { id: 'real', name: '', type: 'llm-real-server', lasting: false };

const noTools = { tools: 'a text API has no tools' };

/** Of llm-openai's two APIs one is enough for the rows that take a slot for each client. */
const noSlotLeft = { 'a server that is killed in the middle of an answer': 'there are four slots, which the others take; llm-openai meets it with its chat API' };

const llamaCppCannot = {
  'an unknown model': 'llama.cpp answers with the model that it has, whatever name is asked for',
  tools: 'llama.cpp: the tiny model calls none; it answers with a text, even where a call is required',
};

export const llamaCppSubjects: readonly Subject[] = [
  llamaCppSubject('chat'),
  llamaCppSubject('completion'),
  openAiSubject('chat', llamaCppCannot),
  openAiSubject('completions', { ...llamaCppCannot, ...noTools, ...noSlotLeft, 'a JSON schema': 'llama.cpp ignores response_format at /v1/completions' }),
  gatewaySubject('llm-llamacpp', llamaCppCannot),
];

export const vllmSubjects: readonly Subject[] = [
  vllmSubject('chat'),
  vllmSubject('completions'),
  openAiSubject('chat', {}),
  openAiSubject('completions', { ...noTools, ...noSlotLeft }),
  gatewaySubject('llm-vllm', {}),
];

/** A backend that tries once; it is closed when the test ends. */
export function backendFor(t: TestContext, { connect }: Pick<Subject, 'connect'>, url: string, key?: string): Backend {
  const { client, close } = connect(url, key);
  t.after(close);
  return backendOf(client);
}

function llamaCppSubject(api: LlamaCppOptions['api']): Subject {
  const open = (url: string, key: string, options: Partial<LlamaCppOptions> = {}) => {
    const connection = new LlamaCppServer({ url, apiKey: key }, owner);
    return { client: new LlamaCppClient(connection.http, { api, cachePrompt: true, ...options }), close: () => connection.close() };
  };
  return {
    name: `llm-llamacpp, ${api}`,
    api: api === 'chat' ? 'chat' : 'text',
    connect: (url, key = apiKey) => open(url, key),
    constrain: (url) => open(url, apiKey, { grammar: 'root ::= "yes" | "no"' }),
    cannot: { ...llamaCppCannot, ...(api === 'completion' && noTools) },
  };
}

function vllmSubject(api: 'chat' | 'completions'): Subject {
  const open = (url: string, key: string, options: Partial<VllmOptions> = {}) => {
    const connection = new VllmServer({ url, apiKey: key }, owner);
    return { client: new VllmClient(connection.http, { api, ...options }), close: () => connection.close() };
  };
  return {
    name: `llm-vllm, ${api}`,
    api: api === 'chat' ? 'chat' : 'text',
    connect: (url, key = apiKey) => open(url, key),
    constrain: (url) => open(url, apiKey, { guidedJson: { enum: ['yes', 'no'] } }),
    cannot: api === 'completions' ? noTools : {},
  };
}

function openAiSubject(api: 'chat' | 'completions', cannot: Subject['cannot']): Subject {
  return {
    name: `llm-openai, ${api}`,
    api: api === 'chat' ? 'chat' : 'text',
    connect: (url, key = apiKey) => {
      const connection = new OpenAiAccount({ baseUrl: `${url}/v1`, apiKey: key });
      return { client: new OpenAiClient(connection, { api, maxTokensField: 'auto' }), close: () => connection.close() };
    },
    cannot: { 'a constraint of the node itself': 'llm-openai has no field for one', ...cannot },
  };
}
