/** A local server that ranks passages, as llama.cpp (started with `--rerank`) and vLLM (with a reranker) do. */
import type { NodeAPI } from 'node-red';
import { LlmError } from '../../core/errors.ts';
import { parseJson, readText } from '../../core/http.ts';
import type { ConnectionNode } from '../../runtime/connection.ts';
import { LocalServer } from '../../runtime/local-server.ts';
import { readRerank, type Rerank, rerankBody } from '../retrieval/rerank.ts';

/** `id` is that of the server's config node. */
export function rerankerFor(RED: NodeAPI, id: string, model: string): Rerank {
  return async (question, texts, signal) => {
    const node = RED.nodes.getNode(id) as ConnectionNode | null | undefined;
    const server = node?.connection;
    if (!(server instanceof LocalServer)) throw node?.problem ?? new LlmError('not_found', 'The server for reranking is gone.', { hint: 'Choose another one in the node.' });
    const release = node?.retain();
    try {
      const { body } = await server.http.post('/v1/rerank', rerankBody({ model, question, texts }), { signal });
      return readRerank(parseJson(await readText(body)), texts.length, server.provider);
    } finally {
      release?.();
    }
  };
}
