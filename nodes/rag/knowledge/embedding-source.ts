/** Vectors from one of the palette's accounts and servers, with the limits and retries that backends have. */
import type { NodeAPI } from 'node-red';
import { Backend } from '../../core/backend.ts';
import type { BackendIdentity } from '../../core/completion.ts';
import { LlmError } from '../../core/errors.ts';
import { readLimits } from '../../core/limits.ts';
import { costOf } from '../../core/pricing.ts';
import { readRequest } from '../../core/request.ts';
import { configNode } from '../../runtime/config-node.ts';
import type { Connection, ConnectionNode } from '../../runtime/connection.ts';

export interface EmbeddingSourceOptions {
  readonly RED: NodeAPI;
  /** Of the knowledge node, which the requests are told of on the bus. */
  readonly identity: BackendIdentity;
  /** The account or server: its id, and what type it must be. */
  readonly connection: { readonly id: string; readonly type: string };
  readonly model: string;
}

export class EmbeddingSource {
  readonly #options: EmbeddingSourceOptions;
  #known: { connection: Connection; backend: Backend } | undefined;

  constructor(options: EmbeddingSourceOptions) {
    this.#options = options;
  }

  /** @throws LlmError of the provider, `misconfigured` where the account or server is gone or gives no embeddings */
  async embed(texts: string[], signal: AbortSignal): Promise<number[][]> {
    const { RED, connection: { id, type }, model } = this.#options;
    const noun = type.endsWith('-account') ? 'account for embeddings' : 'server for embeddings';
    const node = configNode(RED, id, { noun, type }) as ConnectionNode & { connection: Connection };
    const release = node.retain();
    try {
      const { embeddings } = await this.#backendFor(node.connection).complete(readRequest(texts, { task: 'embed' }, { model }), { signal });
      return embeddings ?? [];
    } finally {
      release();
    }
  }

  /** Another deploy brings another connection. */
  #backendFor(connection: Connection): Backend {
    if (this.#known?.connection === connection) return this.#known.backend;
    const { embeddings: client, provider, prices } = connection;
    if (!client) throw new LlmError('misconfigured', `${provider.label} offers no embeddings.`, { provider: provider.id, hint: 'Choose another account or server in the knowledge node.' });
    const { identity, model } = this.#options;
    const backend = new Backend({ identity, client, limits: readLimits({}), model, cost: (usage, named) => costOf(usage, named, prices) });
    this.#known = { connection, backend };
    return backend;
  }
}
