/** Knowledge, index and RAG nodes in Node-RED's own runtime, with a folder for what they keep. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import registerAnthropic from '../../nodes/backends/anthropic/anthropic.ts';
import registerEcho from '../../nodes/backends/echo/echo.ts';
import registerLlamaCpp from '../../nodes/backends/llamacpp/llamacpp.ts';
import registerOpenAi from '../../nodes/backends/openai/openai.ts';
import registerVllm from '../../nodes/backends/vllm/vllm.ts';
import type { ContextPassage } from '../../nodes/core/context.ts';
import type { IndexResult } from '../../nodes/rag/indexing/source.ts';
import registerIndex from '../../nodes/rag/index/index.ts';
import registerKnowledge from '../../nodes/rag/knowledge/knowledge.ts';
import registerRag from '../../nodes/rag/rag/rag.ts';
import { calls } from '../../nodes/runtime/calls.ts';
import registerFallback from '../../nodes/stages/fallback/fallback.ts';
import registerReturn from '../../nodes/stages/return/return.ts';
import { core, Flow, type FlowMessage, type FlowNode, type Register } from './flow.ts';
import { testFolder } from './folder.ts';
import { startServer, type TestServer } from './server.ts';

export const knowledgeTypes: readonly Register[] = [registerKnowledge, registerIndex, registerRag];

const backends = [registerAnthropic, registerEcho, registerLlamaCpp, registerOpenAi, registerVllm];
const types = [...knowledgeTypes, ...backends, registerFallback, registerReturn, core('function/10-function.js')];

export interface KnowledgeSetup {
  credentials?: Record<string, Record<string, string>>;
  /** Of Node-RED, as in its settings file. */
  settings?: object;
  /** Node-RED's user folder, where another flow has been before. */
  userDir?: string;
  register?: readonly Register[];
}

/** Starts a flow. When the test ends, no call may be open. */
export async function startKnowledge(t: TestContext, nodes: FlowNode[], { userDir = testFolder(t).path, settings, register = [], ...options }: KnowledgeSetup = {}): Promise<Flow> {
  const flow = await Flow.start([...types, ...register], nodes, { ...options, settings: { userDir, ...settings } });
  t.after(async () => {
    await flow.end();
    assert.equal(calls.size, 0, 'A call was left open.');
  });
  return flow;
}

export const knowledgeNode: FlowNode = { id: 'knowledge', type: 'llm-knowledge' };

/** An index node: results and failures come out at `indexed`, progress at `progress`. */
export function indexNodes(config: Record<string, unknown> = {}): FlowNode[] {
  return [
    { id: 'index', type: 'llm-index', knowledge: 'knowledge', wires: [['indexed'], ['progress']], ...config },
    { id: 'index-catch', type: 'catch', scope: ['index'], wires: [['indexed']] },
    ...['indexed', 'progress'].map((id) => ({ id, type: 'helper', wires: [] })),
  ];
}

/** A RAG node: what it lets through and failures come out at `asked`, what has no evidence at `none`. */
export function ragNodes(config: Record<string, unknown> = {}): FlowNode[] {
  return [
    { id: 'rag', type: 'llm-rag', knowledge: 'knowledge', wires: [['asked'], ['none']], ...config },
    { id: 'rag-catch', type: 'catch', scope: ['rag'], wires: [['asked']] },
    ...['asked', 'none'].map((id) => ({ id, type: 'helper', wires: [] })),
  ];
}

/** What the index node has done for a message. */
export async function index(flow: Flow, msg: object): Promise<IndexResult> {
  flow.send('index', msg);
  return resultAt(flow);
}

/** What it has done next. */
export async function resultAt(flow: Flow): Promise<IndexResult> {
  const { error, payload } = await flow.next('indexed');
  assert.equal(error, undefined);
  return payload as IndexResult;
}

/** The failure of a message, as a Catch node has it. */
export async function failureAt(flow: Flow, id: 'indexed' | 'asked'): Promise<NonNullable<FlowMessage['error']>> {
  const { error } = await flow.next(id);
  assert.ok(error, 'An answer came where a failure was expected.');
  return error;
}

/** A message that the RAG node has let through. */
export interface AskedMessage extends FlowMessage {
  llm: { context: ContextPassage[]; [name: string]: unknown };
}

/** The message with what was found. */
export async function ask(flow: Flow, msg: object, id: 'asked' | 'none' = 'asked'): Promise<AskedMessage> {
  flow.send('rag', msg);
  const asked = await flow.next(id);
  assert.equal(asked.error, undefined);
  return asked as AskedMessage;
}

/** The titles of what was found. */
export function titlesIn({ llm }: Pick<AskedMessage, 'llm'>): string[] {
  return llm.context.map(({ title }) => title);
}

export const pump = { id: 'pump', title: 'Pump', text: 'The pump of the boiler is opened with a red lever.', metadata: { language: 'en', year: 2025 } };
export const tap = { id: 'tap', title: 'Tap', text: 'The tap in the kitchen is opened with a blue wheel.', metadata: { language: 'en', year: 2026 } };
export const otter = { id: 'otter', title: 'Otter', text: 'Otters sleep on their backs and hold hands.', metadata: { language: 'en', year: 2026 } };

export interface EmbeddingServer extends TestServer {
  /** The texts of each request. */
  readonly batches: string[][];
}

/** Gives vectors as OpenAI's API does: how often each of a few letters stands in a text. `before` may give a status to fail with. */
export async function startEmbeddings(t: TestContext, before: (request: number) => Promise<number | undefined> | number | undefined = () => undefined): Promise<EmbeddingServer> {
  const batches: string[][] = [];
  const server = await startServer(async (exchange) => {
    const { json, path } = exchange.request;
    if (!path.endsWith('/embeddings')) return exchange.json(200, { status: 'ok', data: [] });
    batches.push(json['input'] as string[]);
    const status = await before(batches.length);
    if (status !== undefined) return exchange.json(status, { error: { message: 'It failed.' } });
    const data = (json['input'] as string[]).map((text, at) => ({ object: 'embedding', index: at, embedding: vectorOf(text) }));
    exchange.json(200, { object: 'list', data, model: json['model'] ?? 'loaded', usage: { prompt_tokens: 1, total_tokens: 1 } });
  });
  t.after(() => server.close());
  return Object.assign(server, { batches });
}

function vectorOf(text: string): number[] {
  return Array.from('abdehklnoprstuw', (letter) => text.toLowerCase().split(letter).length - 1);
}
