/** A local server that ranks passages, as llama.cpp (started with `--rerank`) and vLLM (with a reranker) do. */
import type { NodeAPI } from 'node-red';
import { LlmError } from '../../core/errors.ts';
import { parseJson, readText } from '../../core/http.ts';
import type { ConnectionNode } from '../../runtime/connection.ts';
import { LocalServer } from '../../runtime/local-server.ts';
import { readRerank, type Rerank, rerankBody } from '../retrieval/rerank.ts';

/** How long the server may take. */
const answerWithinMs = 60_000;

/** `id` is that of the server's config node. */
export function rerankerFor(RED: NodeAPI, id: string, model: string): Rerank {
  return async (question, texts, signal) => {
    const node = RED.nodes.getNode(id) as ConnectionNode | null | undefined;
    const server = node?.connection;
    if (!(server instanceof LocalServer)) throw node?.problem ?? new LlmError('not_found', 'The server for reranking is gone.', { hint: 'Choose another one in the node.' });
    const release = node?.retain();
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(tooLate(server)), answerWithinMs);
    try {
      const { body } = await server.http.post('/v1/rerank', rerankBody({ model, question, texts }), { signal: AbortSignal.any([signal, limit.signal]) });
      return readRerank(parseJson(await readText(body)), texts.length, server.provider);
    } finally {
      clearTimeout(timer);
      release?.();
    }
  };
}

function tooLate({ provider }: LocalServer): LlmError {
  return new LlmError('timeout', `${provider.label} has not ranked the passages within ${answerWithinMs / 1000} s.`, {
    provider: provider.id,
    hint: 'Let the node rerank fewer passages, or take a smaller model.',
  });
}
