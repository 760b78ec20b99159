/** The config node that holds documents: a store, and where one is set, the model that gives its vectors. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { LlmError } from '../../core/errors.ts';
import { readChoice } from '../../core/fields.ts';
import { refuseUnset } from '../../core/variables.ts';
import { asProblem, registerTestable, Users } from '../../runtime/connection.ts';
import { registerNode } from '../../runtime/register.ts';
import { Embedder } from '../embedding/embedder.ts';
import type { Store } from '../store/store.ts';
import { EmbeddingSource } from './embedding-source.ts';
import { addressOf, borrowsPassword, type PlaceFields, readPlace } from './place.ts';
import { leaseStore } from './shared-stores.ts';
import { testPlace } from './test-place.ts';

interface KnowledgeConfig extends NodeDef, PlaceFields {
  /** The kind of account or server that embeds: `openai`, `llamacpp` or `vllm`; empty for none. */
  embedWith?: unknown;
  openai?: string;
  llamacpp?: string;
  vllm?: string;
  embeddingModel?: unknown;
  questionPrefix?: unknown;
  passagePrefix?: unknown;
  batchSize?: unknown;
  maxBatchTokens?: unknown;
  concurrency?: unknown;
}

/** What the node gives to those that index and ask. */
export interface Knowledge {
  readonly store: Store;
  /** Absent where passages are found by their words alone. */
  readonly embedder: Embedder | undefined;
}

interface Credentials {
  password?: unknown;
}

export interface KnowledgeNode extends Node<Credentials> {
  readonly knowledge: Knowledge | undefined;
  /** Why there is none. */
  readonly problem: LlmError | undefined;
  /** Keeps the store open while its user drains. Returns the function that lets go. */
  retain(): () => void;
}

export const knowledgeType = 'llm-knowledge';

/** By the values of `embedWith`. */
const connectionTypes = { openai: 'llm-openai-account', llamacpp: 'llm-llamacpp-server', vllm: 'llm-vllm-server' } as const;

export default function register(RED: NodeAPI): void {
  const userDir = () => RED.settings.userDir ?? '.';
  registerTestable(RED, {
    type: knowledgeType,
    secret: 'password',
    open: (fields) => {
      const place = readPlace(fields as PlaceFields, userDir());
      return { place: addressOf(place), borrowsSecret: borrowsPassword(fields as PlaceFields), test: () => testPlace(place), close: () => Promise.resolve() };
    },
  });

  const start = (node: Node<Credentials>, config: KnowledgeConfig): void => {
    const users = new Users();
    Object.assign(node, { retain: () => users.retain() });
    try {
      const { password } = node.credentials ?? {};
      refuseUnset({ ...config, password });
      const embedder = embedderFor(RED, node, config);
      const place = readPlace({ ...config, password }, userDir());
      const lease = leaseStore(place);
      Object.assign(node, { place: addressOf(place), knowledge: { store: lease.store, embedder } });
      node.on('close', (done: () => void) => {
        void users.gone().then(() => lease.release()).then(() => done(), done);
      });
    } catch (error) {
      const problem = asProblem(error);
      Object.assign(node, { problem });
      node.error(problem.message);
    }
  };
  registerNode<KnowledgeConfig, Credentials>(RED, knowledgeType, start, { password: { type: 'password' } });
}

/** @throws RangeError for settings that cannot work */
function embedderFor(RED: NodeAPI, node: Node, config: KnowledgeConfig): Embedder | undefined {
  const kind = readChoice('embedWith', config.embedWith, ['', 'openai', 'llamacpp', 'vllm']);
  if (kind === '') return undefined;
  const id = config[kind];
  if (!id) throw new RangeError('No account or server for embeddings is chosen.');
  const model = String(config.embeddingModel ?? '').trim();
  const source = new EmbeddingSource({ RED, connection: { id, type: connectionTypes[kind] }, model, identity: { id: node.id, name: node.name || knowledgeType, type: knowledgeType } });
  // Vectors of different models must not meet: where a server names none, its kind stands for it.
  return new Embedder({ ...withoutEmpty(config), model: model || kind, embed: (texts, signal) => source.embed(texts, signal) });
}

function withoutEmpty({ questionPrefix, passagePrefix, batchSize, maxBatchTokens, concurrency }: KnowledgeConfig): object {
  return { questionPrefix, passagePrefix, batchSize, maxBatchTokens, concurrency };
}
