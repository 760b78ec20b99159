/** A local server that ranks passages, as llama.cpp (started with `--rerank`) and vLLM (with a reranker) do. */
import type { NodeAPI } from 'node-red';
import { parseJson, readText } from '../../core/answer-bound.ts';
import { LlmError } from '../../core/errors.ts';
import { configNode } from '../../runtime/config-node.ts';
import type { ConnectionNode } from '../../runtime/connection.ts';
import type { LocalServer } from '../../runtime/local-server.ts';
import { readRerank, type Rerank, rerankBody } from '../retrieval/rerank.ts';
import { duration } from '../../core/units.ts';

/** How long the server may take. */
const answerWithinMs = 60_000;

/** `id` is that of the server's config node, `type` what it must be. */
export function rerankerFor(RED: NodeAPI, { id, type, model }: { id: string; type: string; model: string }): Rerank {
  return async (question, texts, signal) => {
    const node = configNode(RED, id, { noun: 'server for reranking', type }) as ConnectionNode & { connection: LocalServer };
    const server = node.connection;
    const release = node.retain();
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(tooLate(server)), answerWithinMs);
    try {
      const { body } = await server.http.post('/v1/rerank', rerankBody({ model, question, texts }), { signal: AbortSignal.any([signal, limit.signal]) });
      return readRerank(parseJson(await readText(body, server.provider)), texts.length, server.provider);
    } finally {
      clearTimeout(timer);
      release();
    }
  };
}

function tooLate({ provider }: LocalServer): LlmError {
  return new LlmError('timeout', `${provider.label} has not ranked the passages within ${duration(answerWithinMs)}.`, {
    provider: provider.id,
    hint: 'Let the node rerank fewer passages, or take a smaller model.',
  });
}
